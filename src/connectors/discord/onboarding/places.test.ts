import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../test/fakes/discord/entities.ts';
import { everyoneDefault, permission } from '../../../../test/fakes/discord/permissions.ts';
import { closeAll } from '../../../../test/support/egress.ts';
import { Secret } from '../../../lib/secret.ts';
import type { ProbeReport } from '../../onboarding.ts';
import { discordOnboarding } from './onboarding.ts';
import { codesOf, onboardingHost, openFake, setupFor } from './onboarding.fixture.ts';

afterEach(closeAll);

type Fake = Awaited<ReturnType<typeof openFake>>;

function listed(fake: Fake, lists: Readonly<Record<string, unknown>>): Promise<ProbeReport> {
  const setup = setupFor(fake, { scope: 'allowlisted_guild_channels', ...lists });
  return discordOnboarding.probe(setup, onboardingHost());
}

function verify(fake: Fake, channel: Channel, answers: object = {}): Promise<ProbeReport> {
  const setup = setupFor(fake, { verifyChannel: channel.id, ...answers });
  return discordOnboarding.probe(setup, onboardingHost());
}

function placeCodes(report: ProbeReport): readonly string[] {
  return codesOf(report).filter((code) => /channel|guild|role|permission|places/.test(code));
}

describe('a channel that has to be right', () => {
  it('is', async () => {
    const fake = await openFake();
    const channel = fake.addChannel(fake.addGuild(), { name: 'general' });

    const report = await verify(fake, channel);

    expect(placeCodes(report)).toEqual(['info channel_ok']);
    expect(report.facts.channels).toEqual([
      { channel: channel.id, status: 'ok', name: 'general', guild: channel.guild?.id, missing: [] },
    ]);
  });

  it('lacks what an overwrite of the channel takes from the bot’s role, although the server grants it', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const role = [...guild.roles.values()].find(({ managedBy }) => managedBy !== undefined);
    const deny = permission.attachFiles | permission.addReactions;
    const channel = fake.addChannel(guild, {
      overwrites: [{ id: role?.id ?? '', type: 0, allow: 0n, deny }],
    });

    const report = await verify(fake, channel);

    expect(report.ok).toBe(false);
    expect(placeCodes(report)).toEqual(['error permission_missing']);
    expect(report.facts.channels).toMatchObject([
      { status: 'permissions_missing', missing: ['ATTACH_FILES', 'ADD_REACTIONS'] },
    ]);
  });

  it('has what only the bot itself is granted there, and needs only what it is set up for', async () => {
    const fake = await openFake();
    const guild = fake.addGuild({
      everyone: everyoneDefault & ~permission.sendMessages & ~permission.sendPolls,
    });
    const self = { id: fake.bot.user.id, type: 1, allow: permission.sendMessages, deny: 0n } as const;
    const channel = fake.addChannel(guild, { overwrites: [self] });

    const without = await verify(fake, channel);
    const withPolls = await verify(fake, channel, { features: ['polls'] });

    expect(without.ok).toBe(true);
    expect(withPolls.facts.channels).toMatchObject([{ missing: ['SEND_POLLS'] }]);
  });

  it('lacks everything for a bot in time-out but to see and to read', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const member = guild.members.get(fake.bot.user.id);
    if (member) member.timedOutUntil = Date.now() + 3_600_000;

    const report = await verify(fake, fake.addChannel(guild), { features: [] });

    expect(report.facts.channels).toMatchObject([{ missing: ['SEND_MESSAGES', 'SEND_MESSAGES_IN_THREADS'] }]);
  });

  it('may be a thread, in which the permissions of its channel count', async () => {
    const fake = await openFake();
    const guild = fake.addGuild({ everyone: everyoneDefault & ~permission.sendMessages });
    const deny = permission.sendMessagesInThreads;
    const channel = fake.addChannel(guild, { overwrites: [{ id: guild.id, type: 0, allow: 0n, deny }] });
    const thread = fake.openThread({ parent: channel, name: 'a thread', owner: fake.addUser() });

    const report = await verify(fake, thread);

    expect(report.facts.channels).toMatchObject([
      { isThread: true, parent: channel.id, missing: expect.arrayContaining(['SEND_MESSAGES_IN_THREADS']) },
    ]);
    expect((report.facts.channels as { missing: string[] }[])[0]?.missing).not.toContain('SEND_MESSAGES');
  });

  it('cannot be one that the bot does not see, that is not there, or that belongs to no server', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const hidden = fake.addChannel(guild, {
      overwrites: [{ id: guild.id, type: 0, allow: 0n, deny: permission.viewChannel }],
    });

    const reports = [
      await verify(fake, hidden),
      await verify(fake, { id: '999' } as Channel),
      await verify(fake, fake.addChannel(guild, { type: 4 })),
      await verify(fake, fake.dm(fake.addUser())),
    ];

    expect(reports.map(placeCodes)).toEqual([
      ['error channel_no_access'],
      ['error channel_not_found'],
      ['error channel_unsuitable'],
      ['error channel_unsuitable'],
    ]);
  });

  it('does not need a field of permissions, and is not taken in by one', async () => {
    const fake = await openFake();
    const guild = fake.addGuild({ everyone: 0n });
    const channel = fake.addChannel(guild);
    const body = { id: channel.id, type: 0, guild_id: guild.id, permissions: ((1n << 52n) - 1n).toString() };
    fake.faults.rest({
      route: '/channels/{channel}',
      fault: { kind: 'status', status: 200, applied: false, body },
    });

    const report = await verify(fake, channel);

    expect(report.ok).toBe(false);
  });
});

