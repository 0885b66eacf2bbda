import { describe, expect, it } from 'vitest';
import { readCustomId, withExpiry } from '../../src/connectors/discord/custom-id.ts';
import { json } from '../support/agent-server.ts';
import { live, repliesIn } from '../support/discord-daemon.ts';
import { quiet, saidIn, sendBy } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { acknowledged, done, type InteractionWorld, openInteractions } from '../support/interaction-world.ts';

const ephemeral = 1 << 6;

/** A message of the bot with a button, of which somebody presses what is on it by then. */
async function sendButton({ daemon, fake, channel }: InteractionWorld, extras: object = {}) {
  const button = { type: 2, style: 1, label: 'Pick', custom_id: 'pick' };
  const components = [{ type: 1, components: [button] }];
  await sendBy(daemon, 'Choose', { conversation: channel.id }, { extras: { components, ...extras } });
  const message = repliesIn(fake, channel).at(-1)!;
  const [row] = message.components as unknown as { components: { custom_id: string }[] }[];
  return { message, customId: row!.components[0]!.custom_id };
}

describe('what was sent before a restart', () => {
  it.concurrent.each([
    ['a button', { kind: 'component', customId: 'pick' }, { kind: 'button' }],
    ['a menu', { kind: 'component', customId: 'pick', values: ['a'] }, { kind: 'menu', values: ['a'] }],
    [
      'a form',
      { kind: 'modal', customId: 'pick', fields: { text: 'Well done' } },
      { kind: 'form', fields: { text: 'Well done' } },
    ],
  ] as const)(
    'is answered by the agent: %s',
    closing(async (_what, spec, values) => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      const { message } = await sendButton(world);
      await daemon.restart();
      await live(daemon);
      world.agent.next(json([{ op: 'send', text: 'Chosen' }]));

      const interaction = fake.interact({ ...spec, message, user, channel });
      await fake.until(() => saidIn(world, channel).includes('Chosen'));

      expect(interaction.response?.at).toBeLessThan(interaction.createdAt + 3_000);
      expect(await done(daemon)).toMatchObject([{ event: { type: 'action', action: 'pick', values } }]);
    }),
  );
});

describe('a button that is good for a while', () => {
  it.concurrent(
    'is told to the agent by its own name until then',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      const { message, customId } = await sendButton(world, { expiresAfterMs: 3_600_000 });
      world.agent.next(json([{ op: 'send', text: 'Chosen' }]));

      fake.interact({ kind: 'component', message, customId, user, channel });
      await fake.until(() => saidIn(world, channel).includes('Chosen'));

      expect(readCustomId(customId)).toEqual({ id: 'pick', until: expect.any(Number) as number });
      expect(await done(daemon)).toMatchObject([{ event: { type: 'action', action: 'pick' } }]);
    }),
  );

  it.concurrent(
    'is answered with "expired" afterwards, to who pressed it, and no agent is asked',
    closing(async () => {
      const world = await openInteractions();
      const { fake, daemon, user, channel } = world;
      const { message } = await sendButton(world, { expiresAfterMs: 3_600_000 });
      const customId = withExpiry('pick', Date.now() - 1);

      const interaction = fake.interact({ kind: 'component', message, customId, user, channel });
      await acknowledged(world, interaction);
      await quiet(daemon);

      expect(interaction.response).toMatchObject({
        type: 4,
        data: { content: 'This has expired. Ask again.' },
      });
      expect((interaction.original?.flags ?? 0) & ephemeral).toBe(ephemeral);
      expect(await done(daemon)).toEqual([]);
      expect(world.agent.server.seen).toEqual([]);
    }),
  );
});
