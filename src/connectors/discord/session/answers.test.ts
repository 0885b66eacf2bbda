import { describe, expect, it } from 'vitest';
import type { OutboundOperation, OutboundPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import type { InteractionTicket } from '../inbound/interaction-ticket.ts';
import { Answers } from './answers.ts';
import {
  applicationId,
  channel,
  connector,
  lost,
  ok,
  refused,
  SessionBench,
  wait,
} from './session.fixture.ts';
import { noteOf, Tickets } from './tickets.ts';

const route = '/webhooks/{application}/{token}/messages/@original';
const handle = 'interaction:1';

async function open(kind: InteractionTicket['kind'] = 'command') {
  const bench = new SessionBench();
  const tickets = new Tickets(bench.host, bench.rest);
  const now = bench.clock.now();
  await bench.notes.put(
    noteOf({
      handle,
      kind,
      id: '1',
      applicationId,
      token: 'the-interaction-token',
      acknowledgeBy: now + 3_000,
      expiresAt: now + 900_000,
    }),
  );
  let canBeEdited = true;
  const answers = new Answers({
    rest: bench.rest,
    tickets,
    clock: bench.clock,
    bodyOf: ({ operation }) => (canBeEdited && 'text' in operation ? { content: operation.text } : undefined),
  });
  const send = (
    fields: Partial<OutboundPart> = {},
    operation: OutboundOperation = { op: 'send', text: 'hello' },
  ): Promise<DeliveryOutcome | undefined> => answers.send(part(operation, fields), bench.closing.signal);
  const firstAttemptAt = now;
  const isRepeatable = (fields: Partial<OutboundPart> = {}): Promise<boolean> =>
    answers.isRepeatable({ ...part({ op: 'send', text: 'hello' }, fields), firstAttemptAt });
  return { bench, tickets, send, isRepeatable, setFiles: () => (canBeEdited = false) };
}

function part(operation: OutboundOperation, fields: Partial<OutboundPart>): OutboundPart {
  return {
    id: 'prt_1' as OutboundPart['id'],
    message: 'msg_1' as OutboundPart['message'],
    key: 'turn_1:0:0',
    address: { connector, conversation: channel, handle },
    operation,
    part: 1,
    parts: 1,
    attempt: 1,
    possibleDuplicate: false,
    ...fields,
  };
}

describe('the answer to a command', () => {
  it('takes the place of "is thinking"', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, ok({ id: '77' }));

    const outcome = await send();

    expect(outcome).toEqual({ kind: 'delivered', platformIds: ['77'] });
    expect(bench.rest.requests).toMatchObject([
      {
        method: 'PATCH',
        route,
        params: { application: applicationId, token: 'the-interaction-token' },
        json: { content: 'hello' },
        auth: 'none',
      },
    ]);
  });

  it('takes it also when it is about a message, as of a form or a menu', async () => {
    const { bench, send } = await open('form');
    bench.rest.fail(route, ok({ id: '77' }));

    const outcome = await send({ address: { connector, conversation: channel, handle, message: '5' } });

    expect(outcome).toMatchObject({ kind: 'delivered' });
  });

  it('takes it again when the first try may not have arrived', async () => {
    const { bench, send, isRepeatable } = await open();
    bench.rest.fail(route, lost);
    const first = await send();
    const repeatable = await isRepeatable();
    bench.rest.fail(route, ok({ id: '77' }));

    const second = await send({ attempt: 2, uncertain: true });

    expect([first?.kind, repeatable]).toEqual(['unknown', true]);
    expect(second).toEqual({ kind: 'delivered', platformIds: ['77'] });
  });

  it('is no repeat of the same any more when its life is over, and has to be looked up', async () => {
    const { bench, send, isRepeatable } = await open();
    bench.rest.fail(route, lost);
    await send();
    bench.clock.advance(900_000);

    expect(await isRepeatable()).toBe(false);
  });

  it.each([
    [404, 10_015],
    [401, 50_027],
    [404, 10_008],
  ])(
    'is looked for before it goes to the channel, when an earlier try may have arrived (%i, %i)',
    async (status, code) => {
      const { bench, send, isRepeatable } = await open();
      bench.rest.fail(route, lost);
      await send();
      bench.rest.fail(route, refused(status, code));

      const second = await send({ attempt: 2, uncertain: true });
      const repeatable = await isRepeatable();
      const third = await send({ attempt: 2, uncertain: false });

      expect(second).toMatchObject({ kind: 'retry', code: 'answer_lost', deferral: true, afterMs: 0 });
      expect([repeatable, third]).toEqual([false, undefined]);
    },
  );

  it('is looked for too when its life has ended meanwhile', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, lost);
    await send();
    bench.clock.advance(900_000);

    const second = await send({ attempt: 2, uncertain: true });

    expect(second).toMatchObject({ kind: 'retry', code: 'answer_lost', deferral: true });
    expect(bench.rest.requests).toHaveLength(1);
  });

  it.each([
    ['of a button', 'component', {}],
    ['of the messages after the first', 'command', { key: 'turn_1:1:0' }],
  ] as const)(
    'is known by its nonce in the channel, for as long as the platform keeps that: %s',
    async (_which, kind, fields) => {
      const { bench, send, isRepeatable } = await open(kind);
      bench.rest.fail(route, ok({ id: '77' }));
      await send();

      const early = await isRepeatable(fields);
      bench.clock.advance(120_000);

      expect([early, await isRepeatable(fields)]).toEqual([true, false]);
    },
  );

  it('leaves the place to the first message: the others go to the channel', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, ok({ id: '77' }));
    await send();

    const second = await send({ key: 'turn_1:1:0' });

    expect(second).toBeUndefined();
    expect(bench.rest.requests).toHaveLength(1);
  });

  it('claims the place before it takes it', async () => {
    const { bench, tickets, send } = await open();
    let claimed: string | undefined;
    bench.rest.answers.push(async () => {
      claimed = (await tickets.find(handle))?.answeredBy;
      return ok({ id: '77' });
    });

    await send();

    expect(claimed).toBe('turn_1:0:0');
  });

  it.each([
    [404, 10_015],
    [401, 50_027],
    [404, 10_008],
    [404, 0],
  ])('goes to the channel when its time is over (%i, %i)', async (status, code) => {
    const { bench, tickets, send } = await open();
    bench.rest.fail(route, refused(status, code));

    const outcome = await send();

    expect(outcome).toBeUndefined();
    expect(await tickets.find(handle)).toBeUndefined();
  });

  it('goes to the channel when its life is over, without asking', async () => {
    const { bench, send } = await open();
    bench.clock.advance(900_000);

    const outcome = await send();

    expect(outcome).toBeUndefined();
    expect(bench.rest.requests).toEqual([]);
  });

  it('waits as long as the platform asks, and that costs no attempt', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, wait(700));

    expect(await send()).toMatchObject({ kind: 'retry', deferral: true, afterMs: 700 });
  });

  it('that has more than an edit can bring goes to the channel, and nothing is left thinking', async () => {
    const { bench, send, setFiles } = await open();
    setFiles();

    const outcome = await send();

    expect(outcome).toBeUndefined();
    expect(bench.rest.requests).toMatchObject([{ method: 'DELETE', route }]);
  });
});

