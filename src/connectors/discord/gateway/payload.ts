/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes */
export const opcode = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
} as const;

/** What the gateway said. */
export type Received =
  /** `seq` is absent when the gateway gave none: it is then that of the dispatch before. */
  | { readonly kind: 'dispatch'; readonly type: string; readonly data: unknown; readonly seq?: number }
  | { readonly kind: 'hello'; readonly heartbeatMs: number }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'heartbeat_ack' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'invalid_session'; readonly resumable: boolean }
  /** An opcode that is none of ours. */
  | { readonly kind: 'other'; readonly op: number }
  | { readonly kind: 'unreadable'; readonly detail: string };

const heartbeatMsMin = 250;
const heartbeatMsMax = 10 * 60_000;

/** Never throws: what comes over the wire is not to be trusted. */
export function parseReceived(text: string): Received {
  const payload = parseObject(text);
  const op = payload?.op;
  if (!payload || !Number.isSafeInteger(op))
    return unreadable('A payload is not a JSON object with an opcode.');
  const { d: data } = payload;
  switch (op) {
    case opcode.dispatch:
      return toDispatch(payload);
    case opcode.hello:
      return toHello(data);
    case opcode.heartbeat:
      return { kind: 'heartbeat' };
    case opcode.heartbeatAck:
      return { kind: 'heartbeat_ack' };
    case opcode.reconnect:
      return { kind: 'reconnect' };
    case opcode.invalidSession:
      return { kind: 'invalid_session', resumable: data === true };
    default:
      return { kind: 'other', op: Number(op) };
  }
}

function toDispatch({ t: type, s: seq, d: data }: Readonly<Record<string, unknown>>): Received {
  if (typeof type !== 'string' || type === '') return unreadable('A dispatch has no type.');
  if (seq === undefined || seq === null) return { kind: 'dispatch', type, data };
  if (!isSeq(seq)) return unreadable('The sequence number of a dispatch is not a whole number.');
  return { kind: 'dispatch', type, data, seq };
}

function toHello(data: unknown): Received {
  const interval = isObject(data) ? data.heartbeat_interval : undefined;
  if (typeof interval !== 'number' || !(interval > 0))
    return unreadable('The greeting names no heartbeat interval.');
  return { kind: 'hello', heartbeatMs: Math.min(Math.max(interval, heartbeatMsMin), heartbeatMsMax) };
}

export interface Identity {
  readonly intents: number;
  readonly shard: readonly [index: number, count: number];
}

/** The one payload that starts a session. It holds the token: send it, and keep it nowhere. */
export function identifyPayload(token: string, { intents, shard }: Identity): string {
  const properties = { os: process.platform, browser: 'palyra', device: 'palyra' };
  return JSON.stringify({ op: opcode.identify, d: { token, intents, shard, properties, compress: false } });
}

/** Continues a session behind `seq`. It holds the token: send it, and keep it nowhere. */
export function resumePayload(token: string, sessionId: string, seq: number): string {
  return JSON.stringify({ op: opcode.resume, d: { token, session_id: sessionId, seq } });
}

export function heartbeatPayload(seq: number | null): string {
  return JSON.stringify({ op: opcode.heartbeat, d: seq });
}

/** A longer one is answered with 4002: https://docs.discord.com/developers/events/gateway#sending-events. */
const payloadBytesMax = 4_096;

export function fitsPayload(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') <= payloadBytesMax;
}

/** They are stored with the cursor of the connector. */
const sessionIdLengthMax = 512;
const resumeUrlLengthMax = 2_048;

/** What READY says of its session; undefined when it does not name one. */
export function parseReady(
  data: unknown,
): { readonly sessionId: string; readonly resumeUrl?: string } | undefined {
  if (!isObject(data)) return undefined;
  const { session_id: sessionId, resume_gateway_url: resumeUrl } = data;
  if (!isText(sessionId, sessionIdLengthMax)) return undefined;
  return isText(resumeUrl, resumeUrlLengthMax) ? { sessionId, resumeUrl } : { sessionId };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= lengthMax;
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function unreadable(detail: string): Received {
  return { kind: 'unreadable', detail };
}
