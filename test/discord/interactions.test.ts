import { describe, expect, it } from 'vitest';
import type { Interaction } from '../fakes/discord/interactions.ts';
import { json, status } from '../support/agent-server.ts';
import { databaseBytes, until } from '../support/daemon.ts';
import { connector, repliesIn } from '../support/discord-daemon.ts';
import { heard, inboxOf, quiet, saidIn, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { acknowledged, done, openInteractions } from '../support/interaction-world.ts';

const callback = '/interactions/{interaction}/{token}/callback';
const original = '/webhooks/{application}/{token}/messages/{message}';

const loading = 1 << 7;
const isThinking = ({ original: message }: Interaction): boolean => ((message?.flags ?? 0) & loading) !== 0;

describe('what somebody does with the bot', () => {
  it.concurrent.each([
    ['a command', { kind: 'command', name: 'ask', registered: false }, 5, { type: 'command', name: 'ask' }],
    [
      'a form',
      { kind: 'modal', customId: 'feedback', fields: { text: 'Well done' } },
      5,
      {
        type: 'action',
        action: 'feedback',
        values: { kind: 'form', fields: { text: 'Well done' } },
      },
    ],
  ] as const)(
    'is one event, and acknowledged at once: %s',
    closing(async (_what, spec, type, event) => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      world.agent.next(status(204));

      const interaction = fake.interact({ ...spec, user, channel });
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(interaction.response?.type).toBe(type);
      expect(await done(daemon)).toMatchObject([
        { event: { ...event, dedupeKey: `interaction:${interaction.id}`, direct: false } },
      ]);
    }),
  );

  it.concurrent.each([
    ['a button', {}, { kind: 'button' }],
    ['a menu', { values: ['a', 'b'] }, { kind: 'menu', values: ['a', 'b'] }],
  ])(
    'is one event, and acknowledged at once: %s',
    closing(async (_what, spec, values) => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      const message = fake.say({ channel, author: fake.bot, content: 'Choose', components: [] });
      world.agent.next(json([{ op: 'send', text: 'Chosen' }]));

      const interaction = fake.interact({
        kind: 'component',
        message,
        customId: 'pick',
        user,
        channel,
        ...spec,
      });
      await acknowledged(world, interaction);
      await fake.until(() => saidIn(world, channel).includes('Chosen'));

      expect(interaction.response?.type).toBe(6);
      expect(repliesIn(fake, channel).at(-1)?.reference?.messageId).toBe(message.id);
      expect(await done(daemon)).toMatchObject([
        { event: { type: 'action', action: 'pick', values, address: { message: message.id } } },
      ]);
    }),
  );
});

