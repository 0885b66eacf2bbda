import { afterEach, describe, expect, it } from 'vitest';
import { call } from './raw-client.ts';
import { closeScene, openScene, type Scene } from './scene.ts';

afterEach(closeScene);

function send({ fake, channel }: Scene, content = 'x') {
  return call(fake, 'POST', `/channels/${channel.id}/messages`, { json: { content } });
}

describe('a limit', () => {
  it('is told with every answer, and over it comes 429 until the window is over', async () => {
    const scene = await openScene();
    const first = await send(scene);
    scene.clock.advance(1_500);
    for (let nth = 2; nth <= 5; nth++) await send(scene);

    const over = await send(scene);
    scene.clock.advance(3_500);
    const after = await send(scene);

    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '4',
      'x-ratelimit-reset-after': '5.000',
      'x-ratelimit-reset': ((scene.clock.now() - 5_000 + 5_000) / 1_000).toFixed(3),
      'x-ratelimit-bucket': expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(over.status).toBe(429);
    expect(over.json).toEqual({ message: 'You are being rate limited.', retry_after: 3.5, global: false });
    expect(Object.fromEntries(over.headers)).toMatchObject({
      'retry-after': '4',
      'x-ratelimit-scope': 'user',
      'x-ratelimit-remaining': '0',
    });
    expect([after.status, after.headers.get('x-ratelimit-remaining')]).toEqual([200, '4']);
  });

  it('is each channel its own, under one bucket name', async () => {
    const scene = await openScene();
    const other = { ...scene, channel: scene.fake.addChannel(scene.guild) };
    for (let nth = 1; nth <= 5; nth++) await send(scene);

    const elsewhere = await send(other);
    const here = await send(scene);

    expect([elsewhere.status, here.status]).toEqual([200, 429]);
    expect(elsewhere.headers.get('x-ratelimit-bucket')).toBe(here.headers.get('x-ratelimit-bucket'));
  });

  it('is shared by routes of one bucket', async () => {
    const scene = await openScene();
    const { fake, channel, user } = scene;
    const { id } = fake.say({ channel, author: user, content: 'x' });
    const path = `/channels/${channel.id}/messages/${id}/reactions/${encodeURIComponent('👍')}/@me`;

    const put = await call(fake, 'PUT', path);
    const removed = await call(fake, 'DELETE', path);

    expect([put.status, removed.status]).toEqual([204, 429]);
  });

  it('over all routes is 50 in a second, but not for answers to interactions', async () => {
    const { fake, clock } = await openScene({ rateLimits: { scale: 1_000 } });
    for (let nth = 1; nth <= 50; nth++) await call(fake, 'GET', '/users/@me');

    const over = await call(fake, 'GET', '/users/@me');
    const exempt = await call(fake, 'POST', '/interactions/1/x/callback', { json: { type: 5 }, token: '' });
    clock.advance(1_000);
    const after = await call(fake, 'GET', '/users/@me');

    expect([over.status, over.json.global]).toEqual([429, true]);
    expect(over.headers.get('x-ratelimit-global')).toBe('true');
    expect(over.headers.get('x-ratelimit-scope')).toBe('global');
    expect(over.headers.get('x-ratelimit-bucket')).toBeNull();
    expect([exempt.status, after.status]).toEqual([404, 200]);
  });

  it('on invalid requests ends in a page that is not even JSON', async () => {
    const { fake, clock } = await openScene({ rateLimits: { invalidMax: 3 } });
    for (let nth = 1; nth <= 3; nth++) await call(fake, 'GET', '/users/@me', { token: 'Bot wrong' });

    const banned = await call(fake, 'GET', '/users/@me');
    clock.advance(600_000);
    const after = await call(fake, 'GET', '/users/@me');

    expect(banned.status).toBe(429);
    expect(banned.headers.get('content-type')).toContain('text/html');
    expect(banned.headers.get('retry-after')).toBe('600');
    expect(after.status).toBe(200);
  });

  it('on invalid requests does not count those on a shared resource', async () => {
    const scene = await openScene();
    scene.fake.faults.rest({ fault: { kind: 'rate_limit', scope: 'shared', retryAfterMs: 1_000 } });

    await send(scene);

    expect(scene.fake.rateLimits.invalidRequests).toBe(0);
  });
});

