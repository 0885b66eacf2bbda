import type { ConnectorAdapter } from '../connectors/connector.ts';
import type { ArtifactId, AttachmentRecord } from '../domain/artifact.ts';
import { isAppError } from '../domain/errors.ts';
import { type EventId, kindOf } from '../domain/ids.ts';
import type { Attachment, InboundEvent } from '../domain/inbound-event.ts';
import type { BlobFiles, StagedBlob } from '../lib/blob-files.ts';
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
  readonly store: Pick<Store, 'artifacts' | 'journal'>;
  readonly files: Pick<BlobFiles, 'stage'>;
  readonly fetch: GuardedFetch;
  readonly findAdapter: (kind: string) => ConnectorAdapter | undefined;
  readonly configOf: (id: InboundMessage['address']['connector']) => unknown;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: AttachmentLimits;
}

/** What became of one file. */
type Taken = Pick<AttachmentRecord, 'reason' | 'artifact'>;

/** What there is room for. */
interface Room {
  readonly policy: EgressPolicy;
  /** Bytes. */
  readonly left: number;
  /** There have been as many files as there may be. */
  readonly isOver: boolean;
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
  async take(leased: LeasedEvent, signal: AbortSignal): Promise<InboundEvent> {
    const { event, eventId } = leased;
    if (event.type !== 'message.created' || event.attachments.length === 0) return event;
    const policy = this.#policyOf(event);
    if (!policy) return event;
    const known = await this.#known(eventId);
    let left = this.#deps.limits.totalBytesMax;
    const attachments: Attachment[] = [];
    for (const [index, attachment] of event.attachments.entries()) {
      signal.throwIfAborted();
      const earlier = known.get(attachment.id);
      const isOver = index >= this.#deps.limits.countMax;
      const record =
        earlier?.artifact === undefined && !(isOver && earlier)
          ? await this.#takeOne(leased, attachment, { policy, left, isOver }, signal)
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
    { eventId: event, source }: LeasedEvent,
    attachment: Attachment,
    room: Room,
    signal: AbortSignal,
  ): Promise<AttachmentRecord> {
    const { store, clock, log } = this.#deps;
    const taken = room.isOver
      ? ({ reason: 'attachment_too_many' } as const)
      : await this.#fetch(attachment, room, signal);
    const at = clock.now();
    const { reason, artifact } = taken;
    const record = { event, attachment: attachment.id, ...taken, at };
    const data = { attachment: attachment.id, code: reason, artifact, bytes: attachment.sizeBytes };
    log.info('attachment.taken', { inbox_id: event, connector_id: source, ...data });
    try {
      await store.artifacts.putAttachment(record);
      await store.journal.append([
        { at, kind: 'attachment.taken', level: 'info', source, subject: event, data },
      ]);
    } catch (error) {
      log.warn('attachment.not_noted', { inbox_id: event, error });
    }
    return record;
  }

  async #fetch(
    { url, sizeBytes = 0 }: Attachment,
    { policy, left }: Room,
    signal: AbortSignal,
  ): Promise<Taken> {
    const { fetch, files, limits, log } = this.#deps;
    const bytesMax = Math.min(limits.bytesMax, left);
    if (url === undefined) return { reason: 'attachment_unavailable' };
    if (sizeBytes > bytesMax) return { reason: 'attachment_too_large' };
    try {
      const { timeoutMs } = limits;
      const response = await fetch({
        ...{ url, method: 'GET', policy, signal, timeoutMs, responseBytesMax: bytesMax, redirectsMax: 0 },
      });
      if (response.status !== 200) {
        response.discard();
        return { reason: 'attachment_unavailable' };
      }
      const staged = await files.stage(response.body, bytesMax);
      try {
        return await this.#keep(staged);
      } finally {
        await staged.discard();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'too_large')) return { reason: 'attachment_too_large' };
      log.warn('attachment.failed', { error });
      return { reason: 'attachment_unavailable' };
    }
  }

  /** The row first, with its room: a row without a file is mended by the next one, a file without a row by nobody. */
  async #keep(staged: StagedBlob): Promise<Taken> {
    const { store, clock, limits } = this.#deps;
    const contentType = await sniffType(staged.head);
    if (contentType === undefined || !limits.types.includes(contentType))
      return { reason: 'attachment_type_refused' };
    const artifact = staged.id as ArtifactId;
    const at = clock.now();
    const record = { id: artifact, contentType, bytes: staged.bytes, createdAt: at, usedAt: at };
    if (!(await store.artifacts.putArtifact(record, limits.storeBytesMax)))
      return { reason: 'attachment_over_quota' };
    await staged.keep();
    return { reason: 'attachment_stored', artifact };
  }

  async #describe(attachment: Attachment, record: AttachmentRecord | undefined): Promise<Attachment> {
    if (record?.artifact === undefined) return attachment;
    const artifact = await this.#deps.store.artifacts.getArtifact(record.artifact).catch(() => undefined);
    if (!artifact) return attachment;
    const { id, contentType, bytes: sizeBytes } = artifact;
    return { ...attachment, artifact: { id, contentType, sizeBytes } };
  }
}
