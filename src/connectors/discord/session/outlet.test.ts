import { describe, expect, it } from 'vitest';
import type { UncertainPart } from '../../../domain/outbound.ts';
import { Outlet } from './outlet.ts';
import { applicationId, channel, connector, lost, ok, selfId, SessionBench } from './session.fixture.ts';
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
    bench,
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
