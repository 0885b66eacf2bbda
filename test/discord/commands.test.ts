import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/daemon.ts';
import {
  connector,
  type DiscordWorld,
  live,
  openDiscordWorld,
  repliesIn,
} from '../support/discord-daemon.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

const option = {
  name: 'to',
  type: 3,
  description: 'Where to',
  autocomplete: true,
  suggestions: ['staging', 'production'],
};
const deploy = { name: 'deploy', description: 'Deploys something', options: [option] };

function writes({ fake }: DiscordWorld): number {
  return fake.requests.all.filter(({ method, path }) => method === 'PUT' && path.endsWith('/commands'))
    .length;
}

function synced({ daemon }: DiscordWorld) {
  return until(async () => {
    const { runtime } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    const { commands } = (runtime ?? {}) as { commands?: { state: string } };
    return commands && commands.state !== 'pending' ? commands : undefined;
  });
}

describe('the commands of a bot', () => {
  it('are registered once, and a restart tells nothing', async () => {
    const world = await openDiscordWorld({}, {}, { commands: [deploy] });
    await synced(world);
    expect(writes(world)).toBe(1);

    await world.daemon.restart();
    await live(world.daemon);
    expect(await synced(world)).toMatchObject({ state: 'synced', written: 0 });

    expect(writes(world)).toBe(1);
  });

  it('are taken away where the catalogue has them no more', async () => {
    const guildOnly = (guild: string): object => ({ ...deploy, guilds: [guild] });
    const world = await openDiscordWorld();
    const config = { apiBaseUrl: world.fake.apiBaseUrl, allowPrivateNetwork: true };
    const put = (commands: readonly object[]): Promise<unknown> =>
      world.daemon.api('PUT /channels/{id}', {
        params: { id: connector },
        body: { config: { ...config, commands }, enabled: true },
      });
    await put([guildOnly(world.guild.id)]);
    await until(() => writes(world) === 1 || undefined);
    await live(world.daemon);
    await synced(world);

    await put([]);
    await until(() => writes(world) === 2 || undefined);

    const last = world.fake.requests.all.filter(({ method }) => method === 'PUT').at(-1);
    expect(last).toMatchObject({ path: expect.stringContaining(world.guild.id) as string, list: [] });
  });

  it('arrive as events, and their answer takes the place of "is thinking"', async () => {
    const world = await openDiscordWorld({}, {}, { commands: [deploy] });
    const { fake, channel, user } = world;
    await synced(world);

    fake.interact({
      ...{ kind: 'command', name: 'deploy', user, channel },
      options: [{ name: 'to', type: 3, value: 'staging' }],
    });
    await fake.until(() => repliesIn(fake, channel).some(({ content }) => content.includes('staging')));

    const replies = repliesIn(fake, channel);
    expect(replies).toHaveLength(1);
    expect(replies[0]?.interaction?.user).toBe(user);
  });

  it.each([
    ['what it has', [{ name: 'production', value: 'production' }], deploy],
    ['nothing where it has nothing', [], { ...deploy, options: [{ ...option, suggestions: undefined }] }],
  ])('are completed from the catalogue with %s, and no agent is asked', async (_what, choices, command) => {
    const world = await openDiscordWorld({}, {}, { commands: [command] });
    const { fake, channel, user, daemon } = world;
    await synced(world);

    fake.interact({
      ...{ kind: 'autocomplete', name: 'deploy', user, channel },
      options: [{ name: 'to', type: 3, value: 'PROD', focused: true }],
    });
    const callback = await until(() =>
      fake.requests.all.find(({ path, status }) => path.endsWith('/callback') && status !== undefined),
    );

    expect(callback.json).toEqual({ type: 8, data: { choices } });
    const { items } = await daemon.api('GET /events', { query: {} });
    expect(items.filter(({ kind }) => kind === 'inbound.accepted')).toEqual([]);
  });
});
