import { createHash } from 'node:crypto';
import type { ConnectorHost } from '../../connector.ts';
import { readMessage } from '../api-read-message.ts';
import type { Snowflake } from '../api-types.ts';
import type { GatewayDispatch, ResumePoint } from '../gateway/contract.ts';
import type { Directory } from '../inbound/directory.ts';
import type { Inbound, InboundContext } from '../inbound/inbound-context.ts';
import type { InteractionTicket } from '../inbound/interaction-ticket.ts';
import { toEvents } from '../inbound/to-events.ts';
import type { Rest } from '../rest/rest.ts';
import { fieldsOf, idOf } from '../untrusted.ts';
import type { Places } from './places.ts';
import { noteOf, type Tickets } from './tickets.ts';

export interface ReceiverDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock' | 'log'>;
  readonly rest: Pick<Rest, 'forgetRefusals'>;
  readonly directory: Directory;
  readonly places: Places;
  readonly tickets: Tickets;
  readonly identity: Pick<InboundContext, 'connectorId' | 'selfId' | 'applicationId'>;
  /** The cursor that says that shard `name` has come to `point`. */
  readonly cursorAt: (name: string, point: ResumePoint) => string;
  /** The choices for a command that is being typed; from the catalogue, so that no agent is asked for each key. */
  readonly completes: (inbound: Inbound) => boolean;
  /** One of our own messages has come back, with the nonce under which it was sent. */
  readonly onOwnMessage: (nonce: string, message: Snowflake) => void;
  readonly signal: AbortSignal;
}

/** Events that mean nothing to us are counted by name; there are only so many names. */
const namesMax = 200;

/** Takes what the gateway dispatches to the inbox, in order, and acknowledges those who wait. */
export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #unknown = new Map<string, number>();

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
  }

  /** How often events came that mean nothing to us, by their names. */
  get unknown(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#unknown);
  }

  /** Resolves when the batch is committed, and with it that the shard has come so far. */
  async take(shard: string, batch: readonly GatewayDispatch[], point: ResumePoint): Promise<void> {
    const { host, places, signal } = this.#deps;
    const isSlow = batch.some((dispatch) => places.isMissing(dispatch));
    // Somebody waits for a sign within three seconds, and must not wait for what has to be asked first.
    if (isSlow) for (const dispatch of batch) await this.#takeAhead(dispatch, point);
    const inbounds: Inbound[] = [];
    for (const dispatch of batch) {
      this.#learn(dispatch);
      await places.learn(dispatch, signal);
      inbounds.push(this.#read(dispatch, point));
    }
    const kept = inbounds.filter((inbound) => !this.#deps.completes(inbound));
    const events = kept.flatMap((inbound) => inbound.kept);
    const notes = kept.flatMap(({ interaction }) => (interaction ? [noteOf(interaction)] : []));
    await host.accept(events, this.#deps.cursorAt(shard, point), notes);
    // Also one that was accepted before: the daemon may have died before it could say so.
    this.#acknowledge(kept.flatMap(({ interaction }) => interaction ?? []));
  }

  /** Accepted and acknowledged now; the whole batch finds it there already. */
  async #takeAhead(dispatch: GatewayDispatch, point: ResumePoint): Promise<void> {
    if (dispatch.type !== 'INTERACTION_CREATE') return;
    const inbound = toEvents(dispatch, this.#context(dispatch, point));
    if (!inbound.interaction || this.#deps.completes(inbound)) return;
    await this.#deps.host.accept(inbound.kept, undefined, [noteOf(inbound.interaction)]);
    this.#acknowledge([inbound.interaction]);
  }

  #acknowledge(tickets: readonly InteractionTicket[]): void {
    const { tickets: book, signal, host } = this.#deps;
    for (const ticket of tickets)
      book
        .acknowledge(ticket, signal)
        .catch((error: unknown) =>
          host.log.warn('interaction.not_acknowledged', { kind: ticket.kind, error }),
        );
  }

  #learn(dispatch: GatewayDispatch): void {
    const { directory, rest, identity, onOwnMessage } = this.#deps;
    directory.apply(dispatch);
    if (dispatch.type === 'MESSAGE_CREATE') {
      const message = readMessage(dispatch.data);
      if (message?.nonce !== undefined && message.author?.id === identity.selfId)
        onOwnMessage(message.nonce, message.id);
    }
    if (!changesPermissions.has(dispatch.type)) return;
    const fields = fieldsOf(dispatch.data);
    rest.forgetRefusals(dispatch.type.startsWith('CHANNEL_') ? idOf(fields?.id) : undefined);
  }

  #read(dispatch: GatewayDispatch, point: ResumePoint): Inbound {
    const inbound = toEvents(dispatch, this.#context(dispatch, point));
    const { unknown } = inbound;
    if (unknown !== undefined && (this.#unknown.has(unknown) || this.#unknown.size < namesMax))
      this.#unknown.set(unknown, (this.#unknown.get(unknown) ?? 0) + 1);
    return inbound;
  }

  #context({ seq }: GatewayDispatch, { sessionId }: ResumePoint): InboundContext {
    const { identity, directory, host } = this.#deps;
    // The session's id gives access to it, so it does not go into the inbox as it is.
    const session = createHash('sha256').update(sessionId).digest('hex').slice(0, 16);
    return contextOf(identity, directory, `${session}:${seq}`, host.clock.now());
  }
}

export function contextOf(
  identity: ReceiverDeps['identity'],
  directory: Directory,
  dispatchKey: string,
  now: number,
): InboundContext {
  return {
    ...identity,
    channel: (id) => directory.channel(id),
    selfRoles: (guild) => directory.selfRoles(guild),
    dispatchKey,
    now,
  };
}

/** After these, what was forbidden may be allowed. */
const changesPermissions: ReadonlySet<string> = new Set([
  'GUILD_CREATE',
  'GUILD_ROLE_CREATE',
  'GUILD_ROLE_UPDATE',
  'GUILD_ROLE_DELETE',
  'GUILD_MEMBER_UPDATE',
  'CHANNEL_CREATE',
  'CHANNEL_UPDATE',
  'THREAD_UPDATE',
]);