describe('no answer to a command', () => {
  const silence: OutboundOperation = { op: 'delete' };

  it('takes "is thinking" away', async () => {
    const { bench, tickets, send } = await open();

    const outcome = await send({}, silence);

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
    expect(bench.rest.requests).toMatchObject([{ method: 'DELETE', route }]);
    expect(await tickets.find(handle)).toBeUndefined();
  });

  it('takes nothing away when something was answered', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, ok({ id: '77' }));
    await send();

    const outcome = await send({ key: 'turn_1:silence:0' }, silence);

    expect(outcome).toEqual({ kind: 'delivered', platformIds: [] });
    expect(bench.rest.requests).toHaveLength(1);
  });

  it('is tried again when the platform asks for it, and is done when there is nothing any more', async () => {
    const { bench, send } = await open();
    bench.rest.fail(route, wait(100));
    const first = await send({}, silence);
    bench.rest.fail(route, refused(404, 10_015));

    const second = await send({}, silence);

    expect(first).toMatchObject({ kind: 'retry' });
    expect(second).toEqual({ kind: 'delivered', platformIds: [] });
  });
});

describe('what is no answer', () => {
  it('has no place to take when it is a button that was pressed', async () => {
    const { bench, send } = await open('component');

    const sent = await send();
    const withdrawn = await send({}, { op: 'delete' });

    expect(sent).toBeUndefined();
    expect(withdrawn).toEqual({ kind: 'delivered', platformIds: [] });
    expect(bench.rest.requests).toEqual([]);
  });

  it.each([
    ['an edit', { op: 'edit', text: 'x' }],
    ['the deletion of a message', { op: 'delete' }],
    ['a reaction', { op: 'react', emoji: '👍', remove: false }],
  ] as const)('is sent like any other: %s', async (_what, operation) => {
    const { bench, send } = await open();

    const outcome = await send(
      { address: { connector, conversation: channel, handle, message: '5' } },
      operation,
    );

    expect(outcome).toBeUndefined();
    expect(bench.rest.requests).toEqual([]);
  });

  it('is sent like any other where nobody waits for it', async () => {
    const { send } = await open();

    expect(await send({ address: { connector, conversation: channel } })).toBeUndefined();
  });
});
