import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { setupTimeoutMs } from '../../src/cli/setup/setup-api.ts';
import { Config } from '../../src/config.ts';
import { probeMsMax } from '../../src/connectors/discord/onboarding/probe.ts';
import { asJson, good, palyra, type Shell } from '../support/cli.ts';
import { newStateDir } from '../support/daemon.ts';
import { everything, openSetupWorld, type SetupWorld } from '../support/discord-setup.ts';
import { closeAll, closeLater } from '../support/egress.ts';

afterEach(closeAll);

const setup = ['channels', 'discord', 'setup'];
const add = ['channels', 'add', '--provider', 'discord'];

function file(contents: string): string {
  const folder = newStateDir();
  closeLater(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), contents);
  return join(folder, 'token');
}

interface Answers {
  readonly setup: Readonly<Record<string, unknown>>;
}

function status({ daemon }: SetupWorld): Promise<Answers> {
  return asJson<Answers>(daemon, 'channels', 'discord', 'status');
}

describe('without a person', () => {
  const ways: readonly (readonly [
    string,
    (token: string) => Omit<Shell, 'stateDir'>,
    (token: string) => string[],
  ])[] = [
    ['standard input', (token) => ({ stdin: `${token}\n` }), () => ['--token-stdin']],
    ['a variable', (token) => ({ env: { MINE: `Bot ${token}` } }), () => ['--token-env', 'MINE']],
    ['a file', () => ({}), (token) => ['--token-file', file(`${token}\r\n`)]],
  ];

  it.each(ways)('the token comes from %s, for setup and for add alike', async (_what, shell, flags) => {
    const world = await openSetupWorld();
    const { fake, daemon, there } = world;
    const { token } = fake.bot;
    const from = { stateDir: daemon.stateDir, ...shell(token) };

    const said = [
      await good(from, ...setup, ...there, ...flags(token)),
      await good(from, ...add, ...there, ...flags(token).map((flag) => flag.replace('--token', '--secret'))),
      await good(from, 'channels', 'remove', 'discord:default'),
      await good(from, ...add, ...there, ...flags(token), '--account', 'added'),
    ];

    expect(said.map((text) => text.split('\n')[0])).toEqual([
      'discord:default is set up, and its session is live.',
      'discord:default is set up anew, and its session is live.',
      'discord:default is removed.',
      'discord:added is set up, and its session is live.',
    ]);
  });

  it('a token has to come from one place', async () => {
    const world = await openSetupWorld();
    const { shell, there, fake } = world;

    const none = await palyra(shell, ...setup, ...there);
    const added = await palyra(shell, ...add, ...there);
    const two = await palyra(shell, ...setup, ...there, '--token-env', 'BOT', '--token-stdin');

    for (const ran of [none, added])
      expect(ran).toMatchObject({
        exit: 64,
        stderr: 'palyra: Give the token by --token-stdin, --token-env NAME or --token-file PATH.\n',
      });
    expect(two.stderr).toBe(
      'palyra: Name one place for the token: --token-stdin, --token-env or --token-file.\n',
    );
    expect(fake.requests.count).toBe(0);
  });

  it('every answer is a flag', async () => {
    const world = await openSetupWorld();
    const { shell, there, fake } = world;
    const guild = fake.addGuild();
    const channel = fake.addChannel(guild);
    const role = fake.addRole(guild);

    await good(
      shell,
      ...[...setup, ...there, '--token-env', 'BOT', '--gateway-host', '127.0.0.1', '*.chat.example'],
      ...['--scope', 'allowlisted_guild_channels', '--guild', guild.id, '--channel', `<#${channel.id}>`],
      ...['--role', role.id, '--direct-messages', 'allowlist', '--allow-from', '7', '<@8>', '9,10'],
      ...['--deny-from', '11', '--require-mention', 'yes', '--mention-pattern', 'hey bot', '--agent', 'echo'],
      ...['--feature', 'members', 'polls', '--acknowledge-with', '👀', '--verify-channel', channel.id],
    );

    expect((await status(world)).setup).toEqual({
      account: 'default',
      apiBaseUrl: fake.apiBaseUrl,
      allowPrivateNetwork: true,
      gatewayHosts: ['127.0.0.1', '*.chat.example'],
      scope: 'allowlisted_guild_channels',
      guilds: [`discord:guild:${guild.id}`],
      channels: [channel.id],
      roles: [`discord:role:${role.id}`],
      directMessages: 'allowlist',
      allowFrom: ['discord:user:7', 'discord:user:8', 'discord:user:9', 'discord:user:10'],
      denyFrom: ['discord:user:11'],
      requireMention: true,
      mentionPatterns: ['hey bot'],
      agent: 'echo',
      features: ['members', 'reactions', 'polls'],
      acknowledgeWith: '👀',
    });
  });

  it('an open scope wants a word of confirmation', async () => {
    const world = await openSetupWorld();
    const { shell, there } = world;
    const flags = [...setup, ...there, '--token-env', 'BOT', '--scope', 'open_guild_channels'];

    const unconfirmed = await palyra(shell, ...flags);
    await good(shell, ...flags, '--confirm-open', 'yes');

    expect(unconfirmed).toMatchObject({
      exit: 64,
      stderr: expect.stringContaining('everybody could use it'),
    });
    expect((await status(world)).setup).toMatchObject({ scope: 'open_guild_channels' });
  });

  it('what is named takes the place of what was there, and nothing named takes it away', async () => {
    const world = await openSetupWorld();
    const { shell, there } = world;
    await good(
      shell,
      ...[...setup, ...there, '--token-env', 'BOT', '--allow-from', '7', '8', '--feature', 'files'],
      ...['--acknowledge-with', '👀'],
    );

    await good(shell, ...setup, '--allow-from', '', '--feature', '', '--acknowledge-with', '');

    const { setup: answers } = await status(world);
    expect(answers).toMatchObject({ allowFrom: [], features: [] });
    expect(answers).not.toHaveProperty('acknowledgeWith');
  });

  it('what means nothing any more is let go, unless it is named', async () => {
    const world = await openSetupWorld();
    const { shell, there } = world;
    const listed = ['--scope', 'allowlisted_guild_channels', '--role', '7'];
    await good(shell, ...setup, ...there, '--token-env', 'BOT', ...listed);

    const named = await palyra(shell, ...setup, '--scope', 'dm_only', '--role', '7');
    await good(shell, ...setup, '--scope', 'dm_only');

    expect(named).toMatchObject({ exit: 64, stderr: expect.stringContaining('can only be listed with') });
    expect((await status(world)).setup).toMatchObject({ scope: 'dm_only' });
  });

  it('it is looked at and left alone with --dry-run', async () => {
    const world = await openSetupWorld();
    const { shell, there, fake } = world;
    const before = await everything(world);
    const flags = [...setup, ...there, '--token-env', 'BOT', '--dry-run'];

    const looked = await palyra(shell, ...flags);
    const report = await asJson<{ facts: object }>(shell, ...flags);
    fake.bot.flags = 0;
    const wrong = await palyra(shell, ...flags);

    expect(looked.stdout).toMatch(/^· The token is that of /);
    expect(report.facts).toMatchObject({ invite: { permissions: expect.arrayContaining(['VIEW_CHANNEL']) } });
    expect(wrong).toMatchObject({
      exit: 69,
      stdout: expect.stringMatching(/✗ The Message Content Intent is off.*\n {4}In the developer portal/),
      stderr: expect.stringMatching(/^palyra: 1 of \d+ findings must be mended first\.\n$/),
    });
    expect(await everything(world)).toEqual(before);
  });
});

