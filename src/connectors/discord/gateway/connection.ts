import { AppError } from '../../../domain/errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Socket } from '../../../lib/socket.ts';
import type { CommandOpcode, SendResult } from './contract.ts';
import type { DispatchQueue } from './dispatch-queue.ts';
import { createFrameDecoder, type FrameDecoder } from './frame-decoder.ts';
import type { Compression } from './gateway-url.ts';
import { Heartbeat } from './heartbeat.ts';
import type { ConnectionEnd } from './judge-end.ts';
import { fitsPayload, heartbeatPayload, parseReceived, type Received } from './payload.ts';
import { SendWindow } from './send-window.ts';

export type ReceivedDispatch = Extract<Received, { kind: 'dispatch' }>;

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly compress: Compression;
  readonly clock: Clock;
  readonly random: () => number;
  /** Reading waits for its room. */
  readonly queue: Pick<DispatchQueue, 'isFull' | 'room'>;
  /** The payload that starts or resumes a session, once the gateway has greeted; or why there is none. Never rejects. */
  readonly prepare: (signal: AbortSignal) => Promise<string | ConnectionEnd>;
  /** Takes a dispatch and the length of its text; what is wrong with it, if anything. */
  readonly onDispatch: (dispatch: ReceivedDispatch, length: number) => string | undefined;
  /** What heartbeats acknowledge. */
  readonly seqCommitted: () => number | null;
}

/**
 * Any code but 1000 and 1001 keeps the session resumable:
 * https://docs.discord.com/developers/events/gateway#initiating-a-disconnect.
 */
const closeCode = 4_900;
const helloMsMax = 20_000;
/** Long, since the gateway may take its time in an outage, and a new try would cost a session start. */
const readyMsMax = 5 * 60_000;

/** One connection to the gateway, from the open socket to its end. Does not decide what comes after it. */
export class Connection {
  /** Resolves when it is over, and all that came before its end has been taken. Never rejects. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #options: ConnectionOptions;
  readonly #decoder: FrameDecoder;
  readonly #window: SendWindow;
  readonly #over = new AbortController();
  readonly #frames: (readonly [data: Buffer, isBinary: boolean])[] = [];
  #pumping: Promise<void> | undefined;
  #resolve: (end: ConnectionEnd) => void = () => undefined;
  #heartbeat: Heartbeat | undefined;
  #cancelWatch: () => void;
  #paused = false;
  #endedAt: number | undefined;
  #liveSince: number | undefined;
  #asked = false;
  #dispatches = 0;
  #dispatchedAt: number;

  constructor(options: ConnectionOptions) {
    const { socket, compress, clock } = options;
    this.#options = options;
    this.#decoder = createFrameDecoder(compress);
    this.#window = new SendWindow(clock);
    this.#dispatchedAt = clock.monotonic();
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#cancelWatch = clock.after(helloMsMax, () =>
      this.end({ kind: 'silent', detail: `The gateway did not greet within ${helloMsMax} ms.` }),
    );
    void socket.closed.then(({ code }) => this.#onClosed(code));
    socket.onMessage((data, isBinary) => this.#onFrame(data, isBinary));
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Since when its session is ready or resumed; monotonic. */
  get liveSince(): number | undefined {
    return this.#liveSince;
  }

  /** When it was over, Unix ms. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Whether a session was asked for: started or resumed. */
  get asked(): boolean {
    return this.#asked;
  }

  /** How many dispatches came. */
  get dispatches(): number {
    return this.#dispatches;
  }

  get heartbeat(): Pick<Heartbeat, 'ackedAt' | 'latencyMs'> | undefined {
    return this.#heartbeat;
  }

  send(op: CommandOpcode, d: unknown): SendResult {
    const live = this.#liveSince !== undefined && this.#endedAt === undefined;
    if (!live) return { kind: 'refused', code: 'connector_offline', detail: 'There is no live session.' };
    const text = JSON.stringify({ op, d });
    if (!fitsPayload(text))
      return { kind: 'refused', code: 'platform_rejected', detail: 'A command may have 4096 bytes.' };
    const afterMs = this.#window.take('command');
    if (afterMs > 0) return { kind: 'wait', afterMs };
    this.#options.socket.send(text);
    return { kind: 'sent' };
  }

