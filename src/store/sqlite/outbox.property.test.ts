import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { sources } from './outbox-gates.fixture.ts';
import type { Outcome } from './outbox-model.fixture.ts';
import { outboxMarks, OutboxWorld } from './outbox-world.fixture.ts';
import { manySteps, pick, runSteps, step, waitMs } from './step.fixture.ts';
import { Marks, openWorldDatabase } from './world.fixture.ts';

const base = openWorldDatabase();
const marks = new Marks(outboxMarks);
afterAll(() => base.close());

const part = fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 3 }));
const room = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 }));
const source = fc.tuple(fc.constantFrom(...sources));
const outcome = fc.constantFrom<Outcome>(
  'delivered',
  'delivered',
  'retry',
  'deferral',
  'unknown',
  'dead',
  'hold',
);
const settled = fc.tuple(fc.nat({ max: 60 }), outcome, waitMs);
const moved = fc.tuple(fc.nat({ max: 60 }), waitMs);
const held = fc.tuple(fc.constantFrom(...sources), fc.option(waitMs, { nil: undefined }));

const steps = manySteps<OutboxWorld>([
  { weight: 5, arbitrary: step('enqueue', part, (world, ...args) => world.enqueue(...args)) },
  { weight: 8, arbitrary: step('lease', room, (world, ...args) => world.lease(...args)) },
  { weight: 10, arbitrary: step('settle', settled, (world, ...args) => world.settle(...args)) },
  { weight: 4, arbitrary: step('wait', fc.tuple(waitMs), (world, ms) => void (world.now += ms)) },
  { weight: 1, arbitrary: step('repeat', pick, (world, ...args) => world.repeat(...args)) },
  { weight: 1, arbitrary: step('extend', moved, (world, ...args) => world.extend(...args)) },
  { weight: 1, arbitrary: step('defer', moved, (world, ...args) => world.defer(...args)) },
  { weight: 4, arbitrary: step('replay', pick, (world, ...args) => world.replay(...args)) },
  { weight: 1, arbitrary: step('discard', pick, (world, ...args) => world.discard(...args)) },
  { weight: 1, arbitrary: step('pause', source, ({ gates }, ...args) => gates.pause(...args)) },
  { weight: 1, arbitrary: step('resume', source, ({ gates }, ...args) => gates.resume(...args)) },
  { weight: 1, arbitrary: step('hold', held, ({ gates }, ...args) => gates.hold(...args)) },
  { weight: 1, arbitrary: step('releaseHold', source, ({ gates }, ...args) => gates.releaseHold(...args)) },
  { weight: 2, arbitrary: step('drain', source, ({ gates }, ...args) => gates.drain(...args)) },
]);

it('keeps every part, its order and its lease, whatever workers and operators do', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      base.reset();

      await runSteps(new OutboxWorld(base, marks), given);
    }),
    { numRuns: 300 },
  );

  expect(marks.missing()).toEqual([]);
});
