import type { WebSocket } from 'ws';
import { deflateSync } from 'node:zlib';
import type { Clock } from '../../../src/lib/clock.ts';
import { type Json, record } from './form.ts';
import type { GatewayJournal } from './gateway-journal.ts';
import type { Session, SessionLine } from './gateway-session.ts';
import { ZlibStream } from './zlib-stream.ts';

/** Source of the figures: docs.discord.com/developers/events/gateway#sending-events and #rate-limiting. */
const payloadBytesMax = 4_096;
const sendsMax = 120;
const sendsWindowMs = 60_000;
const receivedMax = 1_000;

const clientOps: readonly number[] = [1, 2, 3, 4, 6, 8, 31, 43];

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly journal: GatewayJournal;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatGraceMs: number;
  /** Decides on identify and resume; answers through the connection. */
  identify(connection: Connection, data: Json): void;
  resume(connection: Connection, data: Json): void;
  requestMembers(session: Session, data: Json): void;
  /** The connection is gone; `endsSession` when the client said so by its code. */
  gone(connection: Connection, endsSession: boolean): void;
  changed(): void;
}

export interface ConnectionTraits {
  /** On which of the two addresses it came in. */
  readonly host: 'gateway' | 'resume';
  readonly isCompressed: boolean;
  /** Cuts compressed messages into frames of at most so many bytes; 0 does not. */
  readonly splitBytes: number;
}

/** One WebSocket of a client, and what a test can do to it. */
export class Connection implements SessionLine {
  readonly traits: ConnectionTraits;
  /** The newest payloads of the client, parsed. */
  readonly received: Json[] = [];
  session: Session | undefined;
  /** False: heartbeats get no answer. */
  acks = true;
  readonly #ended = Promise.withResolvers<undefined>();
  readonly #socket: WebSocket;
  readonly #deps: ConnectionDeps;
  readonly #zlib: ZlibStream | undefined;
  #payloadCompression = false;
  #sends: number[] = [];
  #cancelWatch: (() => void) | undefined;
  #frozen = false;
  #closing: { code: number; why: string } | undefined;

