import { once } from 'node:events';
import { constants, createInflate, type Inflate } from 'node:zlib';
import { WebSocket } from 'ws';
import type { Bot } from './entities.ts';
import type { FakeDiscord } from './fake-discord.ts';
import type { Json } from './form.ts';

export interface CallOptions {
  readonly json?: unknown;
  readonly form?: FormData;
  /** '' sends none. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** {} when it is no JSON object. */
  readonly json: Json;
}

/** One request to the API of the fake, with nothing done for the caller but the headers. */
export async function call(
  fake: FakeDiscord,
  method: string,
  path: string,
  { json, form, token = `Bot ${fake.bot.token}`, headers = {} }: CallOptions = {},
): Promise<CallAnswer> {
  const response = await fetch(`${fake.apiBaseUrl}${path}`, {
    method,
    headers: {
      'user-agent': 'DiscordBot (https://palyra.test, 1)',
      ...(token === '' ? {} : { authorization: token }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: form ?? (json === undefined ? null : JSON.stringify(json)),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Json) : {},
  };
}

export interface Payload {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: unknown;
}

export interface RawGatewayOptions {
  readonly url?: string;
  readonly query?: string;
}

/** A WebSocket to the gateway of the fake that does nothing by itself and keeps all that comes. */
export class RawGateway {
  readonly payloads: Payload[] = [];
  /** Sizes of the frames that came in, in bytes. */
  readonly frames: number[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  readonly #inflate: Inflate | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;
  #text = '';

  private constructor(url: string) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    if (url.includes('compress=zlib-stream')) this.#inflate = this.#openInflate();
    this.#socket.on('message', (bytes: Buffer, isBinary) => {
      this.frames.push(bytes.byteLength);
      if (isBinary && this.#inflate) this.#inflate.write(bytes);
      else this.#take(bytes.toString());
    });
    this.#socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', (code, reason) => {
        this.#isClosed = true;
        this.#inflate?.destroy();
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Connects; the answer to the upgrade has come when this resolves. */
  static async open(
    fake: FakeDiscord,
    { url = fake.world.urls.gateway, query = '?v=10&encoding=json' }: RawGatewayOptions = {},
  ): Promise<RawGateway> {
    const gateway = new RawGateway(`${url}/${query}`);
    await Promise.race([once(gateway.#socket, 'open'), gateway.closed]);
    return gateway;
  }

  send(op: number, d: unknown): void {
    this.sendText(JSON.stringify({ op, d }));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  identify(bot: Bot, intents: number, more: Json = {}): void {
    const properties = { os: 'linux', browser: 'palyra', device: 'palyra' };
    this.send(2, { token: bot.token, intents, properties, ...more });
  }

  resume(bot: Bot, sessionId: string, seq: number): void {
    this.send(6, { token: bot.token, session_id: sessionId, seq });
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  dispatches(type?: string): readonly Payload[] {
    return this.payloads.filter(({ op, t }) => op === 0 && (type === undefined || t === type));
  }

  /** The first payload with this op, or this type, that has come or comes. @throws when the socket closes first. */
  async first(opOrType: number | string): Promise<Payload> {
    const find = (): Payload | undefined =>
      this.payloads.find(({ op, t }) => (typeof opOrType === 'number' ? op === opOrType : t === opOrType));
    await this.until(() => find() !== undefined);
    return find()!;
  }

  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      if (this.#isClosed) throw new Error('The connection was closed before that.');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Messages are whole JSON texts, whatever the frames were. */
  #openInflate(): Inflate {
    // A chunk may end in the middle of a character.
    const decoder = new TextDecoder();
    const inflate = createInflate({ flush: constants.Z_SYNC_FLUSH });
    inflate.on('data', (chunk: Buffer) => {
      this.#text += decoder.decode(chunk, { stream: true });
      if (!isJson(this.#text)) return;
      this.#take(this.#text);
      this.#text = '';
    });
    return inflate;
  }

  #take(text: string): void {
    this.payloads.push(JSON.parse(text) as Payload);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
