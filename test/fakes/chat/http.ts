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

/** What goes wrong with a call: before it is done, the platform refuses it; or after, and its answer is lost. */
export type ChatFault = ChatRefusal | 'broken' | 'unanswered';

/**
 * The fake platform over real sockets. `close` ends every connection. `faultOf` is asked once for each call,
 * by its name: `post`, `updates` …
 */
export async function serveChat(
  platform: ChatPlatform,
  faultOf: (op: string) => ChatFault | undefined = () => undefined,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    let fault: ChatFault | undefined;
    const answer = (status: number, body: unknown): void => {
      if (fault === 'broken') request.socket.destroy();
      if (fault === 'broken' || fault === 'unanswered') return;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const run = async (): Promise<unknown> => {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const { op, ...args } = (await json(request)) as { op: string } & Record<string, never>;
      fault = faultOf(op);
      if (fault instanceof ChatRefusal) throw fault;
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
        error instanceof ChatRefusal
          ? answer(error.status, { message: error.message, retryAfterMs: error.retryAfterMs })
          : answer(500, { message: String(error) }),
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
      const answer = JSON.parse(await response.text()) as { message?: string; retryAfterMs?: number };
      if (response.status !== 200)
        throw new ChatRefusal(response.status, answer.message ?? '', answer.retryAfterMs);
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