  constructor(socket: WebSocket, traits: ConnectionTraits, deps: ConnectionDeps) {
    this.#socket = socket;
    this.traits = traits;
    this.#deps = deps;
    this.#zlib = traits.isCompressed ? new ZlibStream((bytes) => this.#sendFrames(bytes)) : undefined;
    socket.on('message', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => this.#gone(code, reason.toString()));
  }

  /** Resolves when the connection is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#closing === undefined;
  }

  /** The `d` of each heartbeat: the newest sequence that the client claims to have. */
  get heartbeats(): readonly unknown[] {
    return this.received.filter(({ op }) => op === 1).map(({ d }) => d);
  }

  hello(): void {
    this.sendOp(10, { heartbeat_interval: this.#deps.heartbeatIntervalMs, _trace: ['["fake",{}]'] });
    this.#watch();
  }

  /** Op 7: asks the client to come back and resume. */
  requestReconnect(): void {
    this.sendOp(7, null);
  }

  /** Op 9. The session stays for a client that is told to resume, and ends for one that is not. */
  invalidate(resumable: boolean, why = 'asked by the test'): void {
    this.#deps.journal.write({ kind: 'invalidated', resumable, why });
    if (!resumable) this.#deps.gone(this, true);
    this.sendOp(9, resumable);
  }

  /** Op 1: asks for a heartbeat now. */
  requestHeartbeat(): void {
    this.sendOp(1, null);
  }

  /** Goes deaf and dumb without closing: what a client calls a zombie. The session goes on and is replayed. */
  freeze(): void {
    this.#frozen = true;
    this.#cancelWatch?.();
  }

  /** Cuts the connection without a close frame. */
  drop(): void {
    this.#closing ??= { code: 1006, why: 'dropped' };
    this.#socket.terminate();
  }

  /** Closes after everything that was sent before. */
  close(code: number, why = ''): void {
    if (this.#closing) return;
    this.#closing = { code, why };
    this.#cancelWatch?.();
    if (this.#zlib) void this.#zlib.flushed().then(() => this.#socket.close(code, why));
    else this.#socket.close(code, why);
  }

  sendOp(op: number, d: unknown): void {
    this.send(JSON.stringify({ t: null, s: null, op, d }));
  }

  /** Sends any text as it is, valid or not. */
  send(text: string): void {
    if (this.#frozen || this.#closing) return;
    if (this.#zlib) this.#zlib.write(text);
    else if (this.#payloadCompression) this.#socket.send(deflateSync(text));
    else this.#socket.send(text);
  }

  /** Sends bytes that are no part of the compressed stream. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** `compress: true` in the identify: every payload a zlib stream of its own. */
  compressPayloads(): void {
    this.#payloadCompression = true;
  }

  #sendFrames(bytes: Buffer): void {
    const size = this.traits.splitBytes || bytes.byteLength;
    for (let start = 0; start < bytes.byteLength; start += size)
      this.#socket.send(bytes.subarray(start, start + size));
  }

  #receive(bytes: Buffer): void {
    if (this.#frozen || this.#closing) return;
    const payload = this.#parse(bytes);
    if (!payload) return;
    this.received.push(payload);
    if (this.received.length > receivedMax) this.received.splice(0, receivedMax / 10);
    this.#answer(Number(payload.op), payload);
    this.#deps.changed();
  }

  /** Undefined, and the connection closed, for what breaks a rule of sending. */
  #parse(bytes: Buffer): Json | undefined {
    const now = this.#deps.clock.now();
    this.#sends = [...this.#sends.filter((at) => at > now - sendsWindowMs), now];
    if (this.#sends.length > sendsMax) {
      this.#refuse(4008, 'You are being rate limited.');
      return;
    }
    if (bytes.byteLength > payloadBytesMax) {
      this.#refuse(4002, 'Error while decoding payload.');
      return;
    }
    try {
      const payload = record(JSON.parse(bytes.toString()));
      if (typeof payload.op !== 'number') {
        this.#refuse(4002, 'Error while decoding payload.');
        return;
      }
      if (!clientOps.includes(payload.op)) {
        this.#refuse(4001, 'Unknown opcode.');
        return;
      }
      return payload;
    } catch {
      this.#refuse(4002, 'Error while decoding payload.');
      return;
    }
  }

  #answer(op: number, { d }: Json): void {
    if (op === 1) {
      this.#watch();
      if (this.acks) this.sendOp(11, null);
    } else if (op === 2 || op === 6) {
      if (this.session) this.close(4005, 'Already authenticated.');
      else if (op === 2) this.#deps.identify(this, record(d));
      else this.#deps.resume(this, record(d));
    } else if (!this.session) this.close(4003, 'Not authenticated.');
    else if (op === 8) this.#deps.requestMembers(this.session, record(d));
  }

  #refuse(code: number, why: string): undefined {
    this.close(code, why);
    return undefined;
  }

  /** A client that misses its heartbeat is closed with 4009. */
  #watch(): void {
    this.#cancelWatch?.();
    const { clock, heartbeatIntervalMs, heartbeatGraceMs } = this.#deps;
    this.#cancelWatch = clock.after(heartbeatIntervalMs + heartbeatGraceMs, () =>
      this.close(4009, 'Session timed out.'),
    );
  }

  #gone(code: number, reason: string): void {
    this.#cancelWatch?.();
    this.#zlib?.end();
    const byFake = this.#closing;
    this.#deps.journal.write(
      byFake
        ? { kind: 'closed', ...byFake, by: 'fake' }
        : { kind: 'closed', code, why: reason, by: 'client' },
    );
    // A client that leaves with 1000 or 1001 does not come back: gateway#initiating-a-disconnect.
    this.#deps.gone(this, !byFake && (code === 1000 || code === 1001));
    this.#ended.resolve(undefined);
    this.#deps.changed();
  }
}
