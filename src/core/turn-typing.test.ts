import { afterEach, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';

afterEach(closeAll);

const minute = 60_000;

it('an agent is shown to type for five minutes after the last that came of it, however long it may take', async () => {
  const world = new CoreWorld();
  await world.addAgent('helper', { timeoutMs: 60 * minute });
  await world.addRule();
  await world.addConnector();
  let draft = (_text: string): void => undefined;
  world.run = (_turn, out) => {
    draft = (text) => out.draft(text);
    return new Promise(() => undefined);
  };
  const engine = await world.start();
  await settled();
  let shownAt = 0;
  world.adapter.session.typing = async () => void (shownAt = world.clock.now());
  const startedAt = world.clock.now();
  await world.accept(engine, message());
  await settled();

  await world.clock.pass(4 * minute);
  draft('so far');
  await world.clock.pass(20 * minute);

  const shownFor = shownAt - startedAt;
  expect(shownFor).toBeGreaterThan(8.5 * minute);
  expect(shownFor).toBeLessThan(9 * minute);
});
