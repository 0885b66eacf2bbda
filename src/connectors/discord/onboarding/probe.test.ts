import { afterEach, describe, expect, it } from 'vitest';
import { applicationFlag } from '../../../../test/fakes/discord/application-flags.ts';
import { permission } from '../../../../test/fakes/discord/permissions.ts';
import { closeAll } from '../../../../test/support/egress.ts';
import { AppError } from '../../../domain/errors.ts';
import { Secret } from '../../../lib/secret.ts';
import type { ProbeReport, StoredAccount } from '../../onboarding.ts';
import { discordConnectorId } from '../identity.ts';
import { discordOnboarding } from './onboarding.ts';
import { codesOf, onboardingHost, openFake, setupFor } from './onboarding.fixture.ts';

afterEach(closeAll);

const allPrivileged = applicationFlag.presence | applicationFlag.members | applicationFlag.messageContent;

type Fake = Awaited<ReturnType<typeof openFake>>;

function probe(
  fake: Fake,
  answers: Readonly<Record<string, unknown>> = {},
  host = onboardingHost(),
): Promise<ProbeReport> {
  return discordOnboarding.probe(setupFor(fake, answers), host);
}

function errorOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => AppError.from(error),
  );
}

describe('a look at Discord', () => {
  it('says who the bot is, with which link it is invited, and what it may start, and changes nothing', async () => {
    const fake = await openFake({ bot: { username: 'helper', identifiesMax: 400, flags: allPrivileged } });

    const report = await probe(fake);

    expect(report).toMatchObject({ connector: 'discord:default', ok: true });
    expect(report.facts).toMatchObject({
      bot: { id: fake.bot.user.id, name: 'helper' },
      application: { id: fake.bot.applicationId, name: 'helper' },
      intents: { messageContent: 'enabled', members: 'enabled', presence: 'enabled' },
      gateway: { shards: 1, sessionStarts: { total: 400, remaining: 400, maxConcurrency: 1 } },
      egress: { api: ['127.0.0.1'], privateNetwork: true },
      scope: 'dm_only',
      rules: [{ id: 'discord.default.dm', agent: 'helper', match: { direct: true } }],
    });
    expect(fake.requests.all.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('invites with exactly the permissions of the chosen features', async () => {
    const fake = await openFake();

    const { facts } = await probe(fake, { features: ['message_content', 'files', 'threads'] });

    const { url, permissions } = facts.invite as { url: string; permissions: readonly string[] };
    expect(permissions).toEqual([
      'VIEW_CHANNEL',
      'SEND_MESSAGES',
      'SEND_MESSAGES_IN_THREADS',
      'READ_MESSAGE_HISTORY',
      'ATTACH_FILES',
      'CREATE_PUBLIC_THREADS',
    ]);
    const bits = BigInt(new URL(url).searchParams.get('permissions') ?? '');
    expect(bits).toBe(
      permission.viewChannel |
        permission.sendMessages |
        permission.sendMessagesInThreads |
        permission.readMessageHistory |
        permission.attachFiles |
        permission.createPublicThreads,
    );
    expect(new URL(url).searchParams.get('scope')).toBe('bot');
  });

  it.each([
    ['enabled', applicationFlag.messageContent, [], true],
    ['limited', applicationFlag.messageContentLimited, ['info intent_limited'], true],
    ['disabled', 0, ['error intent_disabled'], false],
  ] as const)('says of a message content intent that is %s what follows', async (state, flags, codes, ok) => {
    const fake = await openFake({ bot: { flags } });

    const report = await probe(fake);

    expect(report.facts.intents).toMatchObject({ messageContent: state });
    expect(codesOf(report).filter((code) => code.includes('intent'))).toEqual(codes);
    expect(report.ok).toBe(ok);
  });

  it('says where in the portal an intent is switched on, and does not mind one that is not asked for', async () => {
    const fake = await openFake({ bot: { flags: 0 } });

    const asked = await probe(fake, { features: ['members'] });
    const unasked = await probe(fake, { features: [] });

    expect(asked.notices.find(({ code }) => code === 'intent_disabled')).toMatchObject({
      text: expect.stringContaining('Server Members Intent'),
      hint: expect.stringContaining('Privileged Gateway Intents'),
    });
    expect(unasked.ok).toBe(true);
  });

  it('takes a server that does not tell its flags as it is', async () => {
    const fake = await openFake();
    const body = { id: fake.bot.applicationId };
    fake.faults.rest({
      route: '/applications/@me',
      fault: { kind: 'status', status: 200, applied: false, body },
    });

    const report = await probe(fake);

    expect(codesOf(report)).toContain('warning intent_unknown');
    expect(report.ok).toBe(true);
  });

  it.each([
    [10, 'error session_budget_spent', false],
    [11, 'warning session_budget_low', true],
    [50, 'warning session_budget_low', true],
    [51, undefined, true],
  ])('with %i session starts left says %s', async (identifiesMax, code, ok) => {
    const fake = await openFake({ bot: { identifiesMax } });

    const report = await probe(fake);

    expect(codesOf(report).find((found) => found.includes('budget'))).toBe(code);
    expect(report.ok).toBe(ok);
  });

  it('refuses a gateway at a host that only the API has named', async () => {
    const fake = await openFake({ server: { name: 'localhost' } });

    const report = await probe(fake, { apiBaseUrl: fake.apiBaseUrl.replace('localhost', '127.0.0.1') });
    const allowed = await probe(fake, {
      apiBaseUrl: fake.apiBaseUrl.replace('localhost', '127.0.0.1'),
      gatewayHosts: ['localhost'],
    });

    expect(report.notices.find(({ code }) => code === 'gateway_refused')).toMatchObject({
      level: 'error',
      question: 'gatewayHosts',
    });
    expect(allowed.ok).toBe(true);
  });

  it('refuses the token of a person', async () => {
    const fake = await openFake();
    const body = { id: '1', username: 'ada', bot: false };
    fake.faults.rest({ route: '/users/@me', fault: { kind: 'status', status: 200, applied: false, body } });

    const report = await probe(fake);

    expect(codesOf(report)).toContain('error no_bot');
  });

  it('is as good with a stored token as with a given one, at the server that it was stored for', async () => {
    const fake = await openFake();
    const { token: _token, ...withoutToken } = setupFor(fake);
    const stored: StoredAccount = {
      connector: discordConnectorId(),
      config: { apiBaseUrl: fake.apiBaseUrl, allowPrivateNetwork: true },
      credential: new Secret(fake.bot.token),
      rules: [],
    };
    const elsewhere = { ...stored, config: {} };

    const report = await discordOnboarding.probe(withoutToken, onboardingHost({ stored }));
    const refused = await errorOf(
      discordOnboarding.probe(withoutToken, onboardingHost({ stored: elsewhere })),
    );
    const none = await errorOf(discordOnboarding.probe(withoutToken, onboardingHost()));

    expect(report.ok).toBe(true);
    expect(refused).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('another server'),
    });
    expect(none).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('Give the bot token'),
    });
  });
});

