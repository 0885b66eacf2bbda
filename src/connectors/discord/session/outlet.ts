import { isAppError } from '../../../domain/errors.ts';
import type { OutboundPart, UncertainPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../../domain/outcome.ts';
import type { Address } from '../../../domain/address.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { ReadAnswer } from '../../operations.ts';
import type { Snowflake } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';
import type { Directory } from '../inbound/directory.ts';
import type { OutboundDeps } from '../outbound/deps.ts';
import { reviseMessage, showTyping } from '../outbound/live.ts';
import { OutboundMemory } from '../outbound/memory.ts';
import { findChannel } from '../outbound/place.ts';
import { type Rendered, renderMessage } from '../outbound/render.ts';
import { toEdit } from '../outbound/requests.ts';
import { resolveUnknown } from '../outbound/resolve-unknown.ts';
import { sendPart } from '../outbound/send.ts';
import type { Rest } from '../rest/rest.ts';
import { Answers } from './answers.ts';
import { Reader } from './reader.ts';
import type { Tickets } from './tickets.ts';

export interface OutletDeps {
  readonly host: ConnectorHost<DiscordConfig>;
  readonly rest: Rest;
  readonly directory: Directory;
  readonly tickets: Tickets;
  readonly selfId: Snowflake;
}

/** Everything that goes out in a session, or is asked of the platform for somebody. */
export class Outlet {
  readonly reader: Reader;
  readonly #deps: OutboundDeps;
  readonly #answers: Answers;
  readonly #config: DiscordConfig;

  constructor({ host, rest, directory, tickets, selfId }: OutletDeps) {
    const { config } = host;
    this.#config = config;
    this.#deps = {
      rest,
      selfId,
      mentions: config.mentions,
      channelTypeOf: (channel) => directory.channel(channel)?.type,
      memory: new OutboundMemory(),
    };
    this.#answers = new Answers({ rest, tickets, bodyOf: (part) => bodyOf(part, config) });
    this.reader = new Reader({
      connectorId: host.connectorId,
      selfId,
      rest,
      directory,
      channelOf: (place, signal) => this.#channelOf(place, host.connectorId, signal),
    });
  }

  /** Our own message has come back: under this nonce it is on the platform. */
  noteOwn(nonce: string, message: Snowflake): void {
    this.#deps.memory.noteMessage(nonce, message);
  }

  async send(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome> {
    return (await this.#answers.send(part, signal)) ?? sendPart(part, this.#deps, signal);
  }

  resolveUnknown(part: UncertainPart, signal: AbortSignal): Promise<ResolvedUnknown> {
    return resolveUnknown(part, this.#deps, signal);
  }

  async typing(address: Address, signal: AbortSignal): Promise<void> {
    if (this.#config.typing) await showTyping(address, this.#deps, signal);
  }

  revise(address: Address, text: string, signal: AbortSignal): Promise<void> {
    return reviseMessage(address, text, this.#deps, signal);
  }

  async #channelOf(
    place: { readonly conversation: string; readonly thread?: string },
    connector: Address['connector'],
    signal: AbortSignal,
  ): Promise<ReadAnswer<Snowflake>> {
    const { conversation, thread } = place;
    const address = { connector, conversation, ...(thread === undefined ? {} : { thread }) };
    const found = await findChannel(address, this.#deps, 'interaction', signal);
    if (found.kind === 'found') return found;
    const { outcome } = found;
    if (outcome.kind === 'retry')
      return { kind: 'wait', code: outcome.code, afterMs: outcome.afterMs ?? 1_000 };
    const [code, detail] =
      outcome.kind === 'rejected' ? [outcome.code, outcome.detail] : (['answer_lost', ''] as const);
    return { kind: 'refused', code, detail };
  }
}

/** What takes the place of "is thinking": the same as an edit would bring. */
function bodyOf(
  part: OutboundPart,
  { mentions }: DiscordConfig,
): Readonly<Record<string, unknown>> | undefined {
  if (part.operation.op !== 'send') return undefined;
  const rendered = tryToRender(part.operation, mentions);
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
  mentions: DiscordConfig['mentions'],
): Rendered | undefined {
  try {
    return renderMessage(operation, { mentions });
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
