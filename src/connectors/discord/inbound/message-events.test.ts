import type { GatewayMessageCreateDispatchData } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';
import type { InboundMessageEvent, Sender } from '../../../domain/inbound-event.ts';
import {
  applicationId,
  connector,
  contextOf,
  directoryOf,
  example,
  inboundOf,
  now,
  selfId,
} from './inbound.fixture.ts';

const text = '41771983423143937';
const thread = '41771983423143938';

/** The documentation's example of a message, as the gateway sends it in a guild, with some fields changed. */
function message(fields: Partial<Record<keyof GatewayMessageCreateDispatchData, unknown>> = {}): object {
  return { ...example('message'), guild_id: '41771983423143937', ...fields };
}

function created(fields: Parameters<typeof message>[0] = {}, context = contextOf()): InboundMessageEvent {
  const { kept, unknown } = inboundOf('MESSAGE_CREATE', message(fields), context);
  expect(unknown).toBeUndefined();
  return kept[0] as InboundMessageEvent;
}

describe('a message', () => {
  it('comes in as it was written, from whom and where', () => {
    const { kept } = inboundOf('MESSAGE_CREATE', example('message'));

    expect(kept).toEqual([
      {
        type: 'message.created',
        source: 'discord:default',
        lane: 'discord:default/290926798999357250',
        address: {
          connector: 'discord:default',
          conversation: '290926798999357250',
          message: '334385199974967042',
        },
        direct: true,
        dedupeKey: 'message:334385199974967042',
        occurredAt: Date.parse('2017-07-11T17:27:07.299Z'),
        position: '334385199974967042',
        sender: {
          id: 'discord:user:53908099506183680',
          display: 'Mason',
          kind: 'human',
          verified: true,
          roles: [],
        },
        text: 'Supa Hot',
        attachments: [],
        mentions: { self: false, everyone: false, users: [] },
        broadcast: false,
      },
    ]);
  });

  it('of a guild has its guild, and the name and the roles of its author there', () => {
    const member = { nick: 'Mace', roles: ['165511591545143296'], joined_at: null, deaf: false, mute: false };

    const event = created({ member });

    expect(event).toMatchObject({
      guild: 'discord:guild:41771983423143937',
      direct: false,
      sender: { display: 'Mace', roles: ['discord:role:165511591545143296'] },
    });
  });

  it('of a channel that is in a guild by all that is known is not direct, though the payload names none', () => {
    const event = created({ channel_id: text, guild_id: undefined });

    expect(event).toMatchObject({ direct: false, guild: 'discord:guild:41771983423143937' });
  });

  it('in a thread is in the thread of its channel, and in a lane of its own', () => {
    const event = created({ channel_id: thread });

    expect(event.address).toEqual({ connector, conversation: text, thread, message: '334385199974967042' });
    expect(event.lane).toBe(`discord:default/${text}/${thread}`);
  });

  it('in a channel that nobody told of is in that channel', () => {
    const event = created({ channel_id: '5' });

    expect(event.address).toEqual({ connector, conversation: '5', message: '334385199974967042' });
  });

  it.each([
    ['channel-dm', true],
    ['channel-group-dm', false],
  ])('in the channel of %s is direct: %s', (name, direct) => {
    const channel = example(name);
    const context = contextOf({}, directoryOf(['CHANNEL_CREATE', channel]));

    const event = created({ channel_id: channel.id, guild_id: undefined }, context);

    expect(event.direct).toBe(direct);
  });

  it('falls back to the time of its id when it tells none', () => {
    const event = created({ timestamp: 'yesterday' });

    expect(event.occurredAt).toBe(Date.parse('2017-07-11T17:27:24.250Z'));
  });

  it.each([
    ['nothing', undefined],
    ['no id', { channel_id: '1', content: 'hello' }],
    ['no channel', { id: '1', content: 'hello' }],
    ['an id that is a number', { id: 1, channel_id: '1' }],
    ['a list', [example('message')]],
  ])('with %s is counted and not kept', (_what, data) => {
    const inbound = inboundOf('MESSAGE_CREATE', data);

    expect(inbound).toEqual({ kept: [], unknown: 'MESSAGE_CREATE (nothing to keep)' });
  });
});

const author = example('message').author as object;
const senders: readonly [string, Parameters<typeof message>[0], Partial<Sender>][] = [
  ['a person', {}, { kind: 'human', verified: true }],
  ['a person who replies', { type: 19 }, { kind: 'human' }],
  [
    'this bot',
    { author: { ...author, id: selfId, bot: true } },
    { kind: 'self', id: `discord:user:${selfId}` },
  ],
  ['this application by a webhook', { application_id: applicationId, webhook_id: '5' }, { kind: 'self' }],
  ['another bot', { author: { ...author, bot: true } }, { kind: 'bot' }],
  ['another application', { author: { ...author, bot: true }, application_id: '6' }, { kind: 'bot' }],
  [
    'a webhook that bears the name of a person',
    { author: { id: '5', username: 'Mason' }, webhook_id: '5' },
    { kind: 'bot', id: 'discord:user:5' },
  ],
  ['the platform, by a member who joined', { type: 7, content: '' }, { kind: 'system' }],
  ['the platform, by a thread with a name', { type: 18, content: '@bot do something' }, { kind: 'system' }],
  ['the platform, by its own account', { author: { ...author, system: true } }, { kind: 'system' }],
  ['a kind of notice that came later', { type: 99 }, { kind: 'system' }],
  ['nobody', { author: null }, { kind: 'system', id: 'discord:system', verified: false, roles: [] }],
];

