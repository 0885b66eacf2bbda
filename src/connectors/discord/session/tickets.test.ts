import { describe, expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import type { InteractionTicket } from '../inbound/interaction-ticket.ts';
import type { RestAnswer } from '../rest/request.ts';
import { applicationId, lost, ok, refused, SessionBench, wait } from './session.fixture.ts';
import { noteOf, Tickets } from './tickets.ts';

const route = '/interactions/{interaction}/{token}/callback';

function open(kind: InteractionTicket['kind'] = 'command', fields: Partial<InteractionTicket> = {}) {
  const bench = new SessionBench();
  const now = bench.clock.now();
  const ticket: InteractionTicket = {
    handle: 'interaction:1',
    kind,
    id: '1',
    applicationId,
    token: 'the-interaction-token',
    acknowledgeBy: now + 3_000,
    expiresAt: now + 900_000,
    ...fields,
  };
  const tickets = new Tickets(bench.host, bench.rest);
  const acknowledge = (): Promise<void> => tickets.acknowledge(ticket);
  return { bench, tickets, ticket, acknowledge };
}

describe('an interaction', () => {
  it.each([
    ['command', { type: 5 }],
    ['form', { type: 5 }],
    ['component', { type: 6 }],
    ['autocomplete', { type: 8, data: { choices: [] } }],
  ] as const)('of the kind %s is acknowledged as Discord wants it', async (kind, json) => {
    const { bench, acknowledge } = open(kind);

    await acknowledge();

    expect(bench.rest.requests).toMatchObject([
      { method: 'POST', route, json, auth: 'none', params: { token: 'the-interaction-token' } },
    ]);
  });

  it('that came too late is answered so, to that person alone', async () => {
    const { bench, acknowledge } = open('component', { isTooLate: true });

    await acknowledge();

    expect(bench.rest.requests).toMatchObject([
      { route, json: { type: 4, data: { content: 'This has expired. Ask again.', flags: 64 } } },
    ]);
    expect(bench.log.eventsAt('info')).toEqual(['interaction.expired']);
  });

  it.each([
    ['the answer is lost', lost],
    ['it is held back', wait(200)],
  ])('is acknowledged again when %s', async (_what, answer) => {
    const { bench, acknowledge } = open();
    bench.rest.fail(route, answer, 2);

    const done = acknowledge();
    await bench.clock.pass(1_000);
    await done;

    expect(bench.rest.requests).toHaveLength(3);
    expect(bench.log.lines).toEqual([]);
  });

  it('is acknowledged when the platform says that it was before', async () => {
    const { bench, acknowledge } = open();
    bench.rest.fail(route, refused(400, 40_060));

    await acknowledge();

    expect(bench.log.lines).toEqual([]);
  });

  it('does not wait for an answer that does not come: the next try says whether it arrived', async () => {
    const { bench, acknowledge } = open();
    let tries = 0;
    const hang = Promise.withResolvers<RestAnswer>();
    bench.rest.answers.push(() => (tries++ === 0 ? hang.promise : refused(400, 40_060)));

    const done = acknowledge();
    await bench.clock.pass(1_499);
    const early = tries;
    hang.resolve(lost);
    await bench.clock.pass(500);
    await done;

    expect([early, tries]).toEqual([1, 2]);
  });

  it('is given up when its three seconds are over', async () => {
    const { bench, tickets, ticket, acknowledge } = open();
    await bench.notes.put(noteOf(ticket));
    bench.rest.fail(route, lost, 100);

    const done = acknowledge();
    await bench.clock.pass(3_000);
    await done;

    expect(bench.log.eventsAt('warn')).toEqual(['interaction.not_acknowledged']);
    expect(bench.rest.requests.length).toBeGreaterThan(3);
    expect(await tickets.find(ticket.handle)).toBeDefined();
  });

  it('is forgotten when the platform does not know it any more', async () => {
    const { bench, tickets, ticket, acknowledge } = open();
    await bench.notes.put(noteOf(ticket));
    bench.rest.fail(route, refused(404, 10_062));

    await acknowledge();

    expect(await tickets.find(ticket.handle)).toBeUndefined();
    expect(bench.rest.requests).toHaveLength(1);
  });

  it('is remembered for as long as it can be answered', async () => {
    const { bench, tickets, ticket } = open();
    await bench.notes.put(noteOf(ticket));

    const before = await tickets.find(ticket.handle);
    bench.clock.advance(900_000);

    expect(before).toMatchObject({ id: '1', token: 'the-interaction-token', kind: 'command' });
    expect(await tickets.find(ticket.handle)).toBeUndefined();
  });

  it('is answered after its acknowledgement, and not before', async () => {
    const { bench, tickets, ticket, acknowledge } = open();
    await bench.notes.put(noteOf(ticket));
    const acknowledged = Promise.withResolvers<RestAnswer>();
    bench.rest.answers.push(() => acknowledged.promise);
    void acknowledge();
    let recalled = false;

    const recall = tickets.recall(ticket.handle).then((found) => {
      recalled = true;
      return found;
    });
    await settled();
    const early = recalled;
    acknowledged.resolve(ok(undefined));

    expect(await recall).toMatchObject({ id: '1' });
    expect(early).toBe(false);
  });

  it('is waited for until it is acknowledged, or its three seconds are over', async () => {
    const { bench, tickets, acknowledge } = open('command', { acknowledgeBy: Infinity });
    bench.rest.fail(route, lost, 100);
    let isOver = false;

    void acknowledge();
    const over = tickets.acknowledged().then(() => (isOver = true));
    await bench.clock.pass(2_900);
    const early = isOver;
    await bench.clock.pass(100);
    await over;

    expect(early).toBe(false);
    await expect(tickets.acknowledged()).resolves.toBeUndefined();
  });

  it('keeps who has answered it', async () => {
    const { bench, tickets, ticket } = open();
    await bench.notes.put(noteOf(ticket));
    const known = await tickets.find(ticket.handle);

    await tickets.claim(ticket.handle, known!, 'turn_1:0:0');

    expect(await tickets.find(ticket.handle)).toMatchObject({ answeredBy: 'turn_1:0:0' });
    await tickets.forget(ticket.handle);
    expect(await tickets.find(ticket.handle)).toBeUndefined();
  });

  it('of which something else is noted is not known', async () => {
    const { bench, tickets } = open();
    await bench.notes.put({ key: 'interaction:1', value: '{"id":7}' });

    expect(await tickets.find('interaction:1')).toBeUndefined();
    expect(await tickets.find('interaction:2')).toBeUndefined();
  });
});
