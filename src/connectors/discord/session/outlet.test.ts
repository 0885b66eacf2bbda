import { describe, expect, it } from 'vitest';
import type { UncertainPart } from '../../../domain/outbound.ts';
import { Outlet } from './outlet.ts';
import {
  applicationId,
  channel,
  connector,
  lost,
  ok,
  refused,
  selfId,
  SessionBench,
} from './session.fixture.ts';
import { noteOf, Tickets } from './tickets.ts';

const original = '/webhooks/{application}/{token}/messages/@original';
const handle = 'interaction:1';
const minuteMs = 60_000;

/** A command that was answered ten minutes after it was given, and the answer to that got lost. */
async function openLost() {
  const bench = new SessionBench();
  const { clock, rest, directory, closing } = bench;
  const placeId = bench.idAt(0);
  rest.channels.set(channel, { id: channel, type: 0 });
  const tickets = new Tickets(bench.host, rest);
  const expiresAt = clock.now() + 15 * minuteMs;
  const ticket = { handle, kind: 'command', id: '1', applicationId, token: 'the-interaction-token' } as const;
  await bench.notes.put(noteOf({ ...ticket, acknowledgeBy: clock.now() + 3_000, expiresAt }));
  const outlet = new Outlet({ host: bench.host, rest, directory, tickets, selfId });
  clock.advance(10 * minuteMs);
  const part: UncertainPart = {
    id: 'prt_1' as UncertainPart['id'],
    message: 'msg_1' as UncertainPart['message'],
    key: 'turn_1:0:0',
    address: { connector, conversation: channel, handle },
    operation: { op: 'send', text: 'Done.' },
    ...{ part: 1, parts: 1, attempt: 1, possibleDuplicate: false },
    firstAttemptAt: clock.now(),
  };
  rest.fail(original, lost);
  const first = await outlet.send(part, closing.signal);
  expect(first.kind).toBe('unknown');
  const repeat = { ...part, attempt: 2 };
  return {
    ...{ bench, outlet, part },
    /** What stands where "is thinking" stood, with the answer in it. */
    placed: bench.message(placeId, { type: 20, content: 'Done.', author: { id: selfId, username: 'bot' } }),
    placeId,
    resolve: () => outlet.resolveUnknown(repeat, closing.signal),
    send: (uncertain: boolean) => outlet.send({ ...repeat, uncertain }, closing.signal),
  };
}

describe('an answer to a command that may have arrived', () => {
  it('is not looked for as long as a repeat takes the same place', async () => {
    const { bench, resolve, send } = await openLost();
    bench.rest.fail(original, ok({ id: '77' }));

    const resolved = await resolve();
    const again = await send(true);

    expect(resolved).toEqual({ kind: 'repeatable' });
    expect(again).toEqual({ kind: 'delivered', platformIds: ['77'] });
    expect(bench.rest.requests.map(({ method }) => method)).toEqual(['PATCH', 'PATCH']);
  });

  it('is found when that time is over, in the place that is as old as the command', async () => {
    const { bench, placed, placeId, resolve, send } = await openLost();
    bench.clock.advance(5 * minuteMs);
    bench.rest.history.set(channel, [bench.message(bench.idAt(minuteMs)), placed]);

    const unseen = await send(true);
    const resolved = await resolve();

    expect(unseen).toMatchObject({ kind: 'retry', code: 'answer_lost', deferral: true });
    expect(resolved).toEqual({ kind: 'delivered', platformIds: [placeId] });
    expect(bench.rest.requests.map(({ method }) => method)).toEqual(['PATCH', 'GET', 'GET']);
  });

  it('comes in the channel when that time is over and it was not found', async () => {
    const { bench, resolve, send } = await openLost();
    bench.clock.advance(5 * minuteMs);
    bench.rest.history.set(channel, [bench.message(bench.idAt(minuteMs))]);
    bench.rest.fail('/channels/{channel}/messages', ok([bench.message(bench.idAt(minuteMs))]));
    bench.rest.fail('/channels/{channel}/messages', ok({ id: '78' }));

    const resolved = await resolve();
    const sent = await send(false);

    expect(resolved).toEqual({ kind: 'absent' });
    expect(sent).toEqual({ kind: 'delivered', platformIds: ['78'] });
  });
});

describe('what follows the answer to a command', () => {
  const follow = '/webhooks/{application}/{token}';
  const toChannel = '/channels/{channel}/messages';

  async function openFollowing(answer = refused(403, 50_013)) {
    const lostOne = await openLost();
    const { bench, outlet } = lostOne;
    bench.rest.fail(toChannel, answer, 100);
    const later = { ...lostOne.part, key: 'turn_1:1:0', operation: { op: 'send', text: 'More.' } as const };
    const before = bench.rest.requests.length;
    return {
      bench,
      send: (fields: Partial<UncertainPart> = {}) =>
        outlet.send({ ...later, ...fields }, bench.closing.signal),
      resolve: () => outlet.resolveUnknown(later, bench.closing.signal),
      asked: () => bench.rest.requests.slice(before).map(({ method, route }) => `${method} ${route}`),
    };
  }

  it.each([
    [403, 50_001],
    [403, 50_013],
    [404, 10_003],
  ])('is sent by its token where the channel does not take it (%i, %i)', async (status, code) => {
    const { bench, send, asked } = await openFollowing(refused(status, code));
    bench.rest.fail(follow, ok({ id: '79' }));

    const outcome = await send();

    expect(outcome).toEqual({ kind: 'delivered', platformIds: ['79'] });
    expect(asked()).toEqual([`POST ${toChannel}`, `POST ${follow}`]);
    expect(bench.rest.requests.at(-1)).toMatchObject({ json: { content: 'More.' }, auth: 'none' });
  });

  it('is not sent again without being looked for, when that answer is lost', async () => {
    const { bench, send, resolve, asked } = await openFollowing();
    bench.rest.fail(follow, lost);

    const outcome = await send();
    const resolved = await resolve();

    expect([outcome.kind, resolved.kind]).toEqual(['unknown', 'unresolved']);
    expect(asked()).toEqual([
      `POST ${toChannel}`,
      `POST ${follow}`,
      'GET /channels/{channel}',
      `GET ${toChannel}`,
    ]);
  });

  it('is labelled when it may be a repeat', async () => {
    const { bench, send } = await openFollowing();
    bench.rest.fail(follow, ok({ id: '79' }));

    await send({ possibleDuplicate: true });

    expect(bench.rest.requests.at(-1)).toMatchObject({ json: { content: '(possibly a repeat) More.' } });
  });

  it.each<[string, Partial<UncertainPart>]>([
    ['when an earlier try may have reached the channel', { uncertain: true }],
    ['when nobody waits for it', { address: { connector, conversation: channel } }],
  ])('stays refused %s', async (_when, fields) => {
    const { send, asked } = await openFollowing();

    expect(await send(fields)).toMatchObject({ kind: 'rejected', code: 'permission_missing' });
    expect(asked()).toEqual([`POST ${toChannel}`]);
  });

  it('stays refused when the time for it is over', async () => {
    const { bench, send } = await openFollowing();
    bench.rest.fail(follow, refused(401, 50_027));

    expect(await send()).toMatchObject({ kind: 'rejected', code: 'permission_missing' });
  });
});
