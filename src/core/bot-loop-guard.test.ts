import { afterEach, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message, sender } from '../../test/support/events.ts';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { RecordingLog } from '../../test/support/recording-log.ts';
import type { ConnectorId, EventId } from '../domain/ids.ts';
import { BotLoopGuard } from './bot-loop-guard.ts';

afterEach(closeAll);

function event(name: number | string): EventId {
  return `evt_${name}` as EventId;
}

it('counts the turns of bots by lane', () => {
  const guard = new BotLoopGuard({ clock: new ManualClock(), log: new RecordingLog() });

  guard.sawBot('a', event(1));
  guard.sawBot('a', event(2));
  guard.sawBot('b', event(3));

  expect([guard.count('a', event(9)), guard.count('b', event(9)), guard.count('c', event(9))]).toEqual([
    2, 1, 0,
  ]);
});

it('counts a turn once, however often it is tried, and never against itself', () => {
  const guard = new BotLoopGuard({ clock: new ManualClock(), log: new RecordingLog() });

  for (let attempt = 1; attempt <= 5; attempt++) guard.sawBot('a', event(1));

  expect([guard.count('a', event(1)), guard.count('a', event(2))]).toEqual([0, 1]);
});

it('begins again when a person speaks', () => {
  const guard = new BotLoopGuard({ clock: new ManualClock(), log: new RecordingLog() });
  guard.sawBot('a', event(1));

  guard.sawPerson('a');

  expect(guard.count('a', event(2))).toBe(0);
});

it('remembers a bounded number of turns, and of lanes', () => {
  const guard = new BotLoopGuard({ clock: new ManualClock(), log: new RecordingLog() });
  for (let turn = 0; turn < 100; turn++) guard.sawBot('a', event(turn));

  for (let lane = 0; lane < 10_000; lane++) guard.sawBot(`lane-${lane}`, event(lane));

  expect([guard.count('a', event('x')), guard.count('lane-0', event('x'))]).toEqual([0, 1]);
});

it('says once a day of each bot that it has spent its turns', async () => {
  const world = new CoreWorld();
  await world.furnish();
  const engine = await world.start({ events: { ...coreSettings.events, botTurnsPerDayMax: 1 } });
  const hear = async (id: string): Promise<void> => {
    const address = { connector: 'echo:default' as ConnectorId, conversation: id.replaceAll(':', '-') };
    await world.accept(engine, message({ address, sender: sender({ id, kind: 'bot' }) }));
    await settled();
  };
  const told = (): readonly unknown[] =>
    world.log.lines.filter((line) => line.event === 'bot.budget_spent').map((line) => line.sender);

  for (const id of ['echo:user:a', 'echo:user:a', 'echo:user:b', 'echo:user:a', 'echo:user:b', 'echo:user:c'])
    await hear(id);
  const first = told();
  world.clock.advance(24 * 3_600_000);
  await settled();
  for (let times = 1; times <= 3; times++) await hear('echo:user:a');

  expect(first).toEqual(['echo:user:a', 'echo:user:b']);
  expect(told()).toEqual(['echo:user:a', 'echo:user:b', 'echo:user:a']);
  expect(world.log.lines.find((line) => line.event === 'bot.budget_spent')).toMatchObject({
    level: 'warn',
    connector_id: 'echo:default',
    code: 'bot_budget_spent',
  });
});