describe('a command', () => {
  it.concurrent(
    'is on disk before it is acknowledged, and acknowledged before its agent has thought',
    closing(async () => {
      const world = await openInteractions();
      const { daemon } = world;
      const stream = world.agent.stream();

      const interaction = world.command();
      await acknowledged(world, interaction);

      expect(isThinking(interaction)).toBe(true);
      expect(await done(daemon)).toHaveLength(1);
      const answer = await stream;
      answer.send('Done.');
      answer.end();
      await world.fake.until(() => interaction.original?.content === 'Done.');
      expect(repliesIn(world.fake, world.channel)).toEqual([interaction.original]);
    }),
  );

  it.concurrent.each([
    ['write', 1n << 11n],
    ['look', 1n << 10n],
  ])(
    'is answered in full where the bot may not %s',
    closing(async (_what, deny) => {
      const world = await openInteractions();
      const { fake, daemon, channel } = world;
      fake.changeOverwrites(channel, [{ id: fake.bot.user.id, type: 1, allow: 0n, deny }]);
      world.agent.next(json(['one', 'two', 'three'].map((text) => ({ op: 'send', text }))));

      const interaction = world.command();
      await fake.until(() => interaction.followups.length === 2);
      await quiet(daemon);

      const { original: first, followups } = interaction;
      expect([first, ...followups].map((message) => message?.content)).toEqual(['one', 'two', 'three']);
      expect(fake.messagesIn(channel)).toHaveLength(3);
    }),
  );

  it.concurrent(
    'is told later by another job, in its thread and as a message of its own',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      const thread = fake.openThread({ parent: channel, name: 'a thread', owner: user });
      world.agent.next(json([{ op: 'send', text: 'I am on it.' }]));
      const interaction = world.command({ channel: thread });
      await fake.until(() => interaction.original?.content === 'I am on it.');
      await quiet(daemon);
      const [event] = await done(daemon);

      await daemon.api('POST /messages', {
        body: { turn: event!.id, operation: { op: 'send', text: 'Done at last.' } },
      });
      await fake.until(() => saidIn(world, thread).includes('Done at last.'));

      expect(saidIn(world, thread)).toEqual(['I am on it.', 'Done at last.']);
      expect(interaction.followups).toEqual([]);
    }),
  );

  it.concurrent(
    'is answered in the place of "is thinking", and what follows comes behind it',
    closing(async () => {
      const world = await openInteractions();
      const { channel } = world;
      world.agent.next(
        json([
          { op: 'send', text: 'one' },
          { op: 'send', text: 'two' },
        ]),
      );

      const interaction = world.command();
      await world.fake.until(() => saidIn(world, channel).includes('two'));

      expect(saidIn(world, channel)).toEqual(['one', 'two']);
      expect(interaction.original?.content).toBe('one');
    }),
  );

  it.concurrent(
    'stops thinking when nothing is answered',
    closing(async () => {
      const world = await openInteractions();
      const { daemon, channel } = world;
      world.agent.next(status(204));

      const interaction = world.command();
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual([]);
    }),
  );

  it.concurrent(
    'stops thinking when a rule denies it',
    closing(async () => {
      const world = await openInteractions();
      const { daemon, channel } = world;
      await daemon.api('PUT /router/rules/{id}', {
        params: { id: 'discord.default' },
        body: { match: { sources: [connector] }, action: 'deny', position: 10 },
      });

      const interaction = world.command();
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual([]);
      expect(await done(daemon)).toMatchObject([{ state: 'ignored', reason: 'denied_by_rule' }]);
    }),
  );

  it.concurrent(
    'stops thinking when its agent fails for good',
    closing(async () => {
      const world = await openInteractions();
      const { daemon, channel } = world;
      world.agent.next(status(400));

      const interaction = world.command();
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual([]);
    }),
  );

  it.concurrent(
    'stops thinking when its answer comes with a file, which no edit can bring',
    closing(async () => {
      const world = await openInteractions();
      const { daemon, channel } = world;
      const file = { name: 'a.txt', contentType: 'text/plain', base64: btoa('hello') };
      world.agent.next(json([{ op: 'send', text: 'Here', extras: { files: [file] } }]));

      const interaction = world.command();
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(repliesIn(world.fake, channel)).toMatchObject([
        { content: 'Here', attachments: [{ filename: 'a.txt' }] },
      ]);
    }),
  );

  it.concurrent(
    'is acknowledged again when the first try was lost, and is one event',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon } = world;
      world.agent.next(json([{ op: 'send', text: 'Done.' }]));
      for (const applied of [false, true])
        fake.faults.rest({ method: 'POST', route: callback, fault: { kind: 'reset', applied } });

      const interaction = world.command();
      await fake.until(() => interaction.original?.content === 'Done.');

      expect(fake.requests.of('POST', callback)).toHaveLength(3);
      expect(await done(daemon)).toHaveLength(1);
    }),
  );

  it.concurrent(
    'that is told of twice is one event',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, channel } = world;
      world.agent.next(json([{ op: 'send', text: 'Done.' }]));
      fake.faults.dispatch('twice', 'INTERACTION_CREATE');

      const interaction = world.command();
      await fake.until(() => interaction.original?.content === 'Done.');
      await quiet(daemon);

      expect(saidIn(world, channel)).toEqual(['Done.']);
      expect(world.agent.server.seen).toHaveLength(1);
    }),
  );

  it.concurrent(
    'is answered after a restart, within the life of its token',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, channel } = world;
      const stream = world.agent.stream();
      const interaction = world.command();
      await acknowledged(world, interaction);
      await stream;

      await daemon.stop();
      const token = databaseBytes(daemon.stateDir).includes(interaction.token);
      world.agent.next(json([{ op: 'send', text: 'Done.' }]));
      await daemon.start();
      await fake.until(() => interaction.original?.content === 'Done.');

      expect(saidIn(world, channel)).toEqual(['Done.']);
      expect(token).toBe(false);
    }),
  );

  it.concurrent(
    'is answered in the channel when the life of its token is over',
    closing(async () => {
      const world = await openInteractions();
      const { fake, channel } = world;
      const stream = world.agent.stream();
      const interaction = world.command();
      await acknowledged(world, interaction);
      fake.faults.rest({
        ...{ method: 'PATCH', route: original },
        fault: {
          kind: 'status',
          ...{ status: 401, applied: false, body: { code: 50_027, message: 'Invalid Webhook Token' } },
        },
      });

      const answer = await stream;
      answer.send('Done.');
      answer.end();
      await fake.until(() => saidIn(world, channel).includes('Done.'));

      expect(isThinking(interaction)).toBe(true);
    }),
  );

  it.concurrent(
    'is answered once when the answer to that was lost and the life of its token is over then',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, channel } = world;
      world.agent.next(json([{ op: 'send', text: 'Done.' }]));
      const route = { method: 'PATCH', route: original };
      fake.faults.rest({ ...route, fault: { kind: 'reset', applied: true } });
      fake.faults.rest({
        ...route,
        fault: {
          kind: 'status',
          ...{ status: 401, applied: false, body: { code: 50_027, message: 'Invalid Webhook Token' } },
        },
      });

      const interaction = world.command();
      await fake.until(() => interaction.original?.content === 'Done.' && fake.faults.restPending === 0);
      await quiet(daemon);

      expect(repliesIn(fake, channel)).toEqual([interaction.original]);
      const [{ id } = { id: '' }] = await done(daemon);
      const trace = await daemon.traceUntil(id);
      expect(JSON.stringify(trace)).toContain('reconciled');
    }),
  );

  it.concurrent(
    'is answered in the channel when it could not be acknowledged in time',
    closing(async () => {
      const world = await openInteractions();
      const { fake, channel } = world;
      world.agent.next(json([{ op: 'send', text: 'Done.' }]));
      fake.faults.rest({
        ...{ method: 'POST', route: callback },
        fault: {
          kind: 'status',
          ...{ status: 404, applied: false, body: { code: 10_062, message: 'Unknown interaction' } },
        },
      });

      world.command();
      await fake.until(() => saidIn(world, channel).includes('Done.'));

      expect(saidIn(world, channel)).toEqual(['Done.']);
    }),
  );

  it.concurrent(
    'does not wait for what was missed before it in the same channel',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      fake.say({ channel, author: user, content: 'hello' });
      await until(async () => ((await heard(daemon)).length > 0 ? true : undefined));
      await daemon.stop();
      fake.gateway.endSessions();
      fake.say({ channel, author: user, content: 'missed' });
      fake.faults.rest({
        ...{ method: 'GET', route: '/channels/{channel}/messages', times: 1_000 },
        fault: { kind: 'hang', applied: false },
      });
      await daemon.start();
      await fake.until(() => fake.gateway.journal.of('identified').length === 2);
      fake.say({ channel, author: user, content: 'now' });

      const interaction = world.command();
      await acknowledged(world, interaction);

      expect(interaction.response?.at).toBeLessThan(interaction.createdAt + 3_000);
      fake.faults.clear();
    }),
  );
});

it.concurrent(
  'a command in a direct conversation is answered there',
  closing(async () => {
    const world = await openInteractions();
    const { fake, user } = world;
    const dm = fake.dm(user);
    await talk(world, 'hello');
    world.agent.next(json([{ op: 'send', text: 'Done.' }]));

    const interaction = world.command({ channel: dm });
    await fake.until(() => interaction.original?.content === 'Done.');

    const events = await inboxOf(world.daemon);
    expect(events.find(({ event }) => event.type === 'command')?.event).toMatchObject({ direct: true });
  }),
);
