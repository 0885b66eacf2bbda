import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { sleep } from '../../../src/lib/clock.ts';
import { serveAttachment } from './cdn.ts';
import type { Gateway } from './gateway.ts';
import type { RawAnswer, Rest } from './rest.ts';
import type { World } from './world.ts';

export interface ServerOptions {
  readonly host: string;
  /** The name in the URLs that clients get; the host when absent. */
  readonly name?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

const fileRequestsMax = 1_000;

/** The two sockets of the fake: one for the API, the CDN and new gateway connections, one for resumed ones. */
export class Servers {
  readonly #world: World;
  readonly #rest: Rest;
  readonly #gateway: Gateway;
  readonly #options: ServerOptions;
  readonly #changed: () => void;
  #servers: Server[] = [];
  /** Kept over a restart, so that clients find the fake again. */
  #ports = [0, 0];

  constructor(world: World, rest: Rest, gateway: Gateway, options: ServerOptions, changed: () => void) {
    this.#world = world;
    this.#rest = rest;
    this.#gateway = gateway;
    this.#options = options;
    this.#changed = changed;
  }

  async listen(): Promise<void> {
    const { host, name = host, tls } = this.#options;
    this.#servers = (['gateway', 'resume'] as const).map((part) => {
      const handle = (request: IncomingMessage, response: ServerResponse): void => {
        this.#handle(request, response).catch((error: unknown) => {
          response.destroy();
          throw error;
        });
      };
      const server = tls ? createTlsServer(tls, handle) : createServer(handle);
      server.keepAliveTimeout = 0;
      server.on('upgrade', (request: IncomingMessage, socket, head) => {
        this.#gateway.upgrade(part, request, socket, head);
      });
      return server;
    });
    for (const [index, server] of this.#servers.entries()) {
      server.listen(this.#ports[index], host);
      await once(server, 'listening');
      this.#ports[index] = (server.address() as AddressInfo).port;
    }
    const [main, resume] = this.#ports;
    const authority = name.includes(':') ? `[${name}]` : name;
    const secure = tls ? 's' : '';
    Object.assign(this.#world.urls, {
      api: `http${secure}://${authority}:${main}/api/v10`,
      cdn: `http${secure}://${authority}:${main}`,
      gateway: `ws${secure}://${authority}:${main}`,
      resume: `ws${secure}://${authority}:${resume}`,
    });
  }

  async close(): Promise<void> {
    await this.#gateway.closeAll();
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (url.pathname.startsWith('/attachments/')) {
      const { fileRequests } = this.#world;
      fileRequests.push(request.headers);
      if (fileRequests.length > fileRequestsMax) fileRequests.shift();
      const { status, headers, body } = serveAttachment(this.#world, url);
      response.writeHead(status, { ...headers, 'content-length': body.byteLength }).end(body);
      return;
    }
    const body = await bodyOf(request, this.#world.limits.requestBytesMax);
    if (!body) return;
    const answer = this.#rest.handle({
      method: request.method ?? 'GET',
      url,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      ...body,
    });
    this.#changed();
    await this.#send(response, answer);
    this.#changed();
  }

  async #send(response: ServerResponse, { status, headers, body, fault }: RawAnswer): Promise<void> {
    if (fault?.kind === 'reset') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'slow') await sleep(this.#world.clock, fault.ms);
    if (fault?.kind === 'garbage') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>not what you asked for</html>');
      return;
    }
    const bytes = Buffer.from(body);
    response.writeHead(status, {
      ...headers,
      ...(status === 204 ? {} : { 'content-length': bytes.byteLength }),
    });
    if (fault?.kind === 'truncated') {
      response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.destroy());
      return;
    }
    response.end(bytes);
  }
}

/** Undefined when the client went away in the middle. */
async function bodyOf(
  request: IncomingMessage,
  bytesMax: number,
): Promise<{ body: Buffer; isTooLarge: boolean } | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size <= bytesMax) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  const isTooLarge = size > bytesMax;
  return { body: isTooLarge ? Buffer.alloc(0) : Buffer.concat(chunks), isTooLarge };
}
