import { client, ok, openServer } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import type { TcpServer } from '../../../../test/support/tcp-server.ts';
import { Secret } from '../../../lib/secret.ts';
import type { RestRequest } from './request.ts';
import { createRest, type Rest, type RestDeps } from './rest.ts';

export const signal = new AbortController().signal;

export function restAt(port: number, deps: Partial<RestDeps> = {}): Rest {
  return createRest({
    fetch: client(),
    apiBaseUrl: `http://127.0.0.1:${port}/api/v10/`,
    policy: { hosts: ['127.0.0.1'], allowPrivate: true, allowHttp: true },
    token: async () => new Secret('the-token'),
    clock: new ManualClock(),
    userAgent: 'DiscordBot (https://palyra.test, 1)',
    ...deps,
  });
}

export function post(fields: Partial<RestRequest> = {}): RestRequest {
  return {
    method: 'POST',
    route: '/channels/{channel}/messages',
    params: { channel: '1' },
    json: { content: 'hello' },
    priority: 'final',
    auth: 'bot',
    ...fields,
  };
}

export const patch = (message: string): RestRequest =>
  post({
    method: 'PATCH',
    route: '/channels/{channel}/messages/{message}',
    params: { channel: '1', message },
  });

export const followUp = (token: string): RestRequest =>
  post({ route: '/webhooks/{application}/{token}', params: { application: '9', token }, auth: 'none' });

export function http(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ok(
    text,
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join(''),
  ).replace('200 OK', `${status} X`);
}

/** Answers each request with the next of `answers`, and then with the last. */
export function serve(...answers: readonly string[]): Promise<TcpServer> {
  return openServer((socket, _request, nth) => {
    socket.write(answers[Math.min(nth, answers.length) - 1] ?? '');
  });
}