it.each(senders)('knows a message of %s for one', (_who, fields, sender) => {
  const event = created(fields);

  expect(event.sender).toMatchObject(sender);
});

describe('what a message points at', () => {
  const role = { id: '7', name: 'bot', permissions: '0', managed: true, tags: { bot_id: selfId } };
  const others = { id: '8', name: 'another bot', permissions: '0', managed: true, tags: { bot_id: '2' } };
  const guild = { id: text, roles: [role, others], channels: [], threads: [], members: [] };
  const context = contextOf({}, directoryOf(['GUILD_CREATE', guild]));

  it.each([
    ['nobody', {}, { self: false, everyone: false, users: [] }],
    [
      'the bot',
      { mentions: [{ id: selfId }, { id: '5' }] },
      { self: true, everyone: false, users: [`discord:user:${selfId}`, 'discord:user:5'] },
    ],
    ['the role of the bot alone', { mention_roles: ['7'] }, { self: true, everyone: false, users: [] }],
    ['a role of another bot', { mention_roles: ['8'] }, { self: false, everyone: false, users: [] }],
    ['everyone', { mention_everyone: true }, { self: false, everyone: true, users: [] }],
    [
      'nobody, though its text looks like it',
      { content: `<@${selfId}> <@&7> @everyone` },
      { self: false, everyone: false, users: [] },
    ],
  ])('%s', (_who, fields, mentions) => {
    const event = created(fields, context);

    expect(event.mentions).toEqual(mentions);
    expect(event.broadcast).toBe(mentions.everyone);
  });

  it('is found by the guild of its channel when the payload names none', () => {
    const known = directoryOf(['GUILD_CREATE', { ...guild, channels: [example('channel-text')] }]);

    const event = created(
      { guild_id: undefined, channel_id: text, mention_roles: ['7'] },
      contextOf({}, known),
    );

    expect(event.mentions.self).toBe(true);
  });
});

describe('a reply', () => {
  const reference = { type: 0, message_id: '306588351130107906', channel_id: '290926798999357250' };
  const ours = { ...example('message'), id: '306588351130107906', author: { id: selfId, bot: true } };

  it.each([
    ['to us', { referenced_message: ours }, true],
    [
      'to our answer to a command',
      { referenced_message: { ...ours, author: { id: '3' }, application_id: applicationId } },
      true,
    ],
    ['to another', { referenced_message: example('message') }, false],
    ['to what was deleted', { referenced_message: null }, false],
    ['to what was not looked up', {}, false],
  ])('%s says so', (_whom, fields, toSelf) => {
    const event = created({ type: 19, message_reference: reference, ...fields });

    expect(event.replyTo).toEqual({ message: '306588351130107906', toSelf });
  });

  it.each([
    ['a message that was published elsewhere first', example('message-crossposted')],
    ['a forward', message({ message_reference: { ...reference, type: 1 } })],
    ['a notice of a pin', message({ type: 6, message_reference: reference })],
  ])('is not %s', (_what, data) => {
    const [event] = inboundOf('MESSAGE_CREATE', data).kept;

    expect(event).not.toHaveProperty('replyTo');
  });
});

describe('an edit', () => {
  it('brings the text as it is now, under a key of its own for each', () => {
    const edited_timestamp = '2017-07-11T17:30:00.000000+00:00';

    const { kept } = inboundOf('MESSAGE_UPDATE', message({ content: 'Super Hot', edited_timestamp }));

    expect(kept).toMatchObject([
      {
        type: 'message.edited',
        dedupeKey: 'edit:334385199974967042:2017-07-11T17:30:00.000000+00:00',
        occurredAt: Date.parse('2017-07-11T17:30:00Z'),
        text: 'Super Hot',
        sender: { id: 'discord:user:53908099506183680' },
        mentions: { self: false, everyone: false, users: [] },
      },
    ]);
    expect(kept[0]).not.toHaveProperty('position');
  });

  it.each([
    ['when a link was looked at', message({ embeds: [{ title: 'A page' }] })],
    ['in the old, partial form', { id: '334385199974967042', channel_id: '290926798999357250', embeds: [] }],
  ])('is not what comes %s', (_when, data) => {
    const inbound = inboundOf('MESSAGE_UPDATE', data);

    expect(inbound).toEqual({ kept: [], unknown: 'MESSAGE_UPDATE (nothing to keep)' });
  });
});

describe('a deletion', () => {
  it('names the message and nobody who did it', () => {
    const { kept } = inboundOf('MESSAGE_DELETE', { id: '9', channel_id: thread, guild_id: text });

    expect(kept).toEqual([
      {
        type: 'message.deleted',
        source: connector,
        lane: `discord:default/${text}/${thread}`,
        address: { connector, conversation: text, thread, message: '9' },
        direct: false,
        guild: `discord:guild:${text}`,
        dedupeKey: 'delete:9',
        occurredAt: now,
        sender: { id: 'discord:system', kind: 'system', verified: false, roles: [] },
      },
    ]);
  });

  it('of many is one of each, and the same as if each had gone alone', () => {
    const { kept } = inboundOf('MESSAGE_DELETE_BULK', { ids: ['9', '8', '9', 7], channel_id: text });

    expect(kept.map(({ dedupeKey }) => dedupeKey)).toEqual(['delete:9', 'delete:8']);
  });

  it.each([[{ id: '9' }], [{ channel_id: text }], [{ channel_id: text, ids: 'all' }]])(
    'of %j names nothing and is counted',
    (data) => {
      const inbound = inboundOf('MESSAGE_DELETE_BULK', data);

      expect(inbound).toEqual({ kept: [], unknown: 'MESSAGE_DELETE_BULK (nothing to keep)' });
    },
  );
});
