import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, ok } from '../../../../test/support/egress.ts';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { Secret } from '../../../lib/secret.ts';
import type { RestAnswer, RestRequest } from './request.ts';
import { followUp, http, patch, post, restAt, serve, signal } from './rest.fixture.ts';
import type { Rest } from './rest.ts';

afterEach(closeAll);

describe('refusals', () => {
  const unauthorized = http(401, { code: 0, message: '401: Unauthorized' });

  it('of the token stop everything at the first, until there is another token', async () => {
    const server = await serve(unauthorized, ok('{"id":"5"}'));
    let token = 'the-old-token';
    const rest = restAt(server.port, { token: async () => new Secret(token) });

    const first = await rest.call(post(), signal);
    const second = await rest.call(post({ params: { channel: '2' } }), signal);
    const unauthorizedThen = rest.snapshot().unauthorized;
    token = 'the-new-token';
    const third = await rest.call(post(), signal);

    expect([first, second]).toMatchObject([
      { kind: 'refused', status: 401, sent: true },
      { kind: 'refused', status: 401, sent: false },
    ]);
    expect(third.kind).toBe('ok');
    expect(server.requests).toHaveLength(2);
    expect([unauthorizedThen, rest.snapshot().unauthorized]).toEqual([true, false]);
  });

  it('of the token of an interaction stop nothing else', async () => {
    const server = await serve(http(401, { code: 50027, message: 'x' }), ok('{"id":"5"}'));
    const rest = restAt(server.port);

    await rest.call(followUp('t'), signal);
    const answer = await rest.call(post(), signal);

    expect(answer.kind).toBe('ok');
  });

  const forbidden = http(403, { code: 50013, message: 'x' });

  async function callTwice(
    first: RestRequest,
    second: RestRequest,
    answer: string,
  ): Promise<readonly [RestAnswer, number]> {
    const server = await serve(answer);
    const rest = restAt(server.port);
    await rest.call(first, signal);
    return [await rest.call(second, signal), server.requests.length];
  }

  it('for want of a permission are remembered for the channel and the operation', async () => {
    const [answer, requests] = await callTwice(post(), post({ json: { content: 'again' } }), forbidden);

    expect(answer).toMatchObject({ kind: 'refused', status: 403, code: 50013, sent: false });
    expect(requests).toBe(1);
  });

  it.each([
    ['another channel', post({ params: { channel: '2' } })],
    ['another operation', patch('7')],
    ['a message of another kind', post({ json: { content: 'x', embeds: [] } })],
    [
      'a message with a file',
      post({ files: [{ name: 'a', contentType: 'text/plain', bytes: Buffer.from('') }] }),
    ],
  ])('say nothing of %s', async (_what, second) => {
    const [, requests] = await callTwice(post(), second, forbidden);

    expect(requests).toBe(2);
  });

  it.each([
    [
      'what a message says',
      http(403, { code: 20009, message: 'x' }),
      post(),
      post({ json: { content: 'better' } }),
      2,
    ],
    ['one message', http(403, { code: 50005, message: 'x' }), patch('7'), patch('8'), 2],
    ['the same message', http(403, { code: 50005, message: 'x' }), patch('7'), patch('7'), 1],
    ['a user, who is not in the path', http(403, { code: 50007, message: 'x' }), dm('1'), dm('2'), 2],
  ] as const)('about %s are remembered as just that', async (_what, answer, first, second, expected) => {
    const [, requests] = await callTwice(first, second, answer);

    expect(requests).toBe(expected);
  });

  function dm(user: string): RestRequest {
    return post({ route: '/users/@me/channels', params: {}, json: { recipient_id: user } });
  }

  it.each([
    ['after a minute', (rest: Rest, clock: ManualClock) => (clock.advance(60_000), rest)],
    ['when the channel changes', (rest: Rest) => (rest.forgetRefusals('1'), rest)],
    ['when roles change', (rest: Rest) => (rest.forgetRefusals(), rest)],
  ])('are asked again %s', async (_when, change) => {
    const clock = new ManualClock();
    const server = await serve(forbidden, ok('{"id":"5"}'));
    const rest = restAt(server.port, { clock });
    await rest.call(post(), signal);

    const answer = await change(rest, clock).call(post(), signal);

    expect(answer.kind).toBe('ok');
  });

  it('stay when another channel changes', async () => {
    const server = await serve(forbidden);
    const rest = restAt(server.port);
    await rest.call(post(), signal);

    rest.forgetRefusals('2');

    expect(await rest.call(post(), signal)).toMatchObject({ sent: false });
  });

  it('never come near the number that bans an address', async () => {
    const clock = new ManualClock();
    const server = await serve(forbidden);
    const rest = restAt(server.port, { clock });

    let last: RestAnswer | undefined;
    for (let channel = 1; channel <= 1_100; channel++) {
      last = await rest.call(post({ params: { channel: `${channel}` } }), signal);
      clock.advance(100);
    }

    expect(last).toMatchObject({ kind: 'wait', scope: 'budget', sent: false });
    expect(server.requests).toHaveLength(1_000);
  });
});
