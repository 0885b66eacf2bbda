import { expect, it } from 'vitest';
import type { Dispatch } from '../inbound/inbound-context.ts';
import { PutOff } from './put-off.ts';
import { ReadBackBench } from './read-back.fixture.ts';
import { channel, guild, lost } from './session.fixture.ts';

const minute = 60_000;

/** A session in which the channel cannot be looked up, until `isTold`. */
class PutOffBench extends ReadBackBench {
  isTold = false;
  readonly putOff = new PutOff({ host: this.host, readBack: this.readBack, setAside: this.setAside });

  constructor() {
    super();
    this.rest.channels.set(channel, { id: channel, type: 11, guild_id: guild, parent_id: '3' });
    this.rest.answers.push(({ route }) =>
      route === '/channels/{channel}' && !this.isTold ? lost : undefined,
    );
  }

  /** Said now, in the history and by the gateway. */
  say(text: string): Dispatch {
    const said = this.dispatch(text, channel, { guild_id: guild });
    this.rest.history.set(channel, [...(this.rest.history.get(channel) ?? []), said.data]);
    return said;
  }
}

it('is owed on disk, one gap for each place, and read back in order when the place is known', async () => {
  const bench = new PutOffBench();
  for (const text of ['one', 'two']) {
    await bench.putOff.take(bench.say(text));
    await bench.clock.pass(minute);
  }
  const before = { gaps: bench.gapRecords, read: bench.read };

  bench.isTold = true;
  await bench.clock.passUntil(() => bench.state === 'read_back', 1_000, 600);

  expect(before.gaps).toMatchObject([
    {
      ...{ scope: `channel ${channel} of ${guild}`, state: 'open' },
      cause: `Channel ${channel} could not be looked up, so what is said there is put off.`,
    },
  ]);
  expect(before.read).toEqual([]);
  expect(bench.read).toEqual(['one', 'two']);
  expect(bench.inbox.events[0]).toMatchObject({ address: { conversation: '3', thread: channel } });
  expect(bench.gapRecords).toMatchObject([{ recovered: 2, skipped: 0 }]);
});

it('comes before what is said in the same place when that is known', async () => {
  const bench = new PutOffBench();
  await bench.putOff.take(bench.say('one'));
  await bench.clock.pass(minute);
  const thread = { id: channel, type: 11, guild_id: guild, parent_id: '3' };
  bench.directory.apply({ type: 'THREAD_CREATE', data: thread });

  await bench.readBack.readBefore(bench.say('two'));

  expect(bench.read).toEqual(['one']);
});

it('is read back by the next session, when this one ends', async () => {
  const bench = new PutOffBench();
  await bench.putOff.take(bench.say('one'));
  bench.closing.abort('closing');

  const next = new ReadBackBench();
  next.rest.history.set(channel, bench.rest.history.get(channel) ?? []);
  next.rest.channels.set(channel, { id: channel, type: 11, guild_id: guild, parent_id: '3' });
  for (const gap of await bench.ledger.begin(['0/1'], undefined, 'It was down.'))
    next.readBack.owe(Promise.resolve(gap), [0, 1]);
  await next.clock.pass(minute);

  expect(next.read).toEqual(['one']);
});

it('is counted as lost where no history tells of it', async () => {
  const bench = new PutOffBench();
  const edited = { type: 'MESSAGE_UPDATE', data: { id: '7', channel_id: channel, guild_id: guild } };

  for (let nth = 0; nth < 3; nth++) await bench.putOff.take(edited);

  expect(bench.gapRecords).toMatchObject([
    {
      ...{ state: 'skipped', skipped: 3 },
      cause: 'Something came from a channel that could not be looked up.',
      detail: `Left out in ${channel}: MESSAGE_UPDATE 7 (3 in all).`,
    },
  ]);
  expect(bench.setAside.counts).toEqual({ MESSAGE_UPDATE: 3 });
});

it('is no sign that the gateway is deaf', async () => {
  const bench = new PutOffBench();
  await bench.hear();
  const said = bench.say('one');
  const { id } = said.data as { id: string };

  await bench.putOff.take(said);

  const [heard] = await bench.host.listConversations(1);
  expect(bench.setAside.asTold([heard!])).toEqual([{ ...heard, position: id }]);
});
