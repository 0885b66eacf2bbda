import { createHash } from 'node:crypto';
import type { Capability, ConnectorSession } from '../../connectors/connector.ts';
import type {
  MessagePage,
  MessageView,
  ReadAnswer,
  ReadRequest,
  SearchRequest,
} from '../../connectors/operations.ts';
import type { AdapterRegistry } from '../../connectors/registry.ts';
import type { Approval, ApprovalId } from '../../domain/approval.ts';
import { AppError } from '../../domain/errors.ts';
import { type ConnectorId, kindOf, type MessageId, type NextId, parseConnectorId } from '../../domain/ids.ts';
import type { OutboundOperation } from '../../domain/outbound.ts';
import { type Clock, deadline, rejectOnAbort } from '../../lib/clock.ts';
import type { PartRecord } from '../../store/outbox-store.ts';
import type { Store } from '../../store/store.ts';
import { inConnectorScope } from '../connector-scope.ts';
import type { ConnectorSupervisor } from '../connector-supervisor.ts';
import { type Governance, judgeMutation, type MutationOp } from '../governance.ts';
import type { Messages } from './messages.ts';
import { readFailure } from './read-failure.ts';

export interface OperationsDeps {
  readonly store: Pick<Store, 'connectors' | 'access'>;
  readonly supervisor: Pick<ConnectorSupervisor, 'session'>;
  readonly adapters: AdapterRegistry;
  readonly messages: Messages;
  readonly clock: Clock;
  readonly nextId: NextId;
}

export interface MutationRequest {
  readonly connector: string;
  readonly conversation: string;
  readonly thread?: string;
  readonly message: string;
  readonly operation: Extract<OutboundOperation, { op: MutationOp }>;
  /** Shown to whoever decides, and kept in the audit. */
  readonly reason?: string;
  readonly approval?: string;
  /** Says what would happen, and does nothing. */
  readonly preview: boolean;
  readonly principal: string;
}

export type MutationAnswer = {
  readonly governance: Governance;
  readonly capability: Capability;
  /** The message as it is now; absent where the platform cannot be read. */
  readonly before?: MessageView;
} & (
  | { readonly state: 'previewed' }
  | { readonly state: 'approval_required'; readonly approval: Approval }
  /** It is on disk, and on its way. */
  | { readonly state: 'accepted'; readonly message: MessageId; readonly parts: readonly PartRecord[] }
);

const approvalMs = 15 * 60_000;
const callMs = 20_000;

/** What an operator does to messages that are there: reads them as they are, and changes them under governance. */
export class Operations {
  readonly #deps: OperationsDeps;

  constructor(deps: OperationsDeps) {
    this.#deps = deps;
  }

  async read(connector: string, request: ReadRequest): Promise<MessagePage> {
    const { id, session } = await this.#open(connector, 'read');
    const read = session.read?.bind(session);
    if (!read) throw cannot(id, 'read messages');
    const canonical = this.#canonical(id, request);
    return this.#ask(id, (signal) => read(canonical, signal));
  }

  async search(connector: string, request: SearchRequest): Promise<MessagePage> {
    const { id, session } = await this.#open(connector, 'search');
    const search = session.search?.bind(session);
    if (!search) throw cannot(id, 'search messages');
    const { author } = request;
    const adapter = this.#deps.adapters.get(kindOf(id));
    const canonical = {
      ...this.#canonical(id, request),
      ...(author === undefined ? {} : { author: adapter.canonicalIdentity('user', author) }),
    };
    return this.#ask(id, (signal) => search(canonical, signal));
  }

