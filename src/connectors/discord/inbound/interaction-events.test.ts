import { describe, expect, it } from 'vitest';
import type { InboundAction, InboundCommand } from '../../../domain/inbound-event.ts';
import { withExpiry } from '../custom-id.ts';
import { snowflakeAt } from '../snowflake.ts';
import type { Inbound } from './inbound-context.ts';
import { applicationId, connector, contextOf, example, inboundOf, now } from './inbound.fixture.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the documentation leaves out of its examples of `data`: who, where, and the message that was pressed on. */
function around(data: Fields, fields: Fields = {}): Fields {
  return {
    ...example('interaction-user-command'),
    message: { ...example('message'), channel_id: '772908445358620702' },
    ...data,
    ...fields,
  };
}

function received(data: Fields): Inbound {
  const inbound = inboundOf('INTERACTION_CREATE', data);
  expect(inbound.unknown).toBeUndefined();
  expect(inbound.kept).toHaveLength(1);
  return inbound;
}

function action(name: string, fields: Fields = {}): InboundAction {
  return received(around(example(name), fields)).kept[0] as InboundAction;
}

function command(data: Fields): InboundCommand {
  return received(data).kept[0] as InboundCommand;
}

describe('a command', () => {
  it('comes in with its name and what was entered, by whom and where', () => {
    const event = command(example('interaction-slash-command'));

    expect(event).toEqual({
      type: 'command',
      source: 'discord:default',
      lane: 'discord:default/645027906669510667',
      address: {
        connector: 'discord:default',
        conversation: '645027906669510667',
        handle: 'interaction:786008729715212338',
      },
      direct: false,
      guild: 'discord:guild:290926798626357999',
      dedupeKey: 'interaction:786008729715212338',
      occurredAt: 1_607_469_484_500,
      sender: {
        id: 'discord:user:53908232506183680',
        display: 'Mason',
        kind: 'human',
        verified: true,
        roles: ['discord:role:539082325061836999'],
      },
      name: 'cardsearch',
      args: { cardname: 'The Gitrog Monster' },
    });
  });

  it('on a person names the person', () => {
    const event = command(example('interaction-user-command'));

    expect(event).toMatchObject({
      name: 'context-menu-user-2',
      args: { target: 'discord:user:809850198683418695' },
    });
    expect(event.address).not.toHaveProperty('message');
  });

  it('on a message brings the message, and answers to it', () => {
    const event = command(example('interaction-message-command'));

    expect(event).toMatchObject({
      address: { message: '867793854505943041' },
      name: 'context-menu-message-2',
      args: { target: '867793854505943041', text: 'some message', author: 'discord:user:167348773423415296' },
    });
  });

  it('on a message that is not brought along names it', () => {
    const data = { type: 3, name: 'Bookmark', target_id: '867793854505943041' };

    const event = command({ ...example('interaction-message-command'), data });

    expect(event.args).toEqual({ target: '867793854505943041' });
  });

  it('has its subcommand in its name, and what stands for somebody or something in the one spelling', () => {
    const options = [
      { type: 6, name: 'user', value: '2' },
      { type: 8, name: 'role', value: '3' },
      { type: 7, name: 'channel', value: '4' },
      { type: 9, name: 'one', value: '2' },
      { type: 9, name: 'other', value: '3' },
      { type: 4, name: 'count', value: 0 },
      { type: 5, name: 'sure', value: false },
      { type: 3, name: 'why', value: '' },
      { type: 11, name: 'proof', value: '5' },
      { type: 11, name: 'lost', value: '6' },
      { type: 3, name: '__proto__', value: 'x' },
    ];
    const edit = { type: 1, name: 'edit', options };
    const resolved = {
      roles: { '3': { id: '3', permissions: '0' } },
      attachments: { '5': { id: '5', filename: 'a.png', size: 1, url: 'https://a.example/a.png' } },
    };
    const data = {
      type: 1,
      name: 'permissions',
      options: [{ type: 2, name: 'user', options: [edit] }],
      resolved,
    };

    const event = command({ ...example('interaction-slash-command'), data });

    expect(event.name).toBe('permissions user edit');
    expect(Object.entries(event.args)).toEqual([
      ['user', 'discord:user:2'],
      ['role', 'discord:role:3'],
      ['channel', '4'],
      ['one', 'discord:user:2'],
      ['other', 'discord:role:3'],
      ['count', 0],
      ['sure', false],
      ['why', ''],
      ['proof', { id: '5', kind: 'image', name: 'a.png', sizeBytes: 1, url: 'https://a.example/a.png' }],
      ['lost', { id: '6' }],
      ['__proto__', 'x'],
    ]);
  });

  it('that is still being typed is an action of its own kind, and invokes nothing', () => {
    const event = action('interaction-autocomplete');

    expect(event).toMatchObject({
      type: 'action',
      action: 'airhorn',
      values: { kind: 'autocomplete', focused: 'variant', args: { variant: 'data a user is typ' } },
    });
  });
});

