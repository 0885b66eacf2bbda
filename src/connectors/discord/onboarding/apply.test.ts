import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../../../test/support/egress.ts';
import { AppError } from '../../../domain/errors.ts';
import { DiscordConfig } from '../config.ts';
import { discordConnectorId } from '../identity.ts';
import { discordOnboarding } from './onboarding.ts';
import { onboardingHost, openFake, setupFor } from './onboarding.fixture.ts';
import { configOf, DiscordSetup } from './request.ts';
import { ruleIdsOf, rulesOf } from './rules.ts';

afterEach(closeAll);

function errorOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => AppError.from(error),
  );
}

describe('a setup that nothing speaks against', () => {
  it('is a plan of settings, rules and the token, and no token is in what is said of it', async () => {
    const fake = await openFake();
    const host = onboardingHost();
    const setup = setupFor(fake, { scope: 'open_guild_channels', confirmOpen: true, account: 'ops' });

    const answer = await discordOnboarding.apply(setup, host);

    const [plan, ...others] = host.plans;
    expect(others).toEqual([]);
    expect(plan).toMatchObject({
      connector: 'discord:ops',
      config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true, messageContent: true },
      rules: [{ id: 'discord.ops.guilds' }, { id: 'discord.ops.dm' }],
      ruleIds: ['discord.ops.guilds', 'discord.ops.dm'],
    });
    expect(plan?.credential.reveal()).toBe(fake.bot.token);
    expect(answer).toMatchObject({ report: { ok: true }, applied: { connector: 'discord:ops' } });
    expect(JSON.stringify({ answer, plan })).not.toContain(fake.bot.token);
  });

  it.each([
    ['the only agent', ['helper'], undefined, 'helper'],
    ['the one that is named', ['echo', 'helper'], 'helper', 'helper'],
  ])('has %s answer', async (_who, agents, agent, expected) => {
    const fake = await openFake();
    const host = onboardingHost({ agents });

    await discordOnboarding.apply(setupFor(fake, agent === undefined ? {} : { agent }), host);

    expect(host.plans[0]?.rules[0]?.agent).toBe(expected);
  });
});

describe('a setup is not applied', () => {
  it.each([
    ['no agent', [], undefined, /It is not said which agent answers\. There is none yet/],
    ['several agents', ['a', 'b'], undefined, /It is not said which agent answers\. There are: a, b/],
    ['another agent', ['a'], 'b', /There is no agent b that is on/],
  ])('when there is %s', async (_what, agents, agent, message) => {
    const fake = await openFake();
    const host = onboardingHost({ agents });

    const error = await errorOf(
      discordOnboarding.apply(setupFor(fake, agent === undefined ? {} : { agent }), host),
    );

    expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message) });
    expect(host.plans).toEqual([]);
  });

  it('when another connector is connected as the bot, and says which', async () => {
    const fake = await openFake();
    const host = onboardingHost({
      ownerBeside: (connector, account) =>
        connector === 'discord:second' && account.startsWith(fake.bot.user.id)
          ? discordConnectorId('first')
          : undefined,
    });

    const error = await errorOf(discordOnboarding.apply(setupFor(fake, { account: 'second' }), host));

    expect(error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/discord:first is connected as this bot already/),
    });
    expect(host.plans).toEqual([]);
  });

  it('when an intent is off, and says what to click', async () => {
    const fake = await openFake({ bot: { flags: 0 } });
    const host = onboardingHost();

    const error = await errorOf(discordOnboarding.apply(setupFor(fake), host));

    expect(error.message).toMatch(/^Nothing was changed\. The Message Content Intent is off.*switch on/);
    expect(host.plans).toEqual([]);
  });

  it('when the token is not accepted', async () => {
    const fake = await openFake();
    const host = onboardingHost();

    const error = await errorOf(discordOnboarding.apply(setupFor(fake, { token: 'wrong' }), host));

    expect(error.code).toBe('unauthenticated');
    expect(host.plans).toEqual([]);
  });

  it('when the channel to verify is not right', async () => {
    const fake = await openFake();
    const host = onboardingHost();

    const error = await errorOf(discordOnboarding.apply(setupFor(fake, { verifyChannel: '999' }), host));

    expect(error.message).toMatch(/There is no channel 999/);
    expect(host.plans).toEqual([]);
  });
});

describe('what opens a door wider than one may think', () => {
  it.each([
    [{ directMessages: 'allow' }, ['direct_messages_open']],
    [{ directMessages: 'allow', allowFrom: ['1'] }, []],
    [{ scope: 'open_guild_channels', confirmOpen: true, requireMention: false }, ['channels_open']],
    [
      {
        scope: 'open_guild_channels',
        confirmOpen: true,
        requireMention: false,
        allowFrom: ['1'],
        features: [],
      },
      ['content_unread'],
    ],
    [
      { scope: 'open_guild_channels', confirmOpen: true, mentionPatterns: ['hey'], features: [] },
      ['patterns_unread'],
    ],
    [{ allowFrom: ['1', '2'], denyFrom: ['2'] }, ['sender_in_both_lists']],
  ])('is said of %j', async (answers, codes) => {
    const fake = await openFake();

    const { notices } = await discordOnboarding.probe(setupFor(fake, answers), onboardingHost());

    const warned = notices.filter(({ level, code }) => level === 'warning' && code !== 'private_network');
    expect(warned.map(({ code }) => code)).toEqual(codes);
  });
});

describe('the answers of an account that is set up', () => {
  it.each([
    {},
    { directMessages: 'deny', scope: 'open_guild_channels', confirmOpen: true, requireMention: false },
    {
      account: 'ops.eu',
      scope: 'allowlisted_guild_channels',
      guilds: ['1', '2'],
      channels: ['3'],
      roles: ['4'],
      allowFrom: ['5'],
      denyFrom: ['6'],
      directMessages: 'allowlist',
      mentionPatterns: ['hey bot'],
      agent: 'helper',
      acknowledgeWith: '👀',
      features: ['members', 'reactions'],
      apiBaseUrl: 'https://chat.example/api',
      gatewayHosts: ['*.chat.example'],
    },
  ])('would set it up as it is: %j', (given) => {
    const setup = DiscordSetup.parse({ agent: 'helper', ...given });
    const connector = discordConnectorId(setup.account);
    const config = DiscordConfig.parse(configOf(setup));

    const answers = discordOnboarding.answersOf({ connector, config, rules: rulesOf(setup, setup.agent!) });

    expect(DiscordSetup.parse(answers)).toEqual(setup);
    expect(answers).not.toHaveProperty('token');
  });

  it('say nothing of whom it hears where its rules were removed', () => {
    const connector = discordConnectorId();

    const answers = discordOnboarding.answersOf({ connector, config: DiscordConfig.parse({}), rules: [] });

    expect(answers).toMatchObject({ account: 'default' });
    expect(answers).not.toHaveProperty('scope');
  });
});

it('gives no account the rule of another, whatever they are called', () => {
  const accounts = ['default', 'default.dm', 'default.guilds', 'dm', 'default.dm.dm'];

  const ids = accounts.flatMap((account) => Object.values(ruleIdsOf(discordConnectorId(account))));

  expect(new Set(ids).size).toBe(ids.length);
});