describe('what is listed', () => {
  it('may be there or come later: the bot can be invited afterwards', async () => {
    const fake = await openFake();
    const joined = fake.addGuild();
    const other = fake.addGuild({ bots: [] });
    const channel = fake.addChannel(joined);

    const report = await listed(fake, { guilds: [joined.id, other.id], channels: [channel.id] });

    expect(placeCodes(report)).toEqual(['warning guild_not_joined']);
    expect(report.ok).toBe(true);
  });

  it('must not be lists of which no message can fit both', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const channel = fake.addChannel(fake.addGuild());

    const report = await listed(fake, { guilds: [guild.id], channels: [channel.id] });

    expect(placeCodes(report)).toEqual(['error channel_elsewhere']);
  });

  it('must not be a thread, which is heard with its channel', async () => {
    const fake = await openFake();
    const channel = fake.addChannel(fake.addGuild());
    const thread = fake.openThread({ parent: channel, name: 'a thread', owner: fake.addUser() });

    const report = await listed(fake, { channels: [thread.id] });

    expect(report.notices.find(({ code }) => code === 'channel_is_thread')).toMatchObject({
      level: 'error',
      hint: `List the channel that it is in: ${channel.id}.`,
    });
  });

  it('is told when a role is not there, or is everyone', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const role = fake.addRole(guild);

    const report = await listed(fake, { guilds: [guild.id], roles: [role.id, '999', guild.id] });

    expect(placeCodes(report)).toEqual(['warning role_not_found', 'error role_everyone']);
  });

  it('is looked at within a bound', async () => {
    const fake = await openFake();
    const guild = fake.addGuild();
    const channels = Array.from({ length: 12 }, () => fake.addChannel(guild).id);

    const report = await listed(fake, { channels });

    expect(placeCodes(report)).toEqual(['info places_unchecked']);
    expect(report.facts.channels).toHaveLength(10);
  });
});

describe('the health of an account that is set up', () => {
  it('is looked at with what is stored, its lists included', async () => {
    const fake = await openFake();
    const gone = fake.addGuild({ bots: [] });
    const host = onboardingHost();
    const setup = setupFor(fake, { scope: 'allowlisted_guild_channels', guilds: [gone.id] });
    await discordOnboarding.apply(setup, host);
    const [plan] = host.plans;
    const account = {
      connector: plan!.connector,
      config: plan!.config,
      rules: plan!.rules,
      credential: new Secret(fake.bot.token),
    };
    const channel = fake.addChannel(fake.addGuild());

    const report = await discordOnboarding.refresh(account, `<#${channel.id}>`, onboardingHost());

    expect(placeCodes(report)).toEqual(['info channel_ok', 'warning guild_not_joined']);
  });
});