describe('an action', () => {
  it.each([
    ['component-button', 'click_me', { kind: 'button' }],
    ['component-string-select', 'favorite_bug', { kind: 'menu', values: ['butterfly'] }],
    ['component-user-select', 'user_select', { kind: 'menu', values: ['discord:user:1111111111111111111'] }],
    ['component-role-select', 'role_ids', { kind: 'menu', values: ['discord:role:222222222222222222'] }],
    [
      'modal-text-input',
      'game_feedback_modal',
      {
        kind: 'form',
        fields: {
          game_feedback: 'The recent changes to acceleration feel much better, but shadows still need help',
        },
      },
    ],
    ['modal-string-select', 'bug_modal', { kind: 'form', fields: { favorite_bug: ['butterfly'] } }],
    [
      'modal-user-select',
      'user_modal',
      { kind: 'form', fields: { user_selected: ['discord:user:11111111111111111'] } },
    ],
    ['modal-radio-group', 'class_selection_modal', { kind: 'form', fields: { class_radio: 'warrior' } }],
  ])('of %s brings what was pressed, chosen or entered', (name, id, values) => {
    const event = action(name);

    expect(event).toMatchObject({ type: 'action', action: id, values });
    expect(event.values).toEqual(values);
  });

  it.each([
    ['is told as it was made when its time is not over', 1, [{ action: 'pick' }], undefined],
    ['is no event when its time is over', 0, [], true],
  ])('of a component that is good for a while %s', (_what, leftMs, kept, isTooLate) => {
    const pressedAt = now - 500;
    const data = { component_type: 2, custom_id: withExpiry('pick', pressedAt + leftMs) };

    const inbound = inboundOf(
      'INTERACTION_CREATE',
      around({ type: 3, data }, { id: snowflakeAt(pressedAt) }),
    );

    expect(inbound.kept).toMatchObject(kept);
    expect(inbound.interaction).toMatchObject({ kind: 'component' });
    expect(inbound.interaction?.isTooLate).toBe(isTooLate);
  });

  it('brings the files that were put into a form', () => {
    const event = action('modal-file-upload');

    expect(event.values).toMatchObject({
      kind: 'form',
      fields: {
        file_upload: [
          {
            id: '1111111111111111111',
            kind: 'image',
            name: 'bug.png',
            contentType: 'image/png',
            sizeBytes: 241_394,
            urlExpiresAt: 0x68dc7ce1 * 1_000,
          },
        ],
      },
    });
  });

  it('brings the fields of a form in the older form, answered or not', () => {
    const row = (component: Fields): Fields => ({ type: 1, components: [component] });
    const data = {
      custom_id: 'form',
      components: [
        row({ type: 4, custom_id: 'name', value: '' }),
        row({ type: 23, custom_id: 'sure', value: false }),
        row({ type: 21, custom_id: 'class', value: null }),
      ],
    };

    const { kept } = received(around({ type: 5, data }));

    expect((kept[0] as InboundAction).values).toEqual({
      kind: 'form',
      fields: { name: '', sure: false, class: null },
    });
  });

  it('is about the message that it was taken on', () => {
    const event = action('component-button');

    expect(event.address).toEqual({
      connector,
      conversation: '772908445358620702',
      message: '334385199974967042',
      handle: 'interaction:867794291820986368',
    });
  });

  it('in a thread that nobody told of is in the thread, by what comes with it', () => {
    const thread = { id: '5', type: 11, parent_id: '772908445358620702' };

    const event = action('component-button', { channel_id: '5', channel: thread });

    expect(event.address).toMatchObject({ conversation: '772908445358620702', thread: '5' });
  });

  it.each([
    ['with us', 1, true],
    ['between others', 2, false],
  ])('in a direct conversation %s is direct: %s', (_whose, context, direct) => {
    const { member, ...direct_ } = around(example('component-button'), { context, guild_id: undefined });
    const user = (member as { user: unknown }).user;

    const { kept } = received({ ...direct_, user, channel: example('channel-dm') });

    expect(kept).toMatchObject([{ direct, sender: { id: 'discord:user:167348773423415296', roles: [] } }]);
    expect(kept[0]).not.toHaveProperty('guild');
  });
});

