import { afterEach, describe, expect, it } from 'vitest';
import { asJson, good, palyra } from '../support/cli.ts';
import { until } from '../support/daemon.ts';
import { repliesIn } from '../support/discord-daemon.ts';
import { everything, openSetupWorld, type SetupWorld, wherever } from '../support/discord-setup.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

async function setUp({ shell, there }: SetupWorld, ...flags: readonly string[]): Promise<string> {
  return good(shell, 'channels', 'discord', 'setup', ...there, '--token-env', 'BOT', ...flags);
}

function stateOf({ daemon }: SetupWorld): Promise<string> {
  return daemon
    .api('GET /channels/{id}', { params: { id: 'discord:default' } })
    .then(({ status }) => status.state);
}

interface Verified {
  readonly trace: { readonly parts: readonly { readonly address: { readonly conversation: string } }[] };
}

describe('an account that was set up', () => {
  it('hears and answers on nothing but defaults, with the token in the vault and nowhere else', async () => {
    const world = await openSetupWorld();
    const { fake, daemon, shell } = world;
    const user = fake.addUser();
    const guild = fake.addGuild({ members: [user] });
    const channel = fake.addChannel(guild);

    const said = await setUp(world, '--allow-from', user.id);
    fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> in public` });
    fake.say({ channel: fake.dm(user), author: user, content: 'in private' });
    await fake.until(() => repliesIn(fake, fake.dm(user)).length > 0);
    const sent = await good(
      shell,
      ...['channels', 'discord', 'verify', '--to', channel.id, '--text', 'a word from the operator'],
    );

    expect(said).toMatch(/^discord:default is set up, and its session is live\.\n/);
    expect(repliesIn(fake, fake.dm(user)).map(({ content }) => content)).toEqual(['echo: in private']);
    expect(repliesIn(fake, channel).map(({ content }) => content)).toEqual(['a word from the operator']);
    expect(sent).toMatch(/^msg_\S+ {2}delivered /);
    expect((await daemon.api('GET /secrets')).secrets).toMatchObject([
      { ref: 'channel:discord:default/token' },
    ]);
    expect(`${said}${sent}${await wherever(world)}`).not.toContain(fake.bot.token);
    await daemon.restart();
    await until(async () => (await stateOf(world)) === 'running' || undefined);
  });

  it('is written through in any spelling of a place, which is one place, and to no place that is none', async () => {
    const world = await openSetupWorld();
    const { fake, shell } = world;
    const channel = fake.addChannel(fake.addGuild());
    await setUp(world);
    const link = `https://discord.com/channels/${channel.guild?.id}/${channel.id}`;
    const verify = ['channels', 'discord', 'verify', '--text', 'hi', '--to'];

    const answers = [];
    for (const to of [channel.id, `<#${channel.id}>`, link])
      answers.push(await asJson<Verified>(shell, ...verify, to));
    const refused = await palyra(shell, ...verify, '#general');

    expect(repliesIn(fake, channel)).toHaveLength(3);
    for (const { trace } of answers) expect(trace.parts[0]?.address.conversation).toBe(channel.id);
    expect(refused).toMatchObject({
      exit: 64,
      stderr: expect.stringContaining('is not a Discord conversation'),
    });
  });

  it('opens one session, and another one for another token', async () => {
    const world = await openSetupWorld();
    const { fake, shell } = world;
    await setUp(world);
    const first = fake.gateway.journal.of('identified').length;

    fake.resetToken();
    await until(async () => (await stateOf(world)) === 'blocked' || undefined);
    const said = await good(
      { ...shell, stdin: `Bot ${fake.bot.token}\n` },
      ...['channels', 'discord', 'setup', '--token-stdin'],
    );

    expect(first).toBe(1);
    expect(said).toMatch(/^discord:default is set up anew/);
    expect(await stateOf(world)).toBe('running');
    expect(fake.gateway.journal.of('identified')).toHaveLength(2);
    expect(await wherever(world)).not.toContain(fake.bot.token);
  });

  it('keeps what is not named when it is set up again, and comes to the same', async () => {
    const world = await openSetupWorld();
    const { fake, shell } = world;
    const guild = fake.addGuild();
    const lists = ['--scope', 'allowlisted_guild_channels', '--guild', guild.id, '--deny-from', '42'];
    await setUp(world, ...lists, '--direct-messages', 'deny', '--require-mention', 'no');
    const before = await everything(world);

    await good(shell, 'channels', 'discord', 'setup');
    const after = await everything(world);
    await good(shell, 'channels', 'discord', 'setup', '--scope', 'dm_only', '--direct-messages', 'pairing');

    expect(after).toEqual(before);
    expect(await everything(world)).toMatchObject({
      rules: {
        rules: expect.not.arrayContaining([expect.objectContaining({ id: 'discord.default.guilds' })]),
      },
    });
  });

  it('stands beside others, which it does not touch', async () => {
    const world = await openSetupWorld();
    const { fake, daemon, shell, there } = world;
    const other = fake.addBot({ token: 'the-token-of-another-bot' });
    await setUp(world);

    await good(
      { ...shell, env: { BOT: other.token } },
      ...[
        'channels',
        'add',
        '--provider',
        'discord',
        '--account',
        'default.dm',
        ...there,
        '--secret-env',
        'BOT',
      ],
    );

    const { channels } = await daemon.api('GET /channels');
    expect(channels.map(({ id, status }) => [id, status.state])).toEqual([
      ['discord:default', 'running'],
      ['discord:default.dm', 'running'],
      ['echo:default', 'running'],
    ]);
    expect(fake.gateway.journal.of('identified')).toHaveLength(2);
  });
});

