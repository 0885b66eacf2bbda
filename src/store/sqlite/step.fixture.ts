import fc from 'fast-check';

/** Something that happens to a world. */
export type Step<World> = (world: World) => Promise<void> | void;

/** A step whose name and arguments are printed with a counterexample. */
export function step<World, Args extends unknown[]>(
  name: string,
  args: fc.Arbitrary<Args>,
  run: (world: World, ...args: Args) => Promise<void> | void,
): fc.Arbitrary<Step<World>> {
  return args.map((given) =>
    Object.assign((world: World) => run(world, ...given), {
      [fc.toStringMethod]: () => `${name}(${given.map(String).join(', ')})`,
    }),
  );
}

/** Which of the things that are there; the world takes it modulo their number. */
export const pick = fc.tuple(fc.nat({ max: 60 }));
export const waitMs = fc.nat({ max: 30 });

export interface StepWorld {
  check(): Promise<void>;
}

/**
 * Long rows of steps: fast-check keeps arrays near 10 long by default, and half of them much shorter, too
 * short to reach most of this.
 */
export function manySteps<World>(
  steps: readonly { weight: number; arbitrary: fc.Arbitrary<Step<World>> }[],
): fc.Arbitrary<Step<World>[]> {
  return fc.noBias(fc.array(fc.oneof(...steps), { maxLength: 120, size: 'max' }));
}

export async function runSteps<World extends StepWorld>(
  world: World,
  steps: readonly Step<World>[],
): Promise<void> {
  for (const apply of steps) {
    await apply(world);
    await world.check();
  }
}
