import { afterEach, describe, expect, it } from 'vitest';
import { applicationFlag } from '../fakes/discord/application-flags.ts';
import { everyoneDefault } from '../fakes/discord/permissions.ts';
import { enter, good, palyra, type Ran, type Typed } from '../support/cli.ts';
import { everything, openSetupWorld, type SetupWorld, wherever } from '../support/discord-setup.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

/** A person at a terminal, who answers one question after the other. */
function sitDown(world: SetupWorld, typed: readonly Typed[], ...flags: readonly string[]): Promise<Ran> {
  const { daemon, there } = world;
  return palyra({ stateDir: daemon.stateDir, typed }, 'channels', 'discord', 'setup', ...there, ...flags);
}

const set = 'apply';
const account = /called here/;

describe('a person who sets an account up', () => {
  it('answers with Enter but for the token, and has a bot that people can be paired with', async () => {
    const world = await openSetupWorld();
    const { fake } = world;

    const ran = await sitDown(world, [enter, fake.bot.token, enter, enter, enter, enter, enter, set]);

    expect(ran.exit).toBe(0);
    expect(ran.stdout).toMatch(/^discord:default is set up, and its session is live\.\n/);
    expect(ran.asked).toEqual([
      expect.stringMatching(account),
      expect.stringMatching(/bot token .*\(not shown\)$/),
      expect.stringMatching(/listen/),
      expect.stringMatching(/write to it directly/),
      expect.stringMatching(/Only from which people/),
      expect.stringMatching(/What is it for/),
      expect.stringMatching(/permissions be checked/),
      'What now?',
    ]);
    expect(await everything(world)).toMatchObject({
      rules: { rules: expect.arrayContaining([expect.objectContaining({ id: 'discord.default.dm' })]) },
      secrets: ['channel:discord:default/token'],
    });
  });

  it('sees who the bot is and how it is invited before the other questions, and what is going on', async () => {
    const world = await openSetupWorld({ bot: { username: 'helper' } });
    const { fake } = world;

    const ran = await sitDown(world, [enter, fake.bot.token, enter, enter, enter, enter, enter, set]);

    expect(ran.stderr).toMatch(
      /Looking at Discord …\n· The token is that of helper \(\d+\), application helper\.\n/,
    );
    expect(ran.stderr).toMatch(/· Invite the bot .*: http:\S+\/oauth2\/authorize\?client_id=\d+\S+\n/);
    expect(ran.stderr).toMatch(/scope +dm_only\n[^]*token +given\n|token +given\n[^]*scope +dm_only\n/);
    expect(ran.stderr).toMatch(/Storing it, and waiting for a live session …\n$/);
    expect(`${ran.stdout}${ran.stderr}${ran.asked.join()}${await wherever(world)}`).not.toContain(
      fake.bot.token,
    );
  });

  it('is asked again for a token that is not accepted, or is none, as often as it takes', async () => {
    const world = await openSetupWorld();
    const { token } = world.fake.bot;

    const ran = await sitDown(world, [
      enter,
      'mistyped',
      '',
      'two words',
      token,
      enter,
      enter,
      enter,
      enter,
      enter,
      set,
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.asked.filter((question) => question.includes('bot token'))).toHaveLength(4);
    expect(ran.stderr).toContain('✗ Discord does not accept the bot token.');
    expect(ran.stderr).toContain('✗ Give the bot token.');
    expect(ran.stderr).toContain('✗ The bot token holds spaces');
    expect(ran.stderr).not.toMatch(/mistyped|two words/);
  });

  it('is asked again for what cannot be, with what was typed', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const guild = fake.addGuild();

    const ran = await sitDown(world, [
      'a bad name',
      'ops',
      fake.bot.token,
      'allowlisted_guild_channels',
      ...['my server', guild.id, '', '@admins', ''],
      'allowlist',
      '',
      '7, <@8>',
      enter,
      enter,
      enter,
      set,
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('is not a connector id');
    expect(ran.stderr).toContain('That is not a Discord guild');
    expect(ran.stderr).toContain('That is not a Discord role');
    expect(ran.stderr).toContain('✗ Nobody is on the list of those who may write directly.');
    expect(await everything(world)).toMatchObject({
      channels: expect.arrayContaining([expect.objectContaining({ id: 'discord:ops' })]),
      rules: {
        rules: expect.arrayContaining([
          expect.objectContaining({
            id: 'discord.ops.guilds',
            match: expect.objectContaining({ guilds: [`discord:guild:${guild.id}`] }),
            allowFrom: ['discord:user:7', 'discord:user:8'],
          }),
        ]),
      },
    });
  });

  it('is asked for all lists again when nothing is on any of them', async () => {
    const world = await openSetupWorld();
    const { fake } = world;

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, 'allowlisted_guild_channels'],
      ...['', '', ''],
      ...['', '123', ''],
      ...[enter, enter, enter, enter, enter, set],
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('✗ Name at least one server, channel or role: nothing is on the list.');
    expect(ran.stderr).toContain('! There is no channel 123, or the bot is not in its server.');
  });

  it('confirms that everybody may use it, or chooses something else', async () => {
    const world = await openSetupWorld();
    const { fake } = world;

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, 'open_guild_channels', false],
      ...['open_guild_channels', true],
      ...[enter, enter, enter, enter, enter, set],
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('✗ In every server that the bot is in, everybody could use it.');
    expect(ran.asked.filter((question) => question.startsWith('Everybody'))).toHaveLength(2);
  });

  it('mends in Discord what the look finds, and goes on with Enter', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const guild = fake.addGuild({ everyone: 0n });
    const channel = fake.addChannel(guild);
    const mend = (): typeof enter => {
      guild.roles.get(guild.id)!.permissions = everyoneDefault;
      return enter;
    };

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, enter, enter, enter, enter],
      ...[channel.id, enter, mend],
      set,
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.asked.filter((question) => question.includes('permissions be checked'))).toHaveLength(3);
    expect(ran.stderr).toMatch(/✗ .*cannot see the channel/);
    expect(ran.stderr).toContain('the bot may do all that it is set up for');
  });

  it('switches an intent on in the portal, and has it looked at again', async () => {
    const world = await openSetupWorld({ bot: { flags: 0 } });
    const { fake } = world;
    const switchOn = (): string => {
      fake.bot.flags = applicationFlag.messageContentLimited;
      return 'look';
    };

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, enter, enter, enter, enter, enter],
      ...['look', switchOn],
      set,
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr.match(/✗ The Message Content Intent is off/g)).toHaveLength(3);
    expect(ran.stderr).toContain('Privileged Gateway Intents: switch on Message Content Intent');
  });

  it('waits for a Discord that is away, and need not begin anew', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const isAway = { kind: 'status', status: 503, applied: false } as const;
    fake.faults.rest({ times: 3, fault: isAway });

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, 'look'],
      ...[enter, enter, enter, enter, enter, set],
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('✗ The server failed on its side.');
  });

  it('goes on when the session does not come up, and nothing was changed until it does', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const before = await everything(world);
    const seen: unknown[] = [];
    const failLate = (): string => {
      fake.faults.decide = ({ route }) => {
        if (route === '/gateway/bot') fake.bot.flags = 0;
        return undefined;
      };
      return set;
    };
    const mend = (): string => {
      fake.faults.clear();
      fake.bot.flags = applicationFlag.messageContent;
      seen.push(everything(world));
      return 'look';
    };

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, enter, enter, enter, enter, enter],
      ...[failLate, mend, set],
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toMatch(/✗ .*\(4014\).* Nothing was changed\.\n/);
    expect(await seen[0]).toEqual(before);
  });

  it('changes an answer in the end, and is asked what follows from it', async () => {
    const world = await openSetupWorld();
    const { fake } = world;

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, enter, enter, enter, enter, enter],
      ...['change', 'scope', 'open_guild_channels', true, false],
      ...['change', 'denyFrom', '42'],
      set,
    ]);

    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('! The agent answers everything that anybody says where it is heard.');
    expect(await everything(world)).toMatchObject({
      rules: {
        rules: expect.arrayContaining([
          expect.objectContaining({
            id: 'discord.default.guilds',
            denyFrom: ['discord:user:42'],
            mention: { required: false, patterns: [] },
          }),
        ]),
      },
    });
  });

  it('is not held to a flag that means nothing after what was changed', async () => {
    const world = await openSetupWorld();
    const { fake, daemon, there } = world;
    const flags = ['--account', 'ops', '--token-env', 'BOT', '--scope', 'allowlisted_guild_channels'];
    const asked = [enter, enter, enter, enter, enter, enter, enter];

    const ran = await palyra(
      {
        stateDir: daemon.stateDir,
        env: { BOT: fake.bot.token },
        typed: [...asked, 'change', 'scope', 'dm_only', set],
      },
      ...['channels', 'discord', 'setup', ...there, ...flags, '--role', '7'],
    );

    expect(ran.exit).toBe(0);
    expect(ran.asked.slice(-4)).toEqual([
      'What now?',
      'Which one?',
      expect.stringMatching(/listen/),
      'What now?',
    ]);
  });

  it('chooses the agent where there are several', async () => {
    const world = await openSetupWorld();
    const { fake, daemon } = world;
    await good(daemon, 'agents', 'set', 'helper', 'echo');

    const ran = await sitDown(world, [
      ...[enter, fake.bot.token, enter, enter, enter],
      ...['helper', enter, enter, set],
    ]);

    expect(ran.asked).toContainEqual(expect.stringMatching(/Which agent answers/));
    expect(await everything(world)).toMatchObject({
      rules: { rules: expect.arrayContaining([expect.objectContaining({ agent: 'helper' })]) },
    });
  });

  it('is not asked for what flags name, but for what they name wrongly', async () => {
    const world = await openSetupWorld();
    const { fake, daemon, there } = world;
    const flags = ['--account', 'ops', '--token-env', 'BOT', '--scope', 'dm_only', '--allow-from', 'ada'];
    const rest = ['--direct-messages', 'allow', '--feature', 'files', '--verify-channel', ''];

    const ran = await palyra(
      { stateDir: daemon.stateDir, env: { BOT: fake.bot.token }, typed: [enter, '42', set] },
      ...['channels', 'discord', 'setup', ...there, ...flags, ...rest],
    );

    expect(ran.exit).toBe(0);
    expect(ran.asked).toEqual([
      expect.stringMatching(/Only from which people/),
      expect.stringMatching(/Only from which people/),
      'What now?',
    ]);
    expect(ran.stderr).toContain('That is not a Discord user');
  });
});

