import type { ReasonCode } from '../../../domain/reasons.ts';

/** What to do about a connection that the gateway closed. */
export type CloseClass =
  /** Connect again and resume: at worst the gateway says that the session is gone. */
  | 'resume'
  /** The session is gone. Connect again and identify. */
  | 'identify'
  /** Every further try fails alike, until a person helps. */
  | 'fatal';

export interface CloseCode {
  readonly meaning: string;
  readonly then: CloseClass;
  /** Of the connector, where it is fatal. */
  readonly reason?: ReasonCode;
  /** Before the next try, in ms. */
  readonly waitMsMin?: number;
}

/**
 * https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes says
 * which of these may be reconnected. Where it does not say that the session is gone, resuming is tried first:
 * it loses nothing, and costs one round trip when the answer is no. A close with 1000 ends the session
 * (https://docs.discord.com/developers/events/gateway#initiating-a-disconnect), whichever side says it.
 */
export const closeCodes: ReadonlyMap<number, CloseCode> = new Map<number, CloseCode>([
  [1000, { meaning: 'normal closure', then: 'identify' }],
  [1001, { meaning: 'going away', then: 'resume' }],
  [1002, { meaning: 'a broken frame', then: 'resume' }],
  [1005, { meaning: 'no code', then: 'resume' }],
  [1006, { meaning: 'the connection broke', then: 'resume' }],
  [1007, { meaning: 'broken text', then: 'resume' }],
  [1009, { meaning: 'a message over the size limit', then: 'resume' }],
  [4000, { meaning: 'unknown error', then: 'resume' }],
  [4001, { meaning: 'unknown opcode', then: 'resume' }],
  [4002, { meaning: 'a payload that it could not decode', then: 'resume' }],
  [4003, { meaning: 'not authenticated', then: 'identify' }],
  [4004, { meaning: 'authentication failed', then: 'fatal', reason: 'unauthenticated' }],
  [4005, { meaning: 'already authenticated', then: 'identify' }],
  [4007, { meaning: 'invalid sequence', then: 'identify' }],
  [4008, { meaning: 'too many payloads', then: 'resume', waitMsMin: 5_000 }],
  [4009, { meaning: 'the session timed out', then: 'identify' }],
  [4010, { meaning: 'invalid shard', then: 'fatal', reason: 'connector_misconfigured' }],
  [4011, { meaning: 'sharding required', then: 'fatal', reason: 'connector_misconfigured' }],
  [4012, { meaning: 'invalid API version', then: 'fatal', reason: 'session_failed' }],
  [4013, { meaning: 'invalid intents', then: 'fatal', reason: 'connector_misconfigured' }],
  [4014, { meaning: 'disallowed intents', then: 'fatal', reason: 'connector_misconfigured' }],
]);

const unknownCode: CloseCode = { meaning: 'an unlisted code', then: 'resume' };

export function closeCodeOf(code: number): CloseCode {
  return closeCodes.get(code) ?? unknownCode;
}

/** https://docs.discord.com/developers/events/gateway#privileged-intents, by the names of the portal. */
const privilegedIntents: readonly (readonly [bit: number, name: string])[] = [
  [1 << 1, 'Server Members Intent'],
  [1 << 8, 'Presence Intent'],
  [1 << 15, 'Message Content Intent'],
];

/** What a person has to do about a fatal close, in words that stand alone. */
export function fatalDetail(
  code: number,
  { intents, shard: [index, count] }: { readonly intents: number; readonly shard: readonly [number, number] },
): string {
  switch (code) {
    case 4004:
      return 'The gateway does not accept the bot token (4004). Make a new one in the Developer Portal and store it.';
    case 4010:
      return `The gateway does not accept shard ${index} of ${count} (4010). Correct the number of shards.`;
    case 4011:
      return `The bot is in too many servers for ${count} shard(s) (4011). Raise the number of shards.`;
    case 4013:
      return `The gateway does not know the intents ${intents} (4013). Correct the intents of the connector.`;
    case 4014: {
      const names = privilegedIntents.filter(([bit]) => (intents & bit) !== 0).map(([, name]) => name);
      const which = names.length === 0 ? 'the privileged intents that it uses' : names.join(' and ');
      return `The application may not use its intents (4014). Switch on ${which} in the Developer Portal, under Bot, Privileged Gateway Intents.`;
    }
    default:
      return `The gateway refuses this program (${code}: ${closeCodeOf(code).meaning}). Update it.`;
  }
}
