import { describe, expect, it } from 'vitest';
import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { ApiChannel } from '../api-types.ts';
import { snowflakeAt } from '../snowflake.ts';
import { byChannel, missedIn, missedPlaces, shardOf } from './missed-places.ts';
import { connector } from './session.fixture.ts';

const minute = 60_000;
const fromAt = 1_750_000_000_000;
/** Five minutes before the gap: clocks differ. */
const since = snowflakeAt(fromAt - 5 * minute);
const at = (minutes: number): string => snowflakeAt(fromAt + minutes * minute);
const all = [0, 1] as const;

function conversation(fields: Partial<ConversationRecord> = {}): ConversationRecord {
  const { conversation: id = '1' } = fields;
  return {
    lane: `discord:default/${id}`,
    source: connector,
    conversation: id,
    guild: 'discord:guild:7',
    direct: false,
    position: at(-60),
    seenAt: fromAt,
    ...fields,
  };
}

function directly(id: string): ConversationRecord {
  const { guild: _none, ...record } = conversation({ conversation: id, direct: true });
  return record;
}

function channel(fields: Partial<ApiChannel> = {}): ApiChannel {
  return { id: '1', type: 0, guild_id: '7', ...fields };
}

function heard(...records: readonly ConversationRecord[]): ReturnType<typeof byChannel> {
  return byChannel(records);
}

describe('where something may have been missed', () => {
  it('is behind the last message that was heard there', () => {
    const missed = missedIn('1', conversation(), undefined, fromAt);

    expect(missed).toEqual({ channel: '1', guild: '7', after: at(-60) });
  });

  it('is the whole gap, with a margin, when a message was heard there after the gap began', () => {
    const missed = missedIn('1', conversation({ seenAt: fromAt + 1 }), undefined, fromAt);

    expect(missed).toMatchObject({ after: since });
  });

  it('is the whole gap where nothing was ever heard', () => {
    const missed = missedIn('1', undefined, channel(), fromAt);

    expect(missed).toEqual({ channel: '1', guild: '7', after: since });
  });

  it.each([
    ['nothing was said since', at(-60), false],
    ['something was said during the gap', at(1), true],
  ])('follows the platform, which says that %s', (_what, last, isMissed) => {
    const missed = missedIn('1', conversation(), channel({ last_message_id: last }), fromAt);

    expect(missed !== undefined).toBe(isMissed);
  });

  it('does not take what was heard after the gap for a sign that nothing was said in it', () => {
    const record = conversation({ position: at(30), seenAt: fromAt + 30 * minute });

    const missed = missedIn('1', record, channel({ last_message_id: at(30) }), fromAt);

    expect(missed).toMatchObject({ after: since });
  });

  it('is there when the position of a conversation is none of the platform', () => {
    const missed = missedIn('1', conversation({ position: 'x' }), undefined, fromAt);

    expect(missed).toMatchObject({ after: since });
  });
});

describe('the places of a gap', () => {
  it('are those that were heard, the latest first, and then those in which something was said, the latest first', () => {
    const known = heard(conversation({ conversation: '2' }), conversation({ conversation: '1' }));
    const channels = [
      channel({ id: '3', last_message_id: at(2) }),
      channel({ id: '6', last_message_id: at(4) }),
      channel({ id: '4', last_message_id: at(-90) }),
      channel({ id: '5' }),
      channel({ id: '1', last_message_id: at(3) }),
    ];

    const places = missedPlaces(known, channels, fromAt, all);

    expect(places.map(({ channel: id }) => id)).toEqual(['2', '1', '6', '3']);
  });

  it('are read in the thread, and not in the channel that it belongs to', () => {
    const known = heard(conversation({ conversation: '1', thread: '9' }));

    const places = missedPlaces(known, [], fromAt, all);

    expect(places).toMatchObject([{ channel: '9', guild: '7' }]);
  });

  it('are none that hold no messages themselves, nor what is no channel', () => {
    const known = heard(conversation({ conversation: 'guild:7' }));
    const channels = [4, 15, 16].map((type) => channel({ id: `${type}`, type, last_message_id: at(1) }));

    const places = missedPlaces(known, channels, fromAt, all);

    expect(places).toEqual([]);
  });

  it('are new threads, from the message that they came from', () => {
    const thread = channel({ id: at(1), type: 11, parent_id: '1' });

    const places = missedPlaces(heard(), [thread], fromAt, all);

    expect(places).toMatchObject([{ channel: at(1), after: since }]);
  });

  it('are those of the connection that was lost: direct messages are with the first', () => {
    const guilds = [0n, 1n].map((nth) => ((5n + nth) << 22n).toString());
    const known = heard(
      conversation({ conversation: '1', guild: `discord:guild:${guilds[0]}` }),
      conversation({ conversation: '2', guild: `discord:guild:${guilds[1]}` }),
      directly('3'),
    );

    const [first, second] = [0, 1].map((index) =>
      missedPlaces(known, [], fromAt, [index, 2]).map(({ channel: id }) => id),
    );

    expect([first, second]).toEqual([['2', '3'], ['1']]);
  });
});

it.each([
  [undefined, 4, 0],
  ['0', 4, 0],
  [(6n << 22n).toString(), 4, 2],
  [((6n << 22n) + 5n).toString(), 4, 2],
])('puts guild %s, of %i connections, on the one with the number %i', (guild, count, index) => {
  expect(shardOf(guild, count)).toBe(index);
});