  /**
   * Looks at the message first, judges the change, and enqueues it when nobody has to approve it, or somebody
   * has: an approval is used up in the same commit. Platforms let a bot edit only what it has written itself, so
   * nobody is asked to approve anything else. @throws AppError `not_found`, `unsupported`; `conflict` or
   * `forbidden` for the approval.
   */
  async mutate(request: MutationRequest): Promise<MutationAnswer> {
    const { op } = request.operation;
    const { id, session, capability } = await this.#open(request.connector, op);
    const place = this.#canonical(id, request);
    const before = await this.#look(id, session, place);
    if (op === 'edit' && before && !before.sender.isSelf)
      throw new AppError('unsupported', `${id} can edit only its own messages, and this is somebody else's.`);
    const governance = judgeMutation({
      op,
      connector: id,
      approval: capability.approval,
      message: before && {
        ageMs: this.#deps.clock.now() - before.createdAt,
        isOwn: before.sender.isSelf,
        direct: before.direct,
      },
    });
    const judged = { governance, capability, ...(before === undefined ? {} : { before }) };
    if (request.preview) return { state: 'previewed', ...judged };
    const contentHash = hashOf(id, place, before);
    if (request.approval === undefined && governance.needsApproval) {
      const approval = await this.#requestApproval(id, place, before, governance, contentHash);
      return { state: 'approval_required', approval, ...judged };
    }
    const { conversation, thread, message: target, operation, principal } = place;
    const approval = place.approval as ApprovalId | undefined;
    const { message, parts } = await this.#deps.messages.send({
      ...{ connector: id, conversation, thread, message: target, operation, principal },
      idempotencyKey: approval ?? this.#deps.nextId('key'),
      ...(approval === undefined ? {} : { approval: { id: approval, contentHash, principal } }),
    });
    return { state: 'accepted', message, parts, ...judged };
  }

  /** The live session of a connector that claims to be able to do `operation`. */
  async #open(
    connector: string,
    operation: MutationOp | 'read' | 'search',
  ): Promise<{ id: ConnectorId; session: ConnectorSession; capability: Capability }> {
    const { store, adapters, supervisor } = this.#deps;
    const id = parseConnectorId(connector);
    if (!(await store.connectors.getConnector(id)))
      throw new AppError('not_found', `There is no connector ${id}. See: palyra channels list.`);
    const capability = adapters.get(kindOf(id)).capabilities.operations[operation];
    if (!capability.supported)
      throw new AppError('unsupported', `${id}: ${capability.reason ?? 'not possible'}`);
    const session = supervisor.session(id);
    if (!session)
      throw new AppError('unavailable', `${id} has no live session. See: palyra channels status ${id}.`);
    return { id, session, capability };
  }

  /** Places and messages as the adapter writes them, whatever the operator pasted. */
  #canonical<Place extends PlacedRequest>(id: ConnectorId, place: Place): Place {
    const adapter = this.#deps.adapters.get(kindOf(id));
    const messages = messageFields.flatMap((field) => {
      const pasted = place[field];
      if (pasted === undefined) return [];
      const message = adapter.parseLink ? adapter.parseLink(pasted)?.message : pasted;
      if (message === undefined)
        throw new AppError('invalid_request', `That is no message of ${adapter.title}: give its id or link.`);
      return [[field, message] as const];
    });
    return {
      ...place,
      ...Object.fromEntries(messages),
      conversation: adapter.canonicalIdentity('conversation', place.conversation),
      ...(place.thread === undefined ? {} : { thread: adapter.canonicalIdentity('thread', place.thread) }),
    };
  }

  async #look(
    id: ConnectorId,
    session: ConnectorSession,
    { conversation, thread, message }: MutationRequest,
  ): Promise<MessageView | undefined> {
    const read = session.read?.bind(session);
    if (!read) return undefined;
    const one = { conversation, message, limit: 1, ...(thread === undefined ? {} : { thread }) };
    const page = await this.#ask(id, (signal) => read(one, signal));
    const [found] = page.messages;
    if (!found) throw new AppError('not_found', 'There is no such message on the platform.');
    return found;
  }

  async #ask<Value>(
    id: ConnectorId,
    ask: (signal: AbortSignal) => Promise<ReadAnswer<Value>>,
  ): Promise<Value> {
    const timeout = deadline(
      this.#deps.clock,
      callMs,
      () => new AppError('timeout', 'The platform did not answer in time.'),
    );
    try {
      const answer = await rejectOnAbort(
        inConnectorScope(id, () => ask(timeout.signal)),
        timeout.signal,
      );
      if (answer.kind === 'found') return answer.value;
      throw readFailure(answer);
    } finally {
      timeout.clear();
    }
  }

  #requestApproval(
    id: ConnectorId,
    place: MutationRequest,
    before: MessageView | undefined,
    { risk, because }: Governance,
    contentHash: string,
  ): Promise<Approval> {
    const { store, clock, nextId } = this.#deps;
    const { operation, conversation, thread, message, reason, principal } = place;
    const now = clock.now();
    return store.access.requestApproval({
      id: nextId<ApprovalId>('apr'),
      kind: 'message',
      subject: `message:${id}:${operation.op}:${conversation}:${thread ?? ''}:${message}`,
      connector: id,
      requester: principal,
      risk,
      contentHash,
      request: { conversation, thread, message, operation, reason, because, before: before?.text },
      state: 'pending',
      createdAt: now,
      expiresAt: now + approvalMs,
    });
  }
}

/** Where a request names messages. */
const messageFields = ['message', 'before', 'after', 'around'] as const;

type PlacedRequest = Readonly<
  { conversation: string; thread?: string } & Partial<Record<(typeof messageFields)[number], string>>
>;

/** Of everything that whoever decides has seen: a message that was edited meanwhile is another one. */
function hashOf(id: ConnectorId, place: MutationRequest, before: MessageView | undefined): string {
  const { conversation, thread, message, operation } = place;
  const seen = before && { text: before.text, editedAt: before.editedAt, sender: before.sender.id };
  return createHash('sha256')
    .update(JSON.stringify([id, conversation, thread, message, operation, seen]))
    .digest('hex');
}

function cannot(id: ConnectorId, what: string): AppError {
  return new AppError('unsupported', `A ${kindOf(id)} connector cannot ${what}.`);
}