describe('an account that is there already', () => {
  it('is offered as it is, keeps its token, and changes in what is changed', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const lists = ['--scope', 'allowlisted_guild_channels', '--role', '77', '--deny-from', '42'];
    await good(world.shell, 'channels', 'discord', 'setup', ...world.there, '--token-env', 'BOT', ...lists);

    const ran = await palyra(
      {
        stateDir: world.daemon.stateDir,
        typed: [enter, true, enter, '9', ...Array<Typed>(7).fill(enter), set],
      },
      ...['channels', 'discord', 'setup'],
    );

    expect(ran.stderr).toContain('discord:default is set up already.');
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toMatch(/^discord:default is set up anew/);
    expect(await everything(world)).toMatchObject({
      channels: expect.arrayContaining([
        expect.objectContaining({ config: expect.objectContaining({ apiBaseUrl: fake.apiBaseUrl }) }),
      ]),
      rules: {
        rules: expect.arrayContaining([
          expect.objectContaining({
            match: expect.objectContaining({ guilds: ['discord:guild:9'], roles: ['discord:role:77'] }),
            denyFrom: ['discord:user:42'],
          }),
        ]),
      },
    });
  });
});

describe('a person who stops', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('after %i answers changes nothing', async (count) => {
    const world = await openSetupWorld();
    const { fake } = world;
    const before = await everything(world);
    const answers: Typed[] = [enter, fake.bot.token, enter, enter, enter, enter, enter];

    const ran = await sitDown(world, [...answers.slice(0, count), undefined]);

    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(ran.stderr).toMatch(/palyra: Cancelled\. Nothing was changed\.\n$/);
    expect(await everything(world)).toEqual(before);
  });

  it('in the end, or because the token is lost, changes nothing', async () => {
    const world = await openSetupWorld();
    const { fake } = world;
    const before = await everything(world);

    const ran = await sitDown(world, [enter, fake.bot.token, enter, enter, enter, enter, enter, 'stop']);

    expect(ran).toMatchObject({ exit: 64, stdout: '' });
    expect(await everything(world)).toEqual(before);
  });
});
