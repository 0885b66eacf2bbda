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

interface Registration {
  readonly state: string;
  readonly detail?: string;
}

function registration(
  { daemon }: DiscordWorld,
  isThere: (found: Registration) => boolean,
): Promise<Registration> {
  return until(async () => {
    const { runtime } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    const { commands } = (runtime ?? {}) as { commands?: Registration };
    return commands && isThere(commands) ? commands : undefined;
  });
}

function synced(world: DiscordWorld): Promise<Registration> {
  return registration(world, ({ state }) => state !== 'pending');
}

/** Another catalogue for the account that is there; its session begins anew. */
function putCommands({ daemon, fake }: DiscordWorld, commands: readonly object[]): Promise<unknown> {
  return daemon.api('PUT /channels/{id}', {
    params: { id: connector },
    body: {
      config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true, commands },
      enabled: true,
    },
  });
}

function many(prefix: string, count = 100): readonly object[] {
  return Array.from({ length: count }, (_none, nth) => ({
    name: `${prefix}${nth}`,
    description: 'One of many',
  }));
}

/** Somebody asks, and is answered: whatever the commands wait for holds up nothing else. */
async function talk({ fake, channel, user }: DiscordWorld): Promise<void> {
  fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> hello` });
  await fake.until(() => repliesIn(fake, channel).length > 0);
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
    await putCommands(world, [guildOnly(world.guild.id)]);
    await until(() => writes(world) === 1 || undefined);
    await live(world.daemon);
    await synced(world);

    await putCommands(world, []);
    await until(() => writes(world) === 2 || undefined);

    const last = world.fake.requests.all.filter(({ method }) => method === 'PUT').at(-1);
    expect(last).toMatchObject({ path: expect.stringContaining(world.guild.id) as string, list: [] });
  });

  it('that are more than Discord takes are refused before it is told any', async () => {
    const world = await openDiscordWorld();

    await expect(putCommands(world, many('c', 101))).rejects.toMatchObject({ code: 'invalid_request' });

    expect(writes(world)).toBe(0);
  });

  it('that are more than may be made today wait for tomorrow, and nothing else does', async () => {
    const world = await openDiscordWorld();
    for (const prefix of ['a', 'b']) {
      await putCommands(world, many(prefix));
      await registration(world, ({ state }) => state === 'synced');
      await until(() => writes(world) === (prefix === 'a' ? 1 : 2) || undefined);
    }

    await putCommands(world, many('c'));
    const { state } = await registration(world, ({ detail }) => detail?.includes('Next try at') === true);
    await talk(world);

    expect(state).toBe('pending');
    expect(writes(world)).toBe(3);
  });

  it('that a server does not take are told in the status, and are not tried again and again', async () => {
    const world = await openDiscordWorld();
    const elsewhere = '1100000000000000009';

    await putCommands(world, [deploy, { ...deploy, guilds: [elsewhere] }]);
    const { detail } = await registration(world, ({ state }) => state === 'failed');
    await talk(world);

    expect(detail).toContain(`${elsewhere}: The bot is not in that server`);
    expect(writes(world)).toBe(2);
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