describe('a look that fails', () => {
  it('says that the token is not accepted, after one request, and has hidden it before', async () => {
    const fake = await openFake();
    const host = onboardingHost();

    const error = await errorOf(probe(fake, { token: 'Bot a-wrong-token' }, host));

    expect(error).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('Reset Token') });
    expect(error.message).not.toContain('a-wrong-token');
    expect(fake.requests.count).toBe(1);
    expect(host.concealed).toEqual(['a-wrong-token']);
  });

  it('says that a private address needs the word of the operator', async () => {
    const fake = await openFake();

    const error = await errorOf(
      probe(fake, { allowPrivateNetwork: false, apiBaseUrl: fake.apiBaseUrl.replace('http:', 'https:') }),
    );

    expect(error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/private .*set allowPrivateNetwork/),
    });
  });

  it('tries again what was lost, and what the server asked to wait for', async () => {
    const fake = await openFake();
    fake.faults.rest({ route: '/users/@me', fault: { kind: 'reset', applied: false } });
    fake.faults.rest({ route: '/users/@me', fault: { kind: 'status', status: 502, applied: false } });
    fake.faults.rest({
      route: '/gateway/bot',
      fault: { kind: 'rate_limit', scope: 'user', retryAfterMs: 20 },
    });

    const report = await probe(fake);

    expect(report.ok).toBe(true);
  });

  it.each([
    [{ kind: 'rate_limit', scope: 'global', retryAfterMs: 60_000 }, 'rate_limited'],
    [{ kind: 'status', status: 503, applied: false }, 'unavailable'],
    [{ kind: 'garbage' }, 'unavailable'],
    [{ kind: 'status', status: 404, applied: false, body: { code: 0 } }, 'unavailable'],
  ] as const)('ends with %j as %s', async (fault, code) => {
    const fake = await openFake();
    fake.faults.rest({ times: 9, fault });

    const error = await errorOf(probe(fake));

    expect(error.code).toBe(code);
    expect(error.message).not.toContain(fake.bot.token);
  });
});
