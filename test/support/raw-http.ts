import { connect, type Socket } from 'node:net';
import { closeLater } from './egress.ts';

export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection on which a test writes what it likes, well-formed or not. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves when the other side has ended the connection or broken it. */
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #isOver = false;
  #listeners: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const over = Promise.withResolvers<undefined>();
    this.ended = over.promise;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#isOver = true;
      over.resolve(undefined);
      this.#wake();
    };
    socket.on('end', end).on('error', end).on('close', end);
  }

  /** Everything that came and was not taken as a response. */
  get rest(): string {
    return this.#received.toString('latin1');
  }

  /**
   * Resolves when it has left this side, or nobody takes it any more, and what came meanwhile has been read: one
   * that only writes finds the connection broken before it knows why.
   */
  write(data: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(data, () => setImmediate(resolve));
    });
  }

  /** The next response, 1xx ones included; undefined when the connection ends before. */
  async response(): Promise<RawResponse | undefined> {
    for (;;) {
      const taken = takeResponse(this.#received, this.#isOver);
      if (taken) {
        this.#received = this.#received.subarray(taken.size);
        return taken.response;
      }
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  #wake(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** Connects to where `url` points. `closeAll` ends it. */
export async function openConnection(
  url: string,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), ...options });
  closeLater(() => socket.destroy());
  const connection = new RawConnection(socket);
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve).once('error', () => resolve());
  });
  return connection;
}

/** Sends one request as it is and returns its answer. */
export async function exchange(url: string, data: string | Buffer): Promise<RawResponse | undefined> {
  const connection = await openConnection(url);
  void connection.write(data);
  const response = await connection.response();
  connection.socket.destroy();
  return response;
}

function takeResponse(
  received: Buffer,
  isOver: boolean,
): { readonly response: RawResponse; readonly size: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const start = end + 4;
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  const declared = headers.get('content-length');
  if (hasBody && declared === undefined && !isOver) return undefined;
  const length = !hasBody ? 0 : declared === undefined ? received.length - start : Number(declared);
  if (received.length < start + length && !isOver) return undefined;
  const body = received.subarray(start, start + length).toString('utf8');
  return { response: { status, headers, body }, size: start + length };
}
