import type { ConnectorAdapter } from '../connectors/connector.ts';
import type { ArtifactId, AttachmentRecord } from '../domain/artifact.ts';
import { isAppError } from '../domain/errors.ts';
import { type EventId, kindOf } from '../domain/ids.ts';
import type { Attachment, InboundEvent } from '../domain/inbound-event.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { BlobFiles } from '../lib/blob-files.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { EgressPolicy } from '../lib/net-guard.ts';
import { sniffType } from '../lib/sniff-type.ts';
import type { LeasedEvent } from '../store/inbox-store.ts';
import type { Store } from '../store/store.ts';

export interface AttachmentLimits {
  readonly bytesMax: number;
  readonly countMax: number;
  readonly totalBytesMax: number;
  readonly types: readonly string[];
  readonly timeoutMs: number;
  readonly storeBytesMax: number;
}

export interface AttachmentsDeps {
  readonly store: Pick<Store, 'artifacts'>;
  readonly files: BlobFiles;
  readonly fetch: GuardedFetch;
  readonly findAdapter: (kind: string) => ConnectorAdapter | undefined;
  readonly configOf: (id: InboundMessage['address']['connector']) => unknown;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: AttachmentLimits;
}

type InboundMessage = Extract<InboundEvent, { readonly attachments: readonly Attachment[] }>;

/**
 * Takes the files that come with messages, where the operator has asked for it: each by its public address,
 * without a credential, into a store where the same bytes are kept once. A file that cannot be taken is no
 * reason not to answer: it is noted why.
 */
export class Attachments {
  readonly #deps: AttachmentsDeps;

  constructor(deps: AttachmentsDeps) {
    this.#deps = deps;
  }

  /** The event with what was taken. Never throws but when `signal` aborts. */
  async take({ event, eventId }: LeasedEvent, signal: AbortSignal): Promise<InboundEvent> {
    if (event.type !== 'message.created' || event.attachments.length === 0) return event;
    const policy = this.#policyOf(event);
    if (!policy) return event;
    const known = await this.#known(eventId);
    let left = this.#deps.limits.totalBytesMax;
    const attachments: Attachment[] = [];
    for (const [index, attachment] of event.attachments.entries()) {
      signal.throwIfAborted();
      const earlier = known.get(attachment.id);
      const record =
        earlier?.artifact === undefined && index < this.#deps.limits.countMax
          ? await this.#takeOne(eventId, attachment, policy, left, signal)
          : earlier;
      const taken = await this.#describe(attachment, record);
      left -= taken.artifact?.sizeBytes ?? 0;
      attachments.push(taken);
    }
    return { ...event, attachments };
  }

  #policyOf({ address }: InboundMessage): EgressPolicy | undefined {
    const adapter = this.#deps.findAdapter(kindOf(address.connector));
    const config = this.#deps.configOf(address.connector);
    return config === undefined ? undefined : adapter?.mediaPolicy?.(config);
  }

  async #known(event: EventId): Promise<ReadonlyMap<string, AttachmentRecord>> {
    const records = await this.#deps.store.artifacts.listAttachments(event).catch(() => []);
    return new Map(records.map((record) => [record.attachment, record]));
  }

  async #takeOne(
    event: EventId,
    attachment: Attachment,
    policy: EgressPolicy,
    left: number,
    signal: AbortSignal,
  ): Promise<AttachmentRecord> {
    const { store, clock, log } = this.#deps;
    const taken = await this.#fetch(attachment, policy, left, signal);
    const at = clock.now();
    const record: AttachmentRecord =
      'artifact' in taken
        ? { event, attachment: attachment.id, artifact: taken.artifact.id, reason: 'attachment_stored', at }
        : { event, attachment: attachment.id, reason: taken.refused, at };
    log.info('attachment.taken', { inbox_id: event, code: record.reason, bytes: attachment.sizeBytes });
    try {
      if ('artifact' in taken)
        await store.artifacts.putArtifact({ ...taken.artifact, createdAt: at, usedAt: at });
      await store.artifacts.putAttachment(record);
    } catch (error) {
      log.warn('attachment.not_noted', { inbox_id: event, error });
    }
    return record;
  }

  async #fetch(
    { url, sizeBytes = 0 }: Attachment,
    policy: EgressPolicy,
    left: number,
    signal: AbortSignal,
  ): Promise<{ artifact: { id: ArtifactId; contentType: string; bytes: number } } | { refused: ReasonCode }> {
    const { fetch, files, limits, store } = this.#deps;
    const bytesMax = Math.min(limits.bytesMax, left);
    if (url === undefined) return { refused: 'attachment_unavailable' };
    if (sizeBytes > bytesMax) return { refused: 'attachment_too_large' };
    try {
      if ((await store.artifacts.getArtifactBytes()) + sizeBytes > limits.storeBytesMax)
        return { refused: 'attachment_over_quota' };
      const { timeoutMs } = limits;
      const response = await fetch({
        ...{ url, method: 'GET', policy, signal, timeoutMs, responseBytesMax: bytesMax, redirectsMax: 0 },
      });
      if (response.status !== 200) {
        response.discard();
        return { refused: 'attachment_unavailable' };
      }
      const { id, bytes, head } = await files.write(response.body, bytesMax);
      const contentType = await sniffType(head);
      if (contentType === undefined || !limits.types.includes(contentType)) {
        // The same bytes may be there under an earlier rule, and then somebody still needs them.
        if (!(await store.artifacts.getArtifact(id as ArtifactId))) await files.remove(id);
        return { refused: 'attachment_type_refused' };
      }
      return { artifact: { id: id as ArtifactId, contentType, bytes } };
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'too_large')) return { refused: 'attachment_too_large' };
      this.#deps.log.warn('attachment.failed', { error });
      return { refused: 'attachment_unavailable' };
    }
  }

  async #describe(attachment: Attachment, record: AttachmentRecord | undefined): Promise<Attachment> {
    if (record?.artifact === undefined) return attachment;
    const artifact = await this.#deps.store.artifacts.getArtifact(record.artifact).catch(() => undefined);
    if (!artifact) return attachment;
    const { id, contentType, bytes: sizeBytes } = artifact;
    return { ...attachment, artifact: { id, contentType, sizeBytes } };
  }
}
