import { describe, expect, it } from 'vitest';
import {
  readApplication,
  readChannel,
  readError,
  readGatewayBot,
  readGuild,
  readReady,
  readRole,
} from './api-read.ts';
import { readMessage } from './api-read-message.ts';
import { example } from './inbound/inbound.fixture.ts';

describe('the documented examples', () => {
  it('of channels are read', () => {
    expect(readChannel(example('channel-text'))).toEqual({
      id: '41771983423143937',
      type: 0,
      guild_id: '41771983423143937',
      name: 'general',
      parent_id: '399942396007890945',
      last_message_id: '155117677105512449',
      permission_overwrites: [],
    });
    expect(readChannel(example('channel-category'))).toEqual({
      id: '399942396007890945',
      type: 4,
      guild_id: '290926798629997250',
      name: 'Test',
      permission_overwrites: [],
    });
    expect(readChannel(example('channel-group-dm'))).toMatchObject({
      type: 3,
      owner_id: '82198810841029460',
      recipients: [{ id: '82198898841029460', username: 'test' }, { id: '82198810841029460' }],
    });
    expect(readChannel(example('channel-thread'))).toMatchObject({
      type: 11,
      thread_metadata: { archived: false, locked: false },
    });
  });

  it('of guilds and roles are read', () => {
    expect(readGuild(example('guild'))).toEqual({
      id: '197038439483310086',
      name: 'Discord Testers',
      owner_id: '73193882359173120',
      roles: [],
      channels: [],
      threads: [],
    });
    expect(readGuild(example('guild-unavailable'))).toMatchObject({ unavailable: true });
    expect(readRole(example('role'))).toEqual({
      id: '41771983423143936',
      name: 'WE DEM BOYZZ!!!!!!',
      permissions: '66321471',
      managed: false,
      tags: {},
    });
  });

  it('of a message with reactions are read', () => {
    expect(readMessage(example('message'))?.reactions).toEqual([
      { emoji: { id: null, name: '🔥' }, count: 1, me: false },
    ]);
  });

  it('of the gateway is read', () => {
    expect(readGatewayBot(example('gateway-bot'))).toEqual(example('gateway-bot'));
  });

  it.each([
    ['error-array', ['activities.0.platform', 'activities.0.type']],
    ['error-object', ['access_token']],
    ['error-request', []],
  ])('of %s names the fields that are wrong', (name, fields) => {
    expect(readError(example(name))).toEqual({ code: 50_035, message: 'Invalid Form Body', fields });
  });
});

it('reads what a rate limit says', () => {
  const body = { message: 'You are being rate limited.', retry_after: 64.57, global: false };

  expect(readError(body)).toEqual({ code: 0, fields: [], ...body });
});

it.each([undefined, null, '<html>', [], { code: 'x', errors: [] }, { errors: { '<b>': { _errors: [] } } }])(
  'takes %j for an error that says nothing',
  (body) => {
    expect(readError(body)).toEqual({ code: 0, fields: [] });
  },
);

it('goes down an endless tree of errors only so far', () => {
  const errors = Array(50)
    .fill('embeds')
    .reduce<object>((inner, name: string) => ({ [name]: { ...inner, _errors: [] } }), {});

  expect(readError({ errors }).fields.length).toBeLessThanOrEqual(20);
});

it('takes a gateway that names no limits for one that has those of Discord', () => {
  expect(readGatewayBot({ url: 'wss://a.example', shards: 0 })).toEqual({
    url: 'wss://a.example',
    shards: 1,
    session_start_limit: { total: 1_000, remaining: 1_000, reset_after: 0, max_concurrency: 1 },
  });
  expect(readGatewayBot({ shards: 1 })).toBeUndefined();
});

describe('a session that is ready', () => {
  const ready = {
    v: 10,
    user: { id: '1', username: 'bot', bot: true },
    guilds: [example('guild-unavailable'), null],
    session_id: 'session',
    resume_gateway_url: 'wss://a.example',
    application: { id: '2', flags: 565_248 },
  };

  it('is read', () => {
    expect(readReady(ready)).toEqual({
      user: { id: '1', username: 'bot', bot: true },
      application: { id: '2', flags: 565_248 },
      session_id: 'session',
      resume_gateway_url: 'wss://a.example',
      guilds: ['41771983423143937'],
    });
  });

  it.each(['user', 'session_id', 'resume_gateway_url'])('is nothing without %s', (field) => {
    expect(readReady({ ...ready, [field]: null })).toBeUndefined();
  });
});

it('reads the flags of an application, and not what is no whole number', () => {
  expect(readApplication({ id: '2', name: 'app', flags: 1 << 18 })).toEqual({
    id: '2',
    name: 'app',
    flags: 1 << 18,
  });
  expect(readApplication({ id: '2', flags: '1' })).toEqual({ id: '2' });
});

it('reads a nonce whether it was given as a text or as a number', () => {
  expect(readMessage({ id: '1', channel_id: '2', nonce: 5 })?.nonce).toBe('5');
  expect(readMessage({ id: '1', channel_id: '2', nonce: 'a' })?.nonce).toBe('a');
});