describe('a --dry-run', () => {
  it('says when applying would open a session anew', async () => {
    const { shell, there } = await openSetupWorld();
    const flags = [...setup, ...there, '--token-env', 'BOT'];
    const looked = async (...more: readonly string[]): Promise<string> =>
      (await palyra(shell, ...flags, '--dry-run', ...more)).stdout;

    const before = await looked();
    await good(shell, ...flags, '--yes');
    const after = await looked();
    const ofAnother = await palyra(shell, ...flags, '--dry-run', '--account', 'other');

    const reopens = 'Applying it opens the session of discord:default anew, and no other.';
    expect(before).not.toContain('Applying it');
    expect(after).toContain(reopens);
    expect(ofAnother).toMatchObject({
      exit: 69,
      stdout: expect.stringMatching(/✗ discord:default is connected as this bot already/),
    });
  });
});

describe('at a terminal', () => {
  it('--yes asks for nothing but the token', async () => {
    const { daemon, fake, there } = await openSetupWorld();

    const ran = await palyra(
      { stateDir: daemon.stateDir, typed: [fake.bot.token] },
      ...setup,
      ...there,
      '--yes',
    );

    expect(ran).toMatchObject({ exit: 0, asked: ['The token (not shown)'] });
  });

  it('--json draws no questions into the answer', async () => {
    const { daemon, fake, there } = await openSetupWorld();
    const shell = { stateDir: daemon.stateDir, env: { BOT: fake.bot.token }, typed: [] };

    const ran = await palyra(shell, ...setup, ...there, '--token-env', 'BOT', '--json');

    expect(ran).toMatchObject({ exit: 0, asked: [], stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ applied: { connector: 'discord:default' } });
  });
});

