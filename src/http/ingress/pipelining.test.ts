import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  eventsOf,
  githubHeaders,
  type Hook,
  pushBody,
  rawRequest,
} from '../../../test/support/hooks.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import { openConnection } from '../../../test/support/raw-http.ts';
import { gate, StoreFaults } from '../../../test/support/store-faults.ts';

const faults = new StoreFaults();
let daemon: TestDaemon;
let hook: Hook;

beforeAll(async () => {
  daemon = await openDaemon({ wrapStore: faults.wrap });
  hook = await addHook(daemon, { id: 'piped' });
});
afterEach(() => faults.mend());
afterAll(closeAll);

const broken = Buffer.from('THIS IS NO HTTP\r\n\r\n');

async function signed(delivery: string): Promise<Buffer> {
  const body = JSON.stringify({ ...(JSON.parse(pushBody) as object), delivery });
  return rawRequest(`POST ${hook.path}`, await githubHeaders({ delivery, body }), body);
}

function chunked(path: string): Buffer {
  return rawRequest(`POST ${path}`, { 'transfer-encoding': 'chunked' }, 'no length\r\n');
}

function unsigned(): Buffer {
  return rawRequest(`POST ${hook.path}`, { 'x-github-event': 'push' }, '{}');
}

function rejections(): number {
  return daemon.lines.filter(({ event }) => event === 'webhook.rejected').length;
}

describe('requests in a row on one connection', () => {
  it('are answered in their order', async () => {
    const connection = await openConnection(daemon.ingressUrl);

    await connection.write(Buffer.concat([await signed('row-1'), unsigned(), await signed('row-2')]));
    const answers = [await connection.response(), await connection.response(), await connection.response()];

    expect(answers.map((answer) => answer?.status)).toEqual([202, 401, 202]);
  });

  it.each([
    ['is no HTTP', () => broken],
    ['has a broken body', () => chunked(hook.path)],
    ['has a broken body that nobody reads', () => chunked('/nowhere')],
    ['has too many headers', () => rawRequest('GET /healthz', { x: 'x'.repeat(20_000) })],
  ])('are all answered when the next one %s', async (_what, next) => {
    const connection = await openConnection(daemon.ingressUrl);

    await connection.write(Buffer.concat([await signed('cut-1'), await signed('cut-2'), next()]));
    const answers = [await connection.response(), await connection.response()];
    await connection.ended;

    expect(answers.map((answer) => answer?.status)).toEqual([202, 202]);
    expect(connection.rest.match(/HTTP\/1\.1 (?!404)/g)).toBeNull();
  });

  it('are answered when a later one is done first, and only then something broken follows', async () => {
    const { wait, open } = gate();
    faults.before('inbox.accept', wait);
    const connection = await openConnection(daemon.ingressUrl);
    const earlier = rejections();

    await connection.write(Buffer.concat([await signed('late-1'), unsigned()]));
    await until(() => rejections() > earlier || undefined);
    await settled();
    await connection.write(broken);
    await settled();
    await connection.write(broken);
    await settled();
    open();
    const answers = [await connection.response(), await connection.response()];
    await connection.ended;

    expect(answers.map((answer) => answer?.status)).toEqual([202, 401]);
  });

  it('get nothing but a bare refusal when the first of them is broken', async () => {
    const connection = await openConnection(daemon.ingressUrl);
    const earlier = await eventsOf(daemon, 'piped');

    await connection.write(Buffer.concat([broken, await signed('after-broken')]));
    const answer = await connection.response();
    await connection.ended;

    expect(answer).toMatchObject({ status: 400, body: '' });
    expect(connection.rest).toBe('');
    expect(await eventsOf(daemon, 'piped')).toHaveLength(earlier.length);
  });
});
