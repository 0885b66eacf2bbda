import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settled } from '../../test/support/manual-clock.ts';
import { Gate } from './gate.ts';

const never = new AbortController().signal;

/** Somebody who wants in, and what became of it. */
interface Visitor {
  readonly keys: Readonly<Record<string, number>>;
  readonly controller: AbortController;
  state: 'waiting' | 'inside' | 'gone';
  leave: () => void;
}

function visit(gate: Gate, keys: Readonly<Record<string, number>>): Visitor {
  const visitor: Visitor = {
    keys,
    controller: new AbortController(),
    state: 'waiting',
    leave: () => undefined,
  };
  gate.enter(keys, visitor.controller.signal).then(
    (leave) => {
      visitor.state = 'inside';
      visitor.leave = () => {
        visitor.state = 'gone';
        leave();
      };
    },
    () => (visitor.state = 'gone'),
  );
  return visitor;
}

function countInside(visitors: readonly Visitor[], key: string): number {
  return visitors.filter(({ state, keys }) => state === 'inside' && key in keys).length;
}

type Step = { readonly do: 'enter' | 'leave' | 'abort'; readonly pick: number };

const keySets = [{ a: 1 }, { a: 1, b: 2 }, { b: 2 }, { c: 3, b: 2 }] as const;
const places: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3 };
const step = fc.record<Step>({
  do: fc.constantFrom('enter' as const, 'enter' as const, 'leave' as const, 'abort' as const),
  pick: fc.nat(),
});

async function take({ do: what, pick }: Step, gate: Gate, visitors: Visitor[]): Promise<void> {
  const among = visitors.filter(({ state }) => state === (what === 'leave' ? 'inside' : 'waiting'));
  const chosen = among[pick % Math.max(among.length, 1)];
  if (what === 'enter') visitors.push(visit(gate, keySets[pick % keySets.length] ?? {}));
  else if (what === 'leave') chosen?.leave();
  else chosen?.controller.abort('no longer');
  await settled();
}

it('never lets more in than there are places, and never leaves anybody outside who fits', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const gate = new Gate();
      const visitors: Visitor[] = [];

      for (const each of steps) {
        await take(each, gate, visitors);

        for (const [key, most] of Object.entries(places)) {
          expect(countInside(visitors, key)).toBeLessThanOrEqual(most);
        }
        const waiting = visitors.filter(({ state }) => state === 'waiting');
        for (const { keys } of waiting) {
          const isFull = Object.keys(keys).some((key) => countInside(visitors, key) === places[key]);
          expect(isFull).toBe(true);
        }
        expect(gate.waiting).toBe(waiting.length);
      }
    }),
    { numRuns: 150 },
  ));

it('lets in who waits longest', async () => {
  const gate = new Gate();
  const [first, second, third] = [visit(gate, { a: 1 }), visit(gate, { a: 1 }), visit(gate, { a: 1 })];
  await settled();

  first.leave();
  await settled();

  expect([second.state, third.state]).toEqual(['inside', 'waiting']);
});

it('gives a place to the asker that has the fewest, however long the line of another is', async () => {
  const gate = new Gate();
  const loud = Array.from({ length: 5 }, () => visit(gate, { loud: 9, agent: 2 }));
  const quiet = visit(gate, { quiet: 9, agent: 2 });
  await settled();

  loud[0]?.leave();
  await settled();

  expect(quiet.state).toBe('inside');
  expect(countInside(loud, 'loud')).toBe(1);
});

it('does not let one that does not fit hold up those behind it', async () => {
  const gate = new Gate();
  const slow = visit(gate, { slow: 1 });
  const other = visit(gate, { other: 1 });
  const blocked = visit(gate, { slow: 1, other: 1 });
  const next = visit(gate, { other: 1 });
  await settled();

  other.leave();
  await settled();

  expect([slow.state, blocked.state, next.state]).toEqual(['inside', 'waiting', 'inside']);
});

describe('somebody who gives up', () => {
  it('gets the reason, and leaves no trace', async () => {
    const gate = new Gate();
    const controller = new AbortController();
    const inside = visit(gate, { a: 1 });
    const entering = gate.enter({ a: 1 }, controller.signal);
    await settled();

    controller.abort(new Error('no longer'));

    await expect(entering).rejects.toThrow('no longer');
    expect([gate.waiting, gate.waitingFor('a')]).toEqual([0, 0]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    inside.leave();
    const next = visit(gate, { a: 1 });
    await settled();
    expect(next.state).toBe('inside');
  });

  it('leaves no listener on the signal of one that was let in', async () => {
    const gate = new Gate();
    const controller = new AbortController();
    const inside = visit(gate, { a: 1 });
    const entering = gate.enter({ a: 1 }, controller.signal);
    await settled();

    inside.leave();
    await entering;

    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('before it comes is not let in at all', async () => {
    const gate = new Gate();

    await expect(gate.enter({ a: 1 }, AbortSignal.abort(new Error('no longer')))).rejects.toThrow(
      'no longer',
    );

    const leave = await gate.enter({ a: 1 }, never);
    leave();
  });

  it('once inside keeps the place', async () => {
    const gate = new Gate();
    const visitor = visit(gate, { a: 1 });
    await settled();

    visitor.controller.abort();

    const next = visit(gate, { a: 1 });
    await settled();
    expect(next.state).toBe('waiting');
  });
});

it('takes a place back only once', async () => {
  const gate = new Gate();
  const leave = await gate.enter({ a: 1 }, never);
  leave();
  leave();

  const [first, second] = [visit(gate, { a: 1 }), visit(gate, { a: 1 })];
  await settled();

  expect([first.state, second.state]).toEqual(['inside', 'waiting']);
});
