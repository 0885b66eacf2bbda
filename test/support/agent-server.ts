import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly headers: IncomingMessage['headers'];
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: SeenRequest) => unknown;

export interface AgentServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** How the next request is answered, and only that one. */
  next(answer: Answer): void;
  /** Resolves when `count` requests have arrived in all. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** An agent at the far end of HTTP. Unless told otherwise it says back what it is told. */
export async function openAgentServer(): Promise<AgentServer> {
  const seen: SeenRequest[] = [];
  const answers: Answer[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const body = Buffer.concat(await incoming.toArray()).toString('utf8');
      const request = {
        headers: incoming.headers,
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        body,
      };
      seen.push(request);
      for (const { count, resolve } of waiting) if (seen.length >= count) resolve();
      (answers.shift() ?? sayBack)(response, request);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/turns`,
    seen,
    next: (answer) => answers.push(answer),
    arrived: (count) =>
      seen.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
}

export function status(
  code: number,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): Answer {
  return (response) => response.writeHead(code, headers).end(body);
}

/** Chunks as they are, in as many writes. */
export function ndjson(...chunks: readonly string[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };
}

const sayBack: Answer = (response, { body }) => {
  const { event } = JSON.parse(body) as { event: { text?: string } };
  json([{ op: 'send', text: `You said: ${event.text ?? 'nothing'}` }])(response, {
    headers: {},
    method: '',
    path: '',
    body,
  });
};
