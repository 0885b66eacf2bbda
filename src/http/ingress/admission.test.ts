import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  addHook,
  deliveriesOf,
  eventsOf,
  type Hook,
  type HookAnswer,
  postGithub,
  pushBody,
  githubHeaders,
  rawRequest,
  send,
} from '../../../test/support/hooks.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await openDaemon({ config: { trustedProxies: ['127.0.0.0/8'] } });
});
afterAll(closeAll);

function verdictOf({ status, body }: HookAnswer): [number, string | undefined] {
  return [status, body.code ?? (body.status as string | undefined)];
}

describe('allowed sources', () => {
  const from = (hook: Hook, forwarded: string): Promise<HookAnswer> =>
    postGithub(hook, {}, { 'x-forwarded-for': forwarded });

  it('are told by the address that a trusted proxy vouches for', async () => {
    const hook = await addHook(daemon, {
      id: 'sources',
      allowedSources: ['203.0.113.0/24', '2001:db8::/32'],
    });

    const answers = [
      await from(hook, '198.51.100.7'),
      await from(hook, '203.0.113.9, 198.51.100.7'),
      await from(hook, '2001:db9::1'),
      await postGithub(hook),
      await from(hook, '198.51.100.7, 203.0.113.9'),
      await from(hook, '2001:db8::1'),
    ];

    expect(answers.map(verdictOf)).toEqual([
      [403, 'source_not_allowed'],
      [403, 'source_not_allowed'],
      [403, 'source_not_allowed'],
      [403, 'source_not_allowed'],
      [202, 'accepted'],
      [202, 'duplicate'],
    ]);
    expect((await deliveriesOf(daemon, 'sources')).map(({ remoteAddress }) => remoteAddress)).toEqual([
      '2001:db8::1',
      '203.0.113.9',
      '127.0.0.1',
      '2001:db9::1',
      '198.51.100.7',
      '198.51.100.7',
    ]);
  });

  it('are told by the header as a whole, however often it comes', async () => {
    const hook = await addHook(daemon, { id: 'split', allowedSources: ['203.0.113.0/24'] });
    const own = Object.entries(await githubHeaders());

    const { status } = await send(
      hook.url,
      rawRequest(
        `POST ${hook.path}`,
        [['x-forwarded-for', '203.0.113.9'], ...own, ['X-Forwarded-For', '198.51.100.7']],
        pushBody,
      ),
    );

    expect(status).toBe(403);
  });

  it('are told by the socket alone when no proxy is trusted', async () => {
    const plain = await openDaemon();
    const hook = await addHook(plain, { id: 'direct', allowedSources: ['203.0.113.0/24'] });
    const open = await addHook(plain, { id: 'local', allowedSources: ['127.0.0.1'] });

    const answers = [await from(hook, '203.0.113.9'), await from(open, '203.0.113.9')];

    expect(answers.map(({ status }) => status)).toEqual([403, 202]);
    await plain.stop();
  });
});