describe('what it takes to answer', () => {
  it('comes beside the event, so that the token is in none', () => {
    const { kept, interaction } = received(example('interaction-user-command'));

    expect(interaction).toMatchObject({
      handle: 'interaction:867794291820986368',
      kind: 'command',
      id: '867794291820986368',
      applicationId: '775799577604522054',
      token: 'UNIQUE_TOKEN',
    });
    expect(JSON.stringify(kept)).not.toContain('UNIQUE_TOKEN');
  });

  it.each([
    ['component-button', 'component'],
    ['modal-text-input', 'form'],
    ['interaction-autocomplete', 'autocomplete'],
  ])('to %s says what is answered: %s', (name, kind) => {
    const { interaction } = received(around(example(name)));

    expect(interaction?.kind).toBe(kind);
  });

  it('lasts for three seconds and for fifteen minutes, by when it was made', () => {
    const { interaction } = received({
      ...example('interaction-slash-command'),
      id: snowflakeAt(now - 1_000),
      attachment_size_limit: 10_485_760,
    });

    expect(interaction).toMatchObject({
      applicationId,
      acknowledgeBy: now + 2_000,
      expiresAt: now + 899_000,
      fileBytesMax: 10_485_760,
    });
  });

  it.each([
    ['in the future', now + 60_000],
    ['long ago', now - 86_400_000],
  ])('lasts from now when its id says that it was made %s', (_when, madeAt) => {
    const { interaction } = received({ ...example('interaction-slash-command'), id: snowflakeAt(madeAt) });

    expect(interaction?.expiresAt).toBe(now + 900_000);
  });
});

it.each([
  ['a ping', { type: 1, data: undefined }],
  ['a kind that came later', { type: 9 }],
  ['no token', { token: undefined }],
  ['nobody', { member: undefined }],
  ['no channel', { channel_id: undefined }],
  ['a command without a name', { data: {} }],
  ['a button without an id', { type: 3, data: { component_type: 2 } }],
  ['a form without an id', { type: 5, data: { components: [] } }],
  ['half a command without a name', { type: 4, data: {} }],
])('counts an interaction with %s, and keeps nothing of it', (_what, fields) => {
  const inbound = inboundOf(
    'INTERACTION_CREATE',
    { ...example('interaction-slash-command'), ...fields },
    contextOf(),
  );

  expect(inbound).toEqual({ kept: [], unknown: 'INTERACTION_CREATE (nothing to keep)' });
});
