import {
  type GatewayGuildMemberRemoveDispatchData,
  type GatewayMessageReactionRemoveAllDispatchData,
  type GatewayMessageReactionRemoveDispatchData,
  ReactionType,
} from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';
import { connector, contextOf, example, inboundOf, now, selfId } from './inbound.fixture.ts';

const text = '41771983423143937';
const thread = '41771983423143938';
const ada = {
  id: '82198898841029460',
  username: 'ada',
  discriminator: '0',
  global_name: 'Ada',
  avatar: null,
};

const removed: GatewayMessageReactionRemoveDispatchData = {
  user_id: ada.id,
  channel_id: text,
  message_id: '334385199974967042',
  guild_id: text,
  emoji: { id: null, name: '🔥' },
  burst: false,
  type: ReactionType.Normal,
};
const added = { ...removed, member: { user: ada, nick: null, roles: ['5'] }, message_author_id: selfId };

describe('a reaction', () => {
  it('comes in by whom and on what', () => {
    const { kept } = inboundOf('MESSAGE_REACTION_ADD', added);

    expect(kept).toEqual([
      {
        type: 'reaction.added',
        source: connector,
        lane: `discord:default/${text}`,
        address: { connector, conversation: text, message: '334385199974967042' },
        direct: false,
        guild: `discord:guild:${text}`,
        dedupeKey: 'reaction:added:334385199974967042:82198898841029460:🔥:session:1',
        occurredAt: now,
        sender: {
          id: 'discord:user:82198898841029460',
          display: 'Ada',
          kind: 'human',
          verified: true,
          roles: ['discord:role:5'],
        },
        emoji: '🔥',
      },
    ]);
  });

  it.each([
    ['emoji-standard', '🔥'],
    ['emoji-custom', 'LUL:41771983429993937'],
    ['emoji-nameless', '_:41771983429993937'],
  ])('of %s is written as a request for it is: %s', (name, emoji) => {
    const { kept } = inboundOf('MESSAGE_REACTION_REMOVE', { ...removed, emoji: example(name) });

    expect(kept).toMatchObject([{ type: 'reaction.removed', emoji }]);
  });

  it.each([
    ['ours', { user_id: selfId, member: undefined }, 'self'],
    ['of a bot', { member: { ...added.member, user: { ...ada, bot: true } } }, 'bot'],
    ['of a member who is somebody else', { member: { user: { id: '5', bot: true }, roles: [] } }, 'human'],
    ['in a direct message', { member: undefined, guild_id: undefined, channel_id: '6' }, 'human'],
  ])('%s is known for one', (_whose, fields, kind) => {
    const { kept } = inboundOf('MESSAGE_REACTION_ADD', { ...added, ...fields });

    expect(kept).toMatchObject([{ sender: { kind } }]);
  });

  it('that comes again after it was taken away is another, and one that is delivered again is not', () => {
    const keyOf = (type: string, dispatchKey: string): string | undefined =>
      inboundOf(type, added, contextOf({ dispatchKey })).kept[0]?.dedupeKey;

    const keys = [
      keyOf('MESSAGE_REACTION_ADD', 'session:1'),
      keyOf('MESSAGE_REACTION_REMOVE', 'session:2'),
      keyOf('MESSAGE_REACTION_ADD', 'session:3'),
      keyOf('MESSAGE_REACTION_ADD', 'session:3'),
    ];

    expect(new Set(keys).size).toBe(3);
    expect(keys[3]).toBe(keys[2]);
  });

  const all: GatewayMessageReactionRemoveAllDispatchData = {
    channel_id: thread,
    message_id: '334385199974967042',
    guild_id: text,
  };

  it.each([
    ['all at once', 'MESSAGE_REACTION_REMOVE_ALL', all, '*'],
    ['all of an emoji', 'MESSAGE_REACTION_REMOVE_EMOJI', { ...all, emoji: example('emoji-standard') }, '🔥'],
  ])('is taken away with %s by somebody who is not named', (_what, type, data, emoji) => {
    const { kept } = inboundOf(type, data);

    expect(kept).toMatchObject([
      {
        type: 'reaction.removed',
        address: { conversation: text, thread },
        sender: { kind: 'system', verified: false },
        emoji,
      },
    ]);
  });

  it.each([
    ['MESSAGE_REACTION_ADD', { ...added, emoji: undefined }],
    ['MESSAGE_REACTION_ADD', { ...added, emoji: { id: null, name: null } }],
    ['MESSAGE_REACTION_ADD', { ...added, user_id: undefined }],
    ['MESSAGE_REACTION_REMOVE', { ...removed, user_id: undefined }],
    ['MESSAGE_REACTION_REMOVE', { ...removed, emoji: undefined }],
    ['MESSAGE_REACTION_REMOVE_EMOJI', all],
    ['MESSAGE_REACTION_REMOVE_ALL', { ...all, message_id: undefined }],
  ])('of %s that says too little is counted', (type, data) => {
    const inbound = inboundOf(type, data);

    expect(inbound).toEqual({ kept: [], unknown: `${type} (nothing to keep)` });
  });
});

