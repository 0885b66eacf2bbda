import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ConnectorHost } from '../../../src/connectors/connector.ts';
import { egressFailureOf } from '../../../src/lib/guarded-fetch-failure.ts';
import { type ChatApi, type ChatConfig, ChatUnreachable } from './adapter.ts';
import { type ChatPlatform, ChatRefusal, type PostedMessage, type Update } from './platform.ts';

const pollMs = 500;
const timeoutMs = 10_000;

/** The fake platform over real sockets. `close` ends every connection. */
export async function serveChat(
  platform: ChatPlatform,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const run = async (): Promise<unknown> => {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const { op, ...args } = (await json(request)) as { op: string } & Record<string, never>;
      if (op === 'me') return platform.me(token);
      if (op === 'post') return platform.post(token, args.message as unknown as Omit<PostedMessage, 'id'>);
      if (op === 'find') return platform.find(token, args.key as unknown as string) ?? null;
      const position = args.position as unknown as number;
      if (platform.updates(token, position).length === 0)
        await Promise.race([platform.news(), delay(pollMs)]);
      return platform.updates(token, position);
    };
    run().then(
      (body) => answer(200, body),
      (error: unknown) =>
        answer(error instanceof ChatRefusal ? error.status : 500, { message: String(error) }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function httpChatApi({ fetch, config }: ConnectorHost<ChatConfig>): ChatApi {
  const baseUrl = config.baseUrl ?? '';
  const call = async <Value>(token: string, body: object, signal: AbortSignal): Promise<Value> => {
    try {
      const response = await fetch({
        url: baseUrl,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        policy: { hosts: [new URL(baseUrl).hostname], allowPrivate: true, allowHttp: true },
        signal,
        timeoutMs,
        responseBytesMax: 1_000_000,
      });
      const answer = JSON.parse(await response.text()) as { message?: string };
      if (response.status !== 200) throw new ChatRefusal(response.status, answer.message ?? '');
      return answer as Value;
    } catch (error) {
      if (error instanceof ChatRefusal) throw error;
      throw new ChatUnreachable(egressFailureOf(error) === 'answer_lost');
    }
  };
  return {
    me: (token, signal) => call(token, { op: 'me' }, signal),
    updates: (token, position, signal) => call<readonly Update[]>(token, { op: 'updates', position }, signal),
    post: (token, message, signal) => call<PostedMessage>(token, { op: 'post', message }, signal),
    find: async (token, key, signal) =>
      (await call<PostedMessage | null>(token, { op: 'find', key }, signal)) ?? undefined,
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
