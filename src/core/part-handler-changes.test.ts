import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import {
  connectedBy,
  delivered,
  type OutboxScript,
  type OutboxWorld,
} from '../../test/support/outbox-world.ts';
import { AppError } from '../domain/errors.ts';
import type { MessageId } from '../domain/ids.ts';
import type { OutboundOperation } from '../domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';

const unknown = { kind: 'unknown', code: 'answer_lost' } as const satisfies DeliveryOutcome;

afterEach(closeAll);

describe('a change of a message that is gone', () => {
  const gone = {
    kind: 'rejected',
    code: 'message_gone',
    detail: 'It was deleted.',
    scope: 'message',
  } as const satisfies DeliveryOutcome;
  const ops = (world: OutboxWorld): readonly string[] =>
    world.adapter.sessions.flatMap((session) => session.sent.map(({ operation }) => operation.op));

  it('becomes a message of its own', async () => {
    const world = await connectedBy({ answers: [delivered, gone] });
    await world.send('d', 'a draft');
    await settled();

    await world.send('m', 'hello', {}, { op: 'edit', text: 'the whole', of: 'd:0' });
    await world.untilIs('delivered', 'm');

    expect(ops(world)).toEqual(['send', 'edit', 'send']);
    expect(world.sentTexts.at(-1)).toBe('the whole');
  });

  it('is looked up like any other when the answer to that was lost', async () => {
    const world = await connectedBy({
      answers: [delivered, gone, unknown, gone],
      prepare: (session) => {
        session.resolveUnknown = async () => ({ kind: 'delivered', platformIds: ['p-before'] });
      },
    });
    await world.send('d', 'a draft');
    await settled();

    await world.send('m', 'hello', {}, { op: 'edit', text: 'the whole', of: 'd:0' });
    await world.untilIs('delivered', 'm');

    expect(ops(world)).toEqual(['send', 'edit', 'send', 'edit']);
  });
});

describe('a change of a message that was given up and may be there all the same', () => {
  const found: ResolvedUnknown = { kind: 'delivered', platformIds: ['p-before'] };
  const edit: OutboundOperation = { op: 'edit', text: 'the whole', of: 'd:0' };

  /** A draft whose answer was lost until its attempts were used up, and a change of it. */
  async function givenUp(
    looks: readonly (ResolvedUnknown | AppError)[],
    operation: OutboundOperation = edit,
    { attemptsMax = 1, answers = [] }: { attemptsMax?: number; answers?: OutboxScript['answers'] } = {},
  ): Promise<Awaited<ReturnType<typeof connectedBy>>> {
    const left = [...looks];
    const world = await connectedBy({
      answers: [...Array.from({ length: attemptsMax }, () => unknown), ...answers],
      idempotentSendMs: 60_000,
      retry: { attemptsMax },
      prepare: (session) => {
        session.resolveUnknown = async () => {
          const next = left.shift() ?? { kind: 'unresolved' };
          if (next instanceof AppError) throw next;
          return next;
        };
      },
    });
    await world.send('d', 'a draft');
    await world.untilIs('dead', 'd');
    await world.send('m', '', {}, operation);
    return world;
  }

  const sent = (world: OutboxWorld): readonly unknown[] =>
    world.adapter.session.sent
      .filter(({ key }) => key === 'm:0')
      .map(({ operation: { op }, address: { message }, possibleDuplicate }) => [
        op,
        message,
        possibleDuplicate,
      ]);

  it.each<readonly [string, OutboundOperation, ResolvedUnknown, readonly unknown[]]>([
    ['is an edit of it where it is found', edit, found, [['edit', 'p-before', false]]],
    ['is a message of its own where it is not', edit, { kind: 'absent' }, [['send', undefined, false]]],
    ['is one too where nobody can tell', edit, { kind: 'unresolved' }, [['send', undefined, false]]],
    ['deletes it where it is found', { op: 'delete', of: 'd:0' }, found, [['delete', 'p-before', false]]],
    ['is nothing where there is none to delete', { op: 'delete', of: 'd:0' }, { kind: 'absent' }, []],
  ])('%s', async (_what, operation, look, expected) => {
    const world = await givenUp([look], operation);

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(expected);
  });

  const down = new AppError('unavailable', 'Down.');

  it('waits until the platform can be asked, at the price of an attempt', async () => {
    const world = await givenUp([down, found], edit, { attemptsMax: 2 });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual([['edit', 'p-before', false]]);
    const [part] = await world.store.outbox.listPartsOfMessage('msg_m' as MessageId);
    expect(part).toMatchObject({ attempts: 2, uncertain: false });
  });

  it('costs no attempt while the platform wants to be asked later', async () => {
    const later = new AppError('rate_limited', 'Later.');
    const world = await givenUp([later, later, later, found]);

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual([['edit', 'p-before', false]]);
  });

  it('goes out by itself rather than never, when the platform could not be asked to the last', async () => {
    const world = await givenUp([down, down], edit, { attemptsMax: 2 });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual([['send', undefined, false]]);
  });

  it('is given back untried when the daemon stops before the platform has answered', async () => {
    const world = await givenUp([], edit, { attemptsMax: 2 });
    world.adapter.session.resolveUnknown = () => new Promise(() => undefined);
    const [id] = await world.send('next', '', {}, edit);
    await world.untilIs('delivered', 'm');
    await settled();

    await world.stop(world.engine);

    expect(await world.part(id)).toMatchObject({ state: 'pending', attempts: 0, uncertain: false });
  });

  it('is dead when it would delete it and the platform could not be asked: somebody has to look', async () => {
    const world = await givenUp([down], { op: 'delete', of: 'd:0' });

    await world.untilIs('dead', 'm');

    expect(sent(world)).toEqual([]);
  });

  describe('when it may have gone out by itself before', () => {
    const own: ResolvedUnknown = { kind: 'delivered', platformIds: ['p-own'] };

    /** The draft could not be found at first, and now it is; `looks` are for the message of its own. */
    const lostItself = (...looks: readonly ResolvedUnknown[]): Promise<OutboxWorld> =>
      givenUp([{ kind: 'unresolved' }, found, ...looks], edit, { attemptsMax: 2, answers: [unknown] });

    it.each<readonly [string, ResolvedUnknown, readonly unknown[]]>([
      ['is not made where that is there', own, []],
      ['is made where that is not', { kind: 'absent' }, [['edit', 'p-before', false]]],
      ['goes out with a label where nobody can tell', { kind: 'unresolved' }, [['send', undefined, true]]],
    ])('%s', async (_what, look, expected) => {
      const world = await lostItself(look);

      await world.untilIs('delivered', 'm');

      expect(sent(world)).toEqual([['send', undefined, false], ...expected]);
    });

    it('does so again with a label when somebody replays it', async () => {
      const world = await givenUp([{ kind: 'unresolved' }, found], edit, { answers: [unknown] });
      await world.untilIs('dead', 'm');

      const [part] = await world.store.outbox.listPartsOfMessage('msg_m' as MessageId);
      await world.store.outbox.replay(part!.id, world.clock.now());
      await world.untilIs('delivered', 'm');

      expect(sent(world)).toEqual([
        ['send', undefined, false],
        ['send', undefined, true],
      ]);
    });
  });
});