describe('a server that says again what it was told', () => {
  it('has no part of the token come back in a report, an error, a log or a trace', async () => {
    const token = 'MTk4.told-back-by-the-server';
    const world = await openSetupWorld({ bot: { token, username: `I am ${token}` } });
    const { fake, shell, there } = world;
    const from = { ...shell, env: { BOT: token } };
    const flags = ['channels', 'discord', 'setup', ...there, '--token-env', 'BOT'];
    const channel = fake.addChannel(fake.addGuild({ everyone: 0n }), { name: token });

    const said = [
      await palyra(from, ...flags, '--dry-run', '--json'),
      await palyra(from, ...flags, '--verify-channel', channel.id),
      await palyra(from, ...flags),
      await palyra(from, 'channels', 'discord', 'health-refresh', '--verify-channel', channel.id, '--json'),
      await palyra(from, 'channels', 'discord', 'status'),
    ];

    expect(said.map(({ exit }) => exit)).toEqual([0, 64, 0, 69, 0]);
    expect(said.map(({ stdout, stderr }) => `${stdout}${stderr}`).join()).not.toContain(token);
    expect(await wherever(world)).not.toContain(token);
  });
});

describe('a setup that fails', () => {
  const cases = [
    [
      'a token that is not accepted',
      (world: SetupWorld) => ({ ...world.shell, env: { BOT: 'not-the-token' } }),
      77,
    ],
    [
      'an intent that is off',
      (world: SetupWorld) => {
        world.fake.bot.flags = 0;
        return world.shell;
      },
      64,
    ],
    [
      'an intent that is switched off at the last moment, which the gateway says with 4014',
      (world: SetupWorld) => {
        world.fake.faults.decide = ({ route }) => {
          if (route === '/gateway/bot') world.fake.bot.flags = 0;
          return undefined;
        };
        return world.shell;
      },
      64,
    ],
  ] as const;

  it.each(cases)('for %s changes nothing', async (_what, spoil, exit) => {
    const world = await openSetupWorld();
    const before = await everything(world);
    const shell = spoil(world);

    const ran = await palyra(
      shell,
      ...['channels', 'discord', 'setup', ...world.there, '--token-env', 'BOT'],
    );

    expect(ran).toMatchObject({ exit, stdout: '' });
    expect(ran.stderr).not.toMatch(/not-the-token|planted-bot-token/);
    expect(await everything(world)).toEqual(before);
  });

  it.each(cases)(
    'for %s leaves an account that was there as it was, and live',
    async (_what, spoil, exit) => {
      const world = await openSetupWorld();
      const { fake } = world;
      await setUp(world, '--feature', 'files');
      const before = await everything(world);
      const shell = spoil(world);
      const guild = fake.addGuild();

      const ran = await palyra(
        shell,
        ...[
          'channels',
          'discord',
          'setup',
          ...world.there,
          '--token-env',
          'BOT',
          '--feature',
          'message_content',
        ],
        ...['--scope', 'allowlisted_guild_channels', '--guild', guild.id],
      );

      expect(ran).toMatchObject({ exit, stdout: '' });
      expect(await everything(world)).toEqual(before);
      fake.faults.clear();
      await until(async () => (await stateOf(world)) === 'running' || undefined);
      expect(await wherever(world)).not.toMatch(/not-the-token|planted-bot-token/);
    },
  );

  it('says which intent the gateway wants, although the application seemed to have it', async () => {
    const world = await openSetupWorld();
    const [, , [, spoil]] = cases;

    const ran = await palyra(
      spoil(world),
      ...['channels', 'discord', 'setup', ...world.there, '--token-env', 'BOT'],
    );

    expect(ran.stderr).toMatch(/\(4014\)\. Switch on Message Content Intent .*Nothing was changed\.\n$/);
  });
});
