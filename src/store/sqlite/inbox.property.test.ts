import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { type Ending, inboxMarks, InboxWorld } from './inbox-world.fixture.ts';
import { manySteps, pick, runSteps, step, waitMs } from './step.fixture.ts';
import { Marks, openWorldDatabase } from './world.fixture.ts';

const base = openWorldDatabase();
const marks = new Marks(inboxMarks);
afterAll(() => base.close());

const arrival = fc.tuple(fc.nat({ max: 1 }), fc.integer({ min: 1, max: 3 }));
const room = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 }));
const ending = fc.constantFrom<Ending>(
  'done',
  'done',
  'ignored',
  'dead',
  'dead',
  'retry',
  'suspend',
  'suspend',
);
const ended = fc.tuple(fc.nat({ max: 60 }), ending, waitMs);
const moved = fc.tuple(fc.nat({ max: 60 }), waitMs);

const steps = manySteps<InboxWorld>([
  { weight: 5, arbitrary: step('accept', arrival, (world, ...args) => world.accept(...args)) },
  { weight: 8, arbitrary: step('lease', room, (world, ...args) => world.lease(...args)) },
  { weight: 12, arbitrary: step('end', ended, (world, ...args) => world.end(...args)) },
  { weight: 4, arbitrary: step('wait', fc.tuple(waitMs), (world, ms) => void (world.now += ms)) },
  { weight: 2, arbitrary: step('answer', pick, (world, ...args) => world.answer(...args)) },
  { weight: 1, arbitrary: step('repeat', pick, (world, ...args) => world.repeat(...args)) },
  { weight: 1, arbitrary: step('extend', moved, (world, ...args) => world.extend(...args)) },
  { weight: 1, arbitrary: step('defer', moved, (world, ...args) => world.defer(...args)) },
  { weight: 8, arbitrary: step('replay', pick, (world, ...args) => world.replay(...args)) },
  { weight: 1, arbitrary: step('discard', pick, (world, ...args) => world.discard(...args)) },
]);

it('keeps every event, its order and its lease, whatever workers, agents and operators do', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      base.reset();

      await runSteps(new InboxWorld(base, marks), given);
    }),
    { numRuns: 400 },
  );

  expect(marks.missing()).toEqual([]);
});
