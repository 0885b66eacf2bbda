import { sign } from '@octokit/webhooks-methods';
import type { Answer } from '../../src/cli/client.ts';
import type { TestDaemon } from './daemon.ts';
import { exchange, type RawResponse } from './raw-http.ts';

type NewHook = Parameters<TestDaemon['daemon']['platform']['webhooks']['add']>[0];

/** A webhook integration, as a test sends to it. */
export interface Hook {
  readonly id: string;
  readonly secret: string;
  /** The whole address, and its path. */
  readonly url: string;
  readonly path: string;
}

export const hookSecret = 'what the octocat told nobody';

/** Adds an integration; of GitHub, with a secret of its own, unless told otherwise. */
export async function addHook(
  { daemon }: TestDaemon,
  given: Partial<NewHook> & { readonly id: string },
): Promise<Hook> {
  const { url, id } = await daemon.platform.webhooks.add({
    provider: 'github',
    secret: { from: 'value', value: hookSecret },
    settings: {},
    allowedEvents: [],
    allowedSources: [],
    enabled: true,
    ...given,
  });
  const secret = given.secret?.from === 'value' ? given.secret.value : hookSecret;
  return { id, secret, url, path: new URL(url).pathname };
}

export interface GithubDelivery {
  readonly body?: string;
  readonly delivery?: string;
  readonly event?: string;
  readonly secret?: string;
}

export const pushBody = JSON.stringify({
  ref: 'refs/heads/main',
  repository: { full_name: 'octocat/hello-world' },
  sender: { login: 'octocat' },
});

let deliveries = 0;

/** The headers that GitHub sends along with a body, signed by GitHub's own library. */
export async function githubHeaders({
  body = pushBody,
  delivery = `guid-${++deliveries}`,
  event = 'push',
  secret = hookSecret,
}: GithubDelivery = {}): Promise<Record<string, string>> {
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': delivery,
    'x-github-event': event,
    'x-github-hook-id': '292430182',
    'x-hub-signature-256': await sign(secret, body),
  };
}

export interface HookAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly status?: string | number;
    readonly code?: string;
    readonly reason?: string;
    readonly detail?: string;
    readonly delivery?: string;
    readonly event?: string;
  };
}

export async function postHook(
  url: string,
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer> = pushBody,
): Promise<HookAnswer> {
  const response = await fetch(url, { method: 'POST', headers, body });
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(await response.text()) as HookAnswer['body'],
  };
}

/** Posts as GitHub does. */
export async function postGithub(
  { url, secret }: Hook,
  given: GithubDelivery = {},
  extra: Record<string, string> = {},
): Promise<HookAnswer> {
  const headers = await githubHeaders({ secret, ...given });
  return postHook(url, { ...headers, ...extra }, given.body ?? pushBody);
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request as it goes over the wire. Without a length header of its own it gets the one that fits. */
export function rawRequest(
  line: string,
  headers: HeaderList | Readonly<Record<string, string>>,
  body: string | Buffer = '',
): Buffer {
  const given = headers instanceof Array ? headers : Object.entries(headers);
  const names = given.map(([name]) => name.toLowerCase());
  const hasLength = names.includes('content-length') || names.includes('transfer-encoding');
  const bytes = Buffer.from(body);
  const lines: HeaderList = [
    ...(names.includes('host') ? [] : [['host', 'hooks.test'] as const]),
    ...(hasLength ? [] : [['content-length', String(bytes.length)] as const]),
    ...given,
  ];
  const head = `${line} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

/** One request over a connection of its own. */
export async function send(url: string, data: Buffer | string): Promise<RawResponse> {
  const response = await exchange(url, data);
  if (!response) throw new Error('The connection ended without an answer.');
  return response;
}

export type Deliveries = Answer<'GET /webhooks/{id}/deliveries'>['items'];

/** What is kept of the requests to an integration, newest first. */
export async function deliveriesOf(daemon: TestDaemon, id: string): Promise<Deliveries> {
  const query = { limit: 500 };
  return (await daemon.api('GET /webhooks/{id}/deliveries', { params: { id }, query })).items;
}

/** The events that came in by an integration, newest first. */
export async function eventsOf(daemon: TestDaemon, id: string): Promise<Answer<'GET /inbox'>['items']> {
  const query = { limit: 500, source: `webhook:${id}` };
  return (await daemon.api('GET /inbox', { query })).items;
}
