import { createHash } from 'node:crypto';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { AcceptedEvent, ConnectorHost, NewNote } from '../../connector.ts';
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
import type { PutOff } from './put-off.ts';
import type { ReadBack } from './read-back.ts';
import { noteOf, type Tickets } from './tickets.ts';

export interface ReceiverDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'accept' | 'clock' | 'log'>;
  readonly rest: Pick<Rest, 'forgetRefusals'>;
  readonly directory: Directory;
  readonly places: Places;
  readonly readBack: Pick<ReadBack, 'isBehind' | 'readBefore'>;
  readonly putOff: Pick<PutOff, 'take'>;
  readonly tickets: Tickets;
  readonly identity: Pick<InboundContext, 'connectorId' | 'selfId' | 'applicationId'>;
  /** The choices for a command that is being typed; from the catalogue, so that no agent is asked for each key. */
  readonly completes: (inbound: Inbound) => boolean;
  /** One of our own messages has come back, with the nonce under which it was sent. */
  readonly onOwnMessage: (nonce: string, message: Snowflake) => void;
  readonly signal: AbortSignal;
}

/** Events that mean nothing to us are counted by name; there are only so many names. */
const namesMax = 200;
/** More than can wait in a full queue. */
const aheadMax = 1_000;

/** Takes what the gateway dispatches to the inbox, in order, and acknowledges those who wait. */
export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #unknown = new Map<string, number>();
  /** Interactions that did not wait for their batch, by handle. */
  readonly #ahead = new RecentMap<string, Promise<void>>(aheadMax);
  /** Those that were answered from the catalogue: a batch may be taken more than once. */
  readonly #completed = new RecentMap<string, true>(aheadMax);

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
  }

  /** How often events came that mean nothing to us, by their names. */
  get unknown(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#unknown);
  }

  /**
   * Resolves when the batch is committed, and with it the cursor that says so, where there is one: it is asked for
   * when nothing is waited for any more, since much may have happened elsewhere until then.
   */
  async take(
    batch: readonly GatewayDispatch[],
    point: ResumePoint,
    cursor?: () => string,
  ): Promise<readonly AcceptedEvent[]> {
    const { host, places, readBack, putOff, signal } = this.#deps;
    const isSlow = batch.some((dispatch) => places.isMissing(dispatch) || readBack.isBehind(dispatch));
    if (isSlow) for (const dispatch of batch) await this.takeAhead(dispatch, point.sessionId);
    const inbounds: Inbound[] = [];
    for (const dispatch of batch) {
      this.#learn(dispatch);
      // For a sign that somebody waits for, what it tells of its place itself has to do.
      if (!(await places.learn(dispatch, signal)) && dispatch.type !== 'INTERACTION_CREATE') {
        await putOff.take(dispatch);
        continue;
      }
      await readBack.readBefore(dispatch);
      inbounds.push(this.#read(dispatch, point.sessionId));
    }
    const kept: Inbound[] = [];
    for (const inbound of inbounds)
      if (!(await this.#isAhead(inbound)) && !this.#isCompleted(inbound)) kept.push(inbound);
    const events = kept.flatMap((inbound) => inbound.kept);
    const tickets = kept.flatMap(({ interaction }) => interaction ?? []);
    const notes = await this.#notesOf(tickets);
    const accepted = await host.accept(events, cursor?.(), notes);
    // Also one that was accepted before: the daemon may have died before it could say so.
    this.#acknowledge(tickets);
    return accepted;
  }

  /**
   * Accepts and acknowledges an interaction now, and not with its batch: somebody waits for a sign within three
   * seconds, and must not wait for what else is in the queue. Anything else waits. Rejects as `accept` does.
   */
  async takeAhead(dispatch: GatewayDispatch, sessionId: string): Promise<void> {
    if (dispatch.type !== 'INTERACTION_CREATE') return;
    const { interaction, kept } = toEvents(dispatch, this.#context(dispatch, sessionId));
    if (!interaction || interaction.kind === 'autocomplete') return;
    const { handle } = interaction;
    const taken = this.#ahead.get(handle) ?? this.#acceptAhead(interaction, kept);
    this.#ahead.set(handle, taken);
    try {
      await taken;
    } catch (error) {
      this.#ahead.delete(handle);
      throw error;
    }
  }

  async #acceptAhead(interaction: InteractionTicket, kept: Inbound['kept']): Promise<void> {
    await this.#deps.host.accept(kept, undefined, await this.#notesOf([interaction]));
    this.#acknowledge([interaction]);
  }

  /** One that could not be accepted ahead is not. */
  async #isAhead({ interaction }: Inbound): Promise<boolean> {
    const taken = interaction && this.#ahead.get(interaction.handle);
    return (
      taken?.then(
        () => true,
        () => false,
      ) ?? false
    );
  }

  #isCompleted(inbound: Inbound): boolean {
    const handle = inbound.interaction?.handle;
    if (handle !== undefined && this.#completed.get(handle)) return true;
    const isCompleted = this.#deps.completes(inbound);
    if (isCompleted && handle !== undefined) this.#completed.set(handle, true);
    return isCompleted;
  }

  /** Without those that are known: who has answered one already is noted there. */
  async #notesOf(tickets: readonly InteractionTicket[]): Promise<readonly NewNote[]> {
    const notes: NewNote[] = [];
    for (const ticket of tickets)
      if ((await this.#deps.tickets.find(ticket.handle)) === undefined) notes.push(noteOf(ticket));
    return notes;
  }

  #acknowledge(tickets: readonly InteractionTicket[]): void {
    const { tickets: book, host } = this.#deps;
    for (const ticket of tickets)
      book
        .acknowledge(ticket)
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

  #read(dispatch: GatewayDispatch, sessionId: string): Inbound {
    const inbound = toEvents(dispatch, this.#context(dispatch, sessionId));
    const { unknown } = inbound;
    if (unknown !== undefined && (this.#unknown.has(unknown) || this.#unknown.size < namesMax))
      this.#unknown.set(unknown, (this.#unknown.get(unknown) ?? 0) + 1);
    return inbound;
  }

  #context({ seq }: GatewayDispatch, sessionId: string): InboundContext {
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