  /** Ends it for the first reason that is given; what comes after that is not taken. */
  end(end: ConnectionEnd): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#silence();
    this.#decoder.close();
    this.#frames.length = 0;
    const { socket } = this.#options;
    socket.close(closeCode, end.kind === 'stopped' ? 'stopping' : 'reconnecting');
    void socket.closed.then(() => this.#resolve(end));
  }

  /** What came before the closing counts, such as the reason for it. */
  async #onClosed(code: number): Promise<void> {
    this.#silence();
    await this.#pumping;
    this.end({ kind: 'closed', code });
  }

  #silence(): void {
    this.#endedAt ??= this.#options.clock.now();
    this.#cancelWatch();
    this.#heartbeat?.stop();
  }

  #onFrame(data: Buffer, isBinary: boolean): void {
    this.#frames.push([data, isBinary]);
    this.#pumping ??= this.#pump().catch((thrown: unknown) =>
      this.end({ kind: 'failed', error: AppError.from(thrown) }),
    );
  }

  async #pump(): Promise<void> {
    const { queue } = this.#options;
    for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
      const decoded = await this.#decoder.decode(...frame);
      if (this.#over.signal.aborted) return;
      if (decoded.kind === 'unreadable') this.end(decoded);
      if (decoded.kind === 'text') this.#take(parseReceived(decoded.text), decoded.text.length);
      if (queue.isFull) await this.#waitForRoom();
    }
    this.#pumping = undefined;
  }

  async #waitForRoom(): Promise<void> {
    const { socket, queue } = this.#options;
    this.#paused = true;
    socket.pause();
    this.#heartbeat?.pause();
    await queue.room();
    this.#paused = false;
    this.#heartbeat?.resume();
    socket.resume();
  }

  #take(received: Received, length: number): void {
    switch (received.kind) {
      case 'dispatch':
        this.#takeDispatch(received, length);
        break;
      case 'hello':
        this.#greet(received.heartbeatMs);
        break;
      case 'heartbeat':
        this.#beat();
        break;
      case 'heartbeat_ack':
        this.#heartbeat?.acknowledge();
        break;
      case 'reconnect':
      case 'invalid_session':
      case 'unreadable':
        this.end(received);
        break;
      case 'other':
        break;
    }
  }

  #takeDispatch(dispatch: ReceivedDispatch, length: number): void {
    const { clock, onDispatch } = this.#options;
    const fault = onDispatch(dispatch, length);
    if (fault !== undefined) {
      this.end({ kind: 'unreadable', detail: fault });
      return;
    }
    this.#dispatches++;
    this.#dispatchedAt = clock.monotonic();
    if (dispatch.type === 'READY' || dispatch.type === 'RESUMED') this.#liveSince ??= clock.monotonic();
  }

  #greet(intervalMs: number): void {
    if (this.#heartbeat) return;
    const { clock, random } = this.#options;
    this.#cancelWatch();
    this.#heartbeat = new Heartbeat({
      intervalMs,
      clock,
      random,
      send: () => this.#beat(),
      onZombie: () => this.end({ kind: 'zombie' }),
    });
    void this.#authenticate();
  }

  async #authenticate(): Promise<void> {
    const { socket, prepare } = this.#options;
    const payload = await prepare(this.#over.signal);
    if (typeof payload !== 'string') {
      this.end(payload);
      return;
    }
    if (this.#endedAt !== undefined) return;
    this.#window.take('command');
    this.#asked = true;
    socket.send(payload);
    this.#watchForSession();
  }

  #watchForSession(): void {
    const { clock } = this.#options;
    this.#cancelWatch = clock.after(readyMsMax, () => {
      if (this.#liveSince !== undefined) return;
      // A long replay is as good as an answer, and what is not read is no silence.
      if (this.#paused || clock.monotonic() - this.#dispatchedAt < readyMsMax) this.#watchForSession();
      else this.end({ kind: 'silent', detail: `The gateway gave no session within ${readyMsMax} ms.` });
    });
  }

  #beat(): boolean {
    if (this.#endedAt !== undefined || this.#window.take('heartbeat') > 0) return false;
    this.#options.socket.send(heartbeatPayload(this.#options.seqCommitted()));
    return true;
  }
}
