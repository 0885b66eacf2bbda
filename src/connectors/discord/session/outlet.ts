import { isAppError } from '../../../domain/errors.ts';
import type { OutboundPart, UncertainPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../../domain/outcome.ts';
import type { Address } from '../../../domain/address.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { ReadAnswer } from '../../operations.ts';
import { channelTypes } from '../api-constants.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { Directory } from '../inbound/directory.ts';
import type { OutboundDeps } from '../outbound/deps.ts';
import { reviseMessage, showTyping } from '../outbound/live.ts';
import { OutboundMemory } from '../outbound/memory.ts';
import { fetchChannel, findChannel, knownType } from '../outbound/place.ts';
import { type Rendered, renderMessage, type RenderOptions } from '../outbound/render.ts';
import { toEdit } from '../outbound/requests.ts';
import { resolveUnknown } from '../outbound/resolve-unknown.ts';
import { sendPart } from '../outbound/send.ts';
import type { Rest } from '../rest/rest.ts';
import { Answers } from './answers.ts';
import { Reader, type ReadPlace } from './reader.ts';
import type { Tickets } from './tickets.ts';

export interface OutletDeps {
  readonly host: ConnectorHost<DiscordConfig>;
  readonly rest: Pick<Rest, 'call'>;
  readonly directory: Directory;
  readonly tickets: Tickets;
  readonly selfId: Snowflake;
}

/** Everything that goes out in a session, or is asked of the platform for somebody. */
export class Outlet {
  readonly reader: Reader;
  readonly #deps: OutboundDeps;
  readonly #answers: Answers;
  readonly #connectorId: Address['connector'];
  readonly #config: DiscordConfig;
  readonly #directory: Directory;

  constructor({ host, rest, directory, tickets, selfId }: OutletDeps) {
    const { config } = host;
    this.#connectorId = host.connectorId;
    this.#config = config;
    this.#directory = directory;
    this.#deps = {
      rest,
      selfId,
      mentions: config.mentions,
      channelTypeOf: (channel) => directory.channel(channel)?.type,
      isSent: (message) => host.isSent(message),
      firstSentOf: (message) => host.firstSentOf(message),
      memory: new OutboundMemory(),
    };
    this.#answers = new Answers({
      ...{ rest, tickets, clock: host.clock },
      bodyOf: (part) => bodyOf(part, config),
    });
    this.reader = new Reader({
      connectorId: host.connectorId,
      selfId,
      rest,
      findPlace: (place, signal) => this.#findPlace(place, signal),
    });
  }

  /** Our own message has come back: under this nonce it is on the platform. */
  noteOwn(nonce: string, message: Snowflake): void {
    this.#deps.memory.noteMessage(nonce, message);
  }

  async send(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome> {
    const answered = await this.#answers.send(part, signal);
    if (answered) return answered;
    const outcome = await sendPart(part, this.#deps, signal);
    const isOfPlace = outcome.kind === 'rejected' && outcome.scope === 'lane';
    return (isOfPlace ? await this.#answers.followUp(part, signal) : undefined) ?? outcome;
  }

  async resolveUnknown(part: UncertainPart, signal: AbortSignal): Promise<ResolvedUnknown> {
    if (await this.#answers.isRepeatable(part)) return { kind: 'repeatable' };
    return resolveUnknown(part, this.#deps, signal);
  }

  async typing(address: Address, signal: AbortSignal): Promise<void> {
    if (this.#config.typing) await showTyping(address, this.#deps, signal);
  }

  revise(address: Address, text: string, signal: AbortSignal): Promise<void> {
    return reviseMessage(address, text, this.#deps, signal);
  }

  /** A channel of which nothing is known is asked for: what is not known to be direct must not be taken for it. */
  async #findPlace(
    place: { readonly conversation: string; readonly thread?: string },
    signal: AbortSignal,
  ): Promise<ReadAnswer<ReadPlace>> {
    const { conversation, thread } = place;
    const address = {
      connector: this.#connectorId,
      conversation,
      ...(thread === undefined ? {} : { thread }),
    };
    const found = await findChannel(address, this.#deps, 'interaction', signal);
    if (found.kind === 'stuck') return unanswered(found.outcome);
    const channel = found.value;
    if (isDirect(knownType(channel, this.#deps))) return { kind: 'found', value: { channel } };
    const known = this.#directory.channel(channel)?.guild_id;
    if (known !== undefined) return { kind: 'found', value: { channel, guild: known } };
    const asked = await fetchChannel(channel, this.#deps, 'interaction', signal);
    if (asked.kind === 'stuck') return unanswered(asked.outcome);
    const { type, guild_id: guild } = asked.value;
    if (isDirect(type)) return { kind: 'found', value: { channel } };
    if (guild !== undefined) {
      this.#directory.learnChannel(asked.value);
      return { kind: 'found', value: { channel, guild } };
    }
    const detail = 'The server does not say whether the conversation is direct.';
    return { kind: 'refused', code: 'destination_unavailable', detail };
  }
}

/** Nothing was asked for but how things are, so it can be asked again. */
function unanswered(outcome: DeliveryOutcome): Exclude<ReadAnswer<never>, { kind: 'found' }> {
  if (outcome.kind === 'rejected') return { kind: 'refused', code: outcome.code, detail: outcome.detail };
  const [code, afterMs] =
    outcome.kind === 'retry' ? [outcome.code, outcome.afterMs] : (['answer_lost', undefined] as const);
  return { kind: 'wait', code, afterMs: afterMs ?? 1_000 };
}

function isDirect(type: number | undefined): boolean {
  return type === channelTypes.dm || type === channelTypes.groupDm;
}

/** What takes the place of "is thinking": the same as an edit would bring. */
function bodyOf(
  part: OutboundPart,
  { mentions }: DiscordConfig,
): Readonly<Record<string, unknown>> | undefined {
  if (part.operation.op !== 'send') return undefined;
  const { possibleDuplicate, firstAttemptAt: sentAt } = part;
  const rendered = tryToRender(part.operation, { mentions, possibleDuplicate, sentAt });
  if (!rendered) return undefined;
  const { extras } = rendered;
  // Files, polls and stickers cannot be brought by an edit: then the channel gets the message.
  if (extras.files !== undefined || extras.poll !== undefined || extras.stickers !== undefined)
    return undefined;
  return toEdit('0', '0', rendered, 'final').json as Record<string, unknown>;
}

/** Undefined for what cannot be shown: sending it says why. */
function tryToRender(
  operation: Extract<OutboundPart['operation'], { op: 'send' }>,
  options: RenderOptions,
): Rendered | undefined {
  try {
    return renderMessage(operation, options);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