describe('channels add', () => {
  it('sets up, or changes plain settings: not both', async () => {
    const { shell, there } = await openSetupWorld();

    const ran = await palyra(shell, ...add, ...there, '--config', '{}');

    expect(ran).toMatchObject({ exit: 64, stderr: expect.stringContaining('not both') });
  });

  it('changes plain settings of an account that was set up, and a setup leaves them', async () => {
    const world = await openSetupWorld();
    const { shell, there, daemon } = world;
    await good(shell, ...add, ...there, '--token-env', 'BOT');
    const channel = () => daemon.api('GET /channels/{id}', { params: { id: 'discord:default' } });
    const { config } = await channel();

    await good(shell, ...add, '--config', JSON.stringify({ ...config, mentions: 'users' }));
    await good(shell, ...setup);

    expect((await channel()).config).toMatchObject({ mentions: 'users', allowPrivateNetwork: true });
  });

  it('has no setup for a platform that needs none', async () => {
    const { shell } = await openSetupWorld();

    const ran = await palyra(shell, 'channels', 'add', '--provider', 'echo', '--scope', 'dm_only');

    expect(ran).toMatchObject({ exit: 64, stderr: expect.stringContaining('has no setup') });
  });
});

describe('an account that was set up', () => {
  it('fails its health check when a channel is not right, and says why', async () => {
    const { shell, there, fake } = await openSetupWorld();
    const guild = fake.addGuild({ everyone: 0n });
    const channel = fake.addChannel(guild);
    await good(shell, ...setup, ...there, '--token-env', 'BOT');

    const well = await palyra(shell, 'channels', 'discord', 'health-refresh');
    const ill = await palyra(shell, 'channels', 'discord', 'health-refresh', '--verify-channel', channel.id);

    expect(well.exit).toBe(0);
    expect(ill).toMatchObject({
      exit: 69,
      stdout: expect.stringContaining('✗ The bot cannot see the channel'),
    });
  });

  it('fails to verify where it may not write', async () => {
    const { shell, there, fake } = await openSetupWorld();
    const channel = fake.addChannel(fake.addGuild({ everyone: 0n }));
    await good(shell, ...setup, ...there, '--token-env', 'BOT');

    const ran = await palyra(shell, 'channels', 'discord', 'verify', '--to', channel.id);

    expect(ran).toMatchObject({
      exit: 69,
      stderr: expect.stringMatching(/^palyra: The message ended as dead/),
    });
    expect(fake.messagesIn(channel)).toEqual([]);
  });

  it.each([['status'], ['health-refresh']])('has to be there for %s', async (verb) => {
    const { shell } = await openSetupWorld();

    const ran = await palyra(shell, 'channels', 'discord', verb, '--account', 'nobody');

    expect(ran).toMatchObject({
      exit: 69,
      stderr: expect.stringContaining('There is no connector discord:nobody'),
    });
  });

  it('shows that it may reach private addresses', async () => {
    const { shell, there } = await openSetupWorld();
    await good(shell, ...setup, ...there, '--token-env', 'BOT');

    const text = await good(shell, 'channels', 'discord', 'status');

    expect(text).toMatch(/^allow-private-network +yes$/m);
  });
});

it('waits longer than the daemon itself takes, on defaults', () => {
  const { connectors } = Config.parse({});
  const liveGraceMs = 5_000;

  expect(setupTimeoutMs).toBeGreaterThan(2 * (probeMsMax + connectors.openTimeoutMs + liveGraceMs));
});
