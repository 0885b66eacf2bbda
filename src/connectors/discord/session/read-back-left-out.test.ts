import { expect, it } from 'vitest';
import { settled } from '../../../../test/support/manual-clock.ts';
import { snowflakeTime } from '../snowflake.ts';
import { ReadBackBench } from './read-back.fixture.ts';
import { channel, guild } from './session.fixture.ts';

const all = [0, 1] as const;
const other = '800000000000000002';

it('a gap says so where there were more conversations than it looked through', async () => {
  const bench = new ReadBackBench({ conversationsMax: 2 });
  for (let nth = 0; nth <= 1_000; nth++) await bench.hear(`${10_000 + nth}`);

  bench.readBack.owe(bench.gap(), all);
  await bench.clock.pass(500);

  expect(bench.gapRecords).toMatchObject([
    {
      skipped: 998,
      detail: 'Left out, at least 998: 998 or more conversations beyond conversationsMax.',
    },
  ]);
});

it('a gap of one place is read there alone, whatever the policy', async () => {
  const bench = new ReadBackBench({ mode: 'off', perConversationMax: 1 });
  await bench.hear(other);
  bench.miss('elsewhere', other);
  const ids = ['one', 'two'].map((text) => bench.miss(text));
  const fromAt = snowflakeTime(ids[0]!) - 1;
  const gap = bench.gaps.open({
    scope: `channel ${channel} of ${guild}`,
    fromAt,
    cause: 'It was put off.',
  });
  bench.rest.channels.set(channel, { id: channel, type: 0, guild_id: guild });
  bench.readBack.owe(gap, all);
  await settled();

  const isBehind = [channel, other].map((where) => bench.readBack.isBehind(bench.dispatch('x', where)));
  await bench.clock.pass(500);

  expect(isBehind).toEqual([true, false]);
  expect(bench.read).toEqual(['one', 'two']);
  expect(bench.inbox.events.at(-1)).toMatchObject({ guild: `discord:guild:${guild}` });
  expect(bench.gapRecords).toMatchObject([{ state: 'read_back', recovered: 2, skipped: 0 }]);
});

it('what cannot be stored for a fault of ours is left out in the end, with the reason', async () => {
  const bench = new ReadBackBench();
  await bench.hear();
  bench.miss('one');
  bench.poison('one');

  bench.readBack.owe(bench.gap(), all);
  await bench.clock.passUntil(() => bench.state === 'read_back', 10_000, 10_000);

  expect(bench.gapRecords).toMatchObject([
    {
      recovered: 0,
      skipped: 1,
      detail: 'Left out: a conversation that could not be stored, for a fault of Palyra.',
    },
  ]);
});
