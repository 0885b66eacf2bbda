import { describe, expect, it } from 'vitest';
import { ManualClock, settled } from '../../../../test/support/manual-clock.ts';
import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { SourceId } from '../../../domain/ids.ts';
import { silentLogger } from '../../../lib/logger.ts';
import type { RestAnswer } from '../rest/request.ts';
import { snowflakeAt } from '../snowflake.ts';
import {
  actOnSilence,
  type Silence,
  type SilenceCheckDeps,
  silenceTiming,
  watchForSilence,
} from './silence-check.ts';

const minuteMs = 60_000;

interface Scene {
  readonly clock: ManualClock;
  readonly deps: SilenceCheckDeps;
  readonly stop: AbortController;
  asked: number;
  liveSince: number | undefined;
  /** When the newest message on the platform, and the newest that was heard, were written. */
  newestAt: number;
  heardAt: number;
  answer: RestAnswer['kind'];
}

function scene(): Scene {
  const clock = new ManualClock();
  const start = clock.now();
  const made: Scene = {
    ...{ clock, stop: new AbortController(), asked: 0, liveSince: start, answer: 'ok' },
    ...{ newestAt: start, heardAt: start },
    deps: {
      clock,
      log: silentLogger,
      timing: silenceTiming,
      shards: 1,
      liveSince: () => made.liveSince,
      listConversations: () => Promise.resolve([heard(made.heardAt)]),
      rest: {
        call: () => {
          made.asked++;
          if (made.answer !== 'ok')
            return Promise.resolve({ kind: 'wait', afterMs: 1, scope: 'bucket', sent: false });
          const message = { id: snowflakeAt(made.newestAt), channel_id: '100', content: '', type: 0 };
          return Promise.resolve({ kind: 'ok', status: 200, body: [message] });
        },
      },
    },
  };
  return made;
}

function heard(at: number): ConversationRecord {
  return {
    ...{ lane: 'discord:default/100', source: 'discord:default' as SourceId, conversation: '100' },
    ...{ direct: true, position: snowflakeAt(at), seenAt: at },
  };
}

/** Lets one look take place, and says what it found so far. */
async function look({ clock }: Scene, watching: Promise<unknown>): Promise<unknown> {
  await clock.pass(5 * minuteMs);
  return Promise.race([watching, settled().then(() => 'nothing')]);
}

describe('the look for a gateway that is deaf', () => {
  it('finds a message of which the gateway has not told', async () => {
    const found = scene();
    const watching = watchForSilence(found.deps, found.stop.signal);
    found.newestAt = found.clock.now() + minuteMs;

    const silence = await look(found, watching);

    expect(silence).toEqual({ channel: '100', shard: 0, since: found.heardAt });
  });

  it('finds it on one connection of several, however much is said on the others', async () => {
    const found = scene();
    const quiet = heard(found.heardAt);
    const lively = Array.from({ length: 50 }, (_none, nth) => ({
      ...heard(found.heardAt + 10 * minuteMs),
      ...{ lane: `discord:default/${200 + nth}`, conversation: `${200 + nth}` },
      ...{ guild: `discord:guild:${(1n << 22n).toString()}` },
    }));
    const deps = {
      ...found.deps,
      shards: 2,
      listConversations: (limit: number) => Promise.resolve([...lively, quiet].slice(0, limit)),
    };
    const watching = watchForSilence(deps, found.stop.signal);
    found.newestAt = found.clock.now() + minuteMs;

    const silence = await look(found, watching);

    expect(silence).toEqual({ channel: '100', shard: 0, since: found.heardAt });
    expect(found.asked).toBe(4);
  });

  it('goes on for the other connections while one is down', async () => {
    const found = scene();
    const deps = {
      ...found.deps,
      shards: 2,
      liveSince: (shard: number) => (shard === 0 ? found.liveSince : undefined),
    };
    const watching = watchForSilence(deps, found.stop.signal);
    found.newestAt = found.clock.now() + minuteMs;

    expect(await look(found, watching)).toMatchObject({ shard: 0 });
  });

  it.each<readonly [string, (given: Scene) => void]>([
    ['everything was heard', () => undefined],
    [
      'the newest is so young that it may be on its way',
      (given) => (given.newestAt = given.clock.now() + 5 * minuteMs - 1_000),
    ],
    [
      'what was not heard was said before the connection came up, and has been left out',
      (given) => {
        given.newestAt += minuteMs;
        given.liveSince = given.newestAt + 1_000;
      },
    ],
    [
      'there is no budget to ask',
      (given) => {
        given.answer = 'wait';
        given.newestAt += minuteMs;
      },
    ],
  ])('finds nothing where %s', async (_what, prepare) => {
    const given = scene();
    const watching = watchForSilence(given.deps, given.stop.signal);
    prepare(given);

    expect(await look(given, watching)).toBe('nothing');

    expect(given.asked).toBe(1);
    given.stop.abort();
    expect(await watching).toBeUndefined();
  });

  it('asks nothing while a connection is down', async () => {
    const down = scene();
    down.liveSince = undefined;
    const watching = watchForSilence(down.deps, down.stop.signal);

    expect(await look(down, watching)).toBe('nothing');

    expect(down.asked).toBe(0);
    down.stop.abort();
    await watching;
  });
});

it('goes on looking when what it found could not be acted on', async () => {
  const given = scene();
  const found: Silence[] = [];
  const act = (silence: Silence): Promise<void> => {
    found.push(silence);
    return found.length === 1 ? Promise.reject(new Error('The disk is full.')) : Promise.resolve();
  };
  const watching = actOnSilence(given.deps, act, given.stop.signal).then(() => 'acted');
  given.newestAt = given.clock.now() + minuteMs;

  const states = [await look(given, watching), await look(given, watching)];

  expect(states).toEqual(['nothing', 'acted']);
  expect(found).toMatchObject([{ channel: '100' }, { channel: '100' }]);
});