describe('allowed events', () => {
  it('let others pass without a trace in the inbox, but not without one', async () => {
    const hook = await addHook(daemon, { id: 'events', allowedEvents: ['push'] });

    const ignored = await postGithub(hook, { event: 'star', body: '{"star":1}' });
    const taken = await postGithub(hook, { event: 'push' });
    const why = await daemon.api('GET /why/{id}', { params: { id: ignored.body.delivery ?? '' } });

    expect([ignored.status, ignored.body.status, ignored.body.reason]).toEqual([
      202,
      'ignored',
      'event_not_allowed',
    ]);
    expect(taken.body.status).toBe('accepted');
    expect(await eventsOf(daemon, 'events')).toHaveLength(1);
    expect(why).toMatchObject({ state: 'ignored', reason: 'event_not_allowed' });
  });

  it('are asked only of who has a good signature', async () => {
    const hook = await addHook(daemon, { id: 'events-first', allowedEvents: ['push'] });

    const answer = await postGithub(hook, { event: 'star', secret: 'a guess' });

    expect(verdictOf(answer)).toEqual([401, 'signature_mismatch']);
  });

  it('let nothing pass that changes its event to be let pass', async () => {
    const hook = await addHook(daemon, { id: 'renamed', allowedEvents: ['push'] });
    const ignored = await postGithub(hook, { event: 'star', delivery: 'guid-star' });

    const replay = daemon.api('POST /deliveries/{id}/replay', {
      params: { id: ignored.body.delivery ?? '' },
    });

    await expect(replay).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('an integration that is switched off', () => {
  it('refuses, keeps what it refused, and takes it up when switched on', async () => {
    const hook = await addHook(daemon, { id: 'off', enabled: false });
    const params = { id: 'off' };

    const refused = await postGithub(hook, { delivery: 'guid-off' });
    const tooEarly = daemon.api('POST /deliveries/{id}/replay', {
      params: { id: refused.body.delivery ?? '' },
    });
    await expect(tooEarly).rejects.toMatchObject({ code: 'conflict' });
    await daemon.api('POST /webhooks/{id}/enable', { params });
    const taken = await postGithub(hook, { delivery: 'guid-on', body: '{"on":1}' });
    const { event } = await daemon.api('POST /deliveries/{id}/replay', {
      params: { id: refused.body.delivery ?? '' },
    });
    const again = await postGithub(hook, { delivery: 'guid-off' });

    expect(verdictOf(refused)).toEqual([403, 'integration_disabled']);
    expect(verdictOf(taken)).toEqual([202, 'accepted']);
    expect(await daemon.traceUntil(event)).toMatchObject({ state: 'delivered' });
    expect(verdictOf(again)).toEqual([202, 'duplicate']);
  });

  it('that was removed is not there', async () => {
    const hook = await addHook(daemon, { id: 'gone' });

    await daemon.api('DELETE /webhooks/{id}', { params: { id: 'gone' } });
    const answer = await postGithub(hook);

    expect(verdictOf(answer)).toEqual([404, 'not_found']);
  });
});

describe('a new secret', () => {
  const rotate = (id: string, value: string, overlapMs: number): Promise<unknown> =>
    daemon.api('POST /webhooks/{id}/rotate', {
      params: { id },
      body: { what: 'secret', secret: { from: 'value', value }, overlapMs },
    });
  let bodies = 0;
  const sign = (hook: Hook, secret: string): Promise<HookAnswer> =>
    postGithub(hook, { secret, body: JSON.stringify({ n: ++bodies }) });

  it('is good beside the old one for as long as was said, and it shows which one signed', async () => {
    const hook = await addHook(daemon, { id: 'both' });

    await rotate('both', 'the second secret', 3_600_000);
    const answers = [await sign(hook, hook.secret), await sign(hook, 'the second secret')];
    const used = (await deliveriesOf(daemon, 'both')).map(({ secretRef }) => secretRef);

    expect(answers.map(verdictOf)).toEqual([
      [202, 'accepted'],
      [202, 'accepted'],
    ]);
    expect(used[1]).toBe('webhook:both/secret');
    expect(used[0]).toMatch(/^webhook:both\/secret_/);
  });

  it('is the only one when the time of the old one is over', async () => {
    const hook = await addHook(daemon, { id: 'over' });

    await rotate('over', 'the second secret', 50);
    const refused = await until(async () => {
      const answer = await sign(hook, hook.secret);
      return answer.status === 202 ? undefined : answer;
    });

    expect(verdictOf(refused)).toEqual([401, 'signature_mismatch']);
    expect(verdictOf(await sign(hook, 'the second secret'))).toEqual([202, 'accepted']);
  });

  it('leaves the address as it was', async () => {
    const hook = await addHook(daemon, { id: 'stays' });

    await rotate('stays', 'the second secret', 0);
    const { url } = await daemon.api('GET /webhooks/{id}', { params: { id: 'stays' } });

    expect(url).toBe(hook.url);
  });
});