describe('a fault', () => {
  it.each([
    ['user', 'You are being rate limited.'],
    ['shared', 'The resource is being rate limited.'],
    ['global', 'You are being rate limited.'],
  ] as const)('can be a 429 of scope %s', async (scope, message) => {
    const scene = await openScene();
    scene.fake.faults.rest({
      fault: { kind: 'rate_limit', scope, retryAfterMs: 1_336_570, resetAfterMs: 64_570 },
    });

    const answer = await send(scene);

    expect(answer.status).toBe(429);
    expect(answer.json).toEqual({ message, retry_after: 1_336.57, global: scope === 'global' });
    expect(answer.headers.get('retry-after')).toBe('1337');
    expect(answer.headers.get('x-ratelimit-scope')).toBe(scope);
    expect(answer.headers.get('x-ratelimit-reset-after')).toBe(scope === 'global' ? null : '64.570');
    expect(scene.fake.messagesIn(scene.channel)).toEqual([]);
  });

  it.each([
    [{ kind: 'reset', applied: false }, 0],
    [{ kind: 'reset', applied: true }, 1],
    [{ kind: 'truncated' }, 1],
  ] as const)('can cut the connection: %o', async (fault, made) => {
    const scene = await openScene();
    scene.fake.faults.rest({ method: 'POST', fault });

    await expect(send(scene)).rejects.toThrow();

    expect(scene.fake.messagesIn(scene.channel)).toHaveLength(made);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])('can be a 502, applied %s', async (applied, made) => {
    const scene = await openScene();
    scene.fake.faults.rest({ fault: { kind: 'status', status: 502, applied } });

    const answer = await send(scene);

    expect(answer.status).toBe(502);
    expect(scene.fake.messagesIn(scene.channel)).toHaveLength(made);
  });

  it('can keep an answer back, or give none at all', async () => {
    const scene = await openScene();
    scene.fake.faults.rest({ fault: { kind: 'slow', ms: 5_000 } });
    scene.fake.faults.rest({ fault: { kind: 'hang', applied: true } });
    const slow = send(scene, 'slow');
    await scene.fake.until(() => scene.fake.messagesIn(scene.channel).length === 1);
    const hanging = send(scene, 'hanging');
    await scene.fake.until(() => scene.fake.messagesIn(scene.channel).length === 2);

    scene.clock.advance(5_000);

    expect((await slow).status).toBe(200);
    expect(scene.fake.requests.all.map(({ status, fault }) => [status, fault])).toEqual([
      [200, 'slow'],
      [undefined, 'hang'],
    ]);
    await scene.fake.stop();
    await expect(hanging).rejects.toThrow();
  });

  it('waits for the request that it is meant for', async () => {
    const scene = await openScene();
    scene.fake.faults.rest({
      method: 'POST',
      route: '/channels/{channel}/messages',
      match: ({ json }) => (json as { content?: string }).content === 'this one',
      fault: { kind: 'garbage' },
    });

    const other = await send(scene, 'another');
    const meant = await send(scene, 'this one');
    const again = await send(scene, 'this one');

    expect([other.status, again.status]).toEqual([200, 200]);
    expect(meant.text).toContain('<html>');
    expect(scene.fake.faults.restPending).toBe(0);
  });
});

describe('what was asked', () => {
  it('is kept with its parts and its answer', async () => {
    const scene = await openScene();

    await send(scene, 'hello');

    expect(scene.fake.requests.all).toMatchObject([
      {
        method: 'POST',
        path: `/channels/${scene.channel.id}/messages`,
        route: '/channels/{channel}/messages',
        params: { channel: scene.channel.id },
        json: { content: 'hello' },
        bot: scene.fake.bot,
        status: 200,
      },
    ]);
  });
});