describe('a member', () => {
  const left: GatewayGuildMemberRemoveDispatchData = { guild_id: text, user: ada };

  it.each([
    [
      'GUILD_MEMBER_ADD',
      { ...left, nick: 'Countess', roles: ['5'] },
      'joined',
      'Countess',
      ['discord:role:5'],
    ],
    ['GUILD_MEMBER_REMOVE', left, 'left', 'Ada', []],
  ])('of a guild comes and goes with %s', (type, data, change, display, roles) => {
    const { kept } = inboundOf(type, data);

    expect(kept).toEqual([
      {
        type: 'membership',
        source: connector,
        lane: `discord:default/guild:${text}`,
        address: { connector, conversation: `guild:${text}` },
        direct: false,
        guild: `discord:guild:${text}`,
        dedupeKey: `member:${change}:guild:${text}:${ada.id}:session:1`,
        occurredAt: now,
        sender: { id: `discord:user:${ada.id}`, display, kind: 'human', verified: true, roles },
        change,
        member: `discord:user:${ada.id}`,
      },
    ]);
  });

  it('of a thread comes and goes there', () => {
    const member = { user: ada, roles: [], nick: null };

    const { kept } = inboundOf('THREAD_MEMBERS_UPDATE', {
      id: thread,
      guild_id: text,
      member_count: 2,
      added_members: [{ id: thread, user_id: ada.id, member }, { user_id: '6' }],
      removed_member_ids: [selfId],
    });

    expect(kept).toMatchObject([
      { change: 'joined', member: `discord:user:${ada.id}`, sender: { display: 'Ada' } },
      { change: 'joined', member: 'discord:user:6', sender: { kind: 'human' } },
      { change: 'left', member: `discord:user:${selfId}`, sender: { kind: 'self' } },
    ]);
    expect(kept.map(({ lane }) => lane)).toEqual(Array(3).fill(`discord:default/${text}/${thread}`));
    expect(new Set(kept.map(({ dedupeKey }) => dedupeKey)).size).toBe(3);
  });

  it.each([
    ['GUILD_MEMBER_ADD', { guild_id: text }],
    ['GUILD_MEMBER_REMOVE', { user: ada }],
    ['THREAD_MEMBERS_UPDATE', { added_members: [{ user_id: ada.id }] }],
    ['THREAD_MEMBERS_UPDATE', { id: thread }],
  ])('of %s that says too little is counted', (type, data) => {
    const inbound = inboundOf(type, data);

    expect(inbound).toEqual({ kept: [], unknown: `${type} (nothing to keep)` });
  });
});

describe('any other dispatch', () => {
  it.each([
    ['PRESENCE_UPDATE', 'PRESENCE_UPDATE'],
    ['TYPING_START', 'TYPING_START'],
    ['CAME_LATER', 'CAME_LATER'],
    ['<script>', 'OTHER'],
    ['A'.repeat(1_000), 'OTHER'],
    ['', 'OTHER'],
  ])('named %s is counted as %s', (type, unknown) => {
    expect(inboundOf(type, {})).toEqual({ kept: [], unknown });
  });

  it.each(['READY', 'RESUMED', 'GUILD_CREATE', 'THREAD_LIST_SYNC'])(
    '%s is of use elsewhere, and not counted',
    (type) => {
      expect(inboundOf(type, {})).toEqual({ kept: [] });
    },
  );
});
