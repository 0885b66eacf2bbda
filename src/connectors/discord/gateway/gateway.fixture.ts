import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { constants, createDeflate, type Deflate } from 'node:zlib';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeLater } from '../../../../test/support/egress.ts';
import { until } from './until.fixture.ts';

export interface SentPayload {
  readonly op: number;
  readonly d: unknown;
}

/** A gateway over real sockets that does what the test says, and nothing by itself. Close it with `closeAll`. */
export class ScriptedGateway {
  readonly peers: Peer[] = [];
  readonly #server: WebSocketServer;
  #taken = 0;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => this.peers.push(new Peer(socket, request.url ?? '/')));
  }

  static async open(): Promise<ScriptedGateway> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    const gateway = new ScriptedGateway(server);
    closeLater(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    return gateway;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** The next connection, in the order in which they are made. */
  async accept(): Promise<Peer> {
    await until(() => this.peers.length > this.#taken);
    return this.peers[this.#taken++]!;
  }

  /** The next connection, greeted, and what it said then: identify or resume. */
  async greet(heartbeatMs = 40_000): Promise<readonly [peer: Peer, payload: SentPayload]> {
    const peer = await this.accept();
    await peer.hello(heartbeatMs);
    return [peer, await peer.next([2, 6])];
  }
}

/** The gateway's end of one connection. */
export class Peer {
  readonly path: string;
  /** All that came, in order. */
  readonly received: SentPayload[] = [];
  /** With which code the other side closed. */
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  readonly #deflate: Deflate | undefined;
  #compressed: Buffer[] = [];
  #taken = 0;

  constructor(socket: WebSocket, path: string) {
    this.socket = socket;
    this.path = path;
    if (path.includes('compress=zlib-stream')) {
      this.#deflate = createDeflate();
      this.#deflate.on('readable', () => this.#takeCompressed());
    }
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    socket.on('error', () => undefined);
    socket.on('message', (data) =>
      this.received.push(JSON.parse((data as Buffer).toString()) as SentPayload),
    );
  }

  /** The next payload that came with one of `ops`; others are passed over. */
  async next(ops: readonly number[]): Promise<SentPayload> {
    const find = (): number =>
      this.received.findIndex(({ op }, index) => index >= this.#taken && ops.includes(op));
    await until(() => find() >= 0);
    this.#taken = find() + 1;
    return this.received[this.#taken - 1]!;
  }

  hello(heartbeatMs = 40_000): Promise<void> {
    return this.say({ op: 10, d: { heartbeat_interval: heartbeatMs } });
  }

  ready(sessionId: string, resumeUrl: string, seq = 1): Promise<void> {
    return this.dispatch(seq, 'READY', { session_id: sessionId, resume_gateway_url: resumeUrl });
  }

  dispatch(seq: number, type = 'MESSAGE_CREATE', data: unknown = { id: String(seq) }): Promise<void> {
    return this.say({ op: 0, t: type, s: seq, d: data });
  }

  /** Dispatches from the first to the last number. */
  async dispatchAll(first: number, last: number): Promise<void> {
    for (let seq = first; seq <= last; seq++) await this.dispatch(seq);
  }

  ack(): Promise<void> {
    return this.say({ op: 11 });
  }

  async say(payload: object): Promise<void> {
    const text = JSON.stringify(payload);
    this.socket.send(this.#deflate ? await this.compress(text) : text);
  }

  /** The frame of a text in the stream of this connection. */
  async compress(text: string): Promise<Buffer> {
    const deflate = this.#deflate!;
    deflate.write(text);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    this.#takeCompressed();
    return Buffer.concat(this.#compressed.splice(0));
  }

  #takeCompressed(): void {
    for (let part = this.#read(); part; part = this.#read()) this.#compressed.push(part);
  }

  #read(): Buffer | null {
    return (this.#deflate?.read() ?? null) as Buffer | null;
  }
}
