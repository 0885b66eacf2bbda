import { AppError } from '../../../domain/errors.ts';
import type { AgentId } from '../../../domain/ids.ts';
import { Secret } from '../../../lib/secret.ts';
import type { AppliedOnboarding, OnboardingHost, ProbeHost, ProbeReport } from '../../onboarding.ts';
import { DiscordConfig } from '../config.ts';
import { discordConnectorId } from '../identity.ts';
import { probeDiscordBotIdentity } from './probe.ts';
import { configOf, type DiscordSetup } from './request.ts';
import { ruleIdsOf, rulesOf } from './rules.ts';
import { chooseAgent, policyNotices } from './setup-notices.ts';

/** A setup that was looked at: all that is needed to apply it, if nothing speaks against it. */
export interface ProbedSetup {
  readonly report: ProbeReport;
  readonly credential: Secret;
  readonly agent: AgentId | undefined;
}

/** Looks at the platform, and at the answers. @throws AppError as `probeDiscordBotIdentity` does. */
export async function probeDiscordSetup(setup: DiscordSetup, host: ProbeHost): Promise<ProbedSetup> {
  const connector = discordConnectorId(setup.account);
  const credential = await credentialOf(setup, host);
  const config = DiscordConfig.parse(configOf(setup));
  const probed = await probeDiscordBotIdentity(credential, { connector, config, places: setup }, host);
  const chosen = chooseAgent(setup, host.agents);
  const agent = 'agent' in chosen ? chosen.agent : undefined;
  const notices = [
    ...probed.notices,
    ...('notice' in chosen ? [chosen.notice] : []),
    ...policyNotices(setup),
  ];
  return {
    report: {
      connector,
      ok: notices.every(({ level }) => level !== 'error'),
      notices,
      facts: {
        ...probed.facts,
        scope: setup.scope,
        ...(agent === undefined ? {} : { rules: rulesOf(setup, agent) }),
      },
    },
    credential,
    agent,
  };
}

/**
 * Looks again and, when nothing speaks against it, has the host store config, rules and token, and bring a
 * session up: all of it, or nothing.
 * @throws AppError `invalid_request` that says what speaks against it; what the look and the host throw.
 */
export async function applyDiscordOnboarding(
  setup: DiscordSetup,
  host: OnboardingHost,
): Promise<{ readonly report: ProbeReport; readonly applied: AppliedOnboarding }> {
  const { report, credential, agent } = await probeDiscordSetup(setup, host);
  if (!report.ok || agent === undefined) throw refusal(report);
  const applied = await host.apply({
    connector: report.connector,
    config: configOf(setup),
    credential,
    rules: rulesOf(setup, agent),
    ruleIds: Object.values(ruleIdsOf(report.connector)),
  });
  return { report, applied };
}

function refusal({ notices }: ProbeReport): AppError {
  const errors = notices.filter(({ level }) => level === 'error');
  const words = errors.map(({ text, hint }) => (hint === undefined ? text : `${text} ${hint}`));
  return new AppError('invalid_request', `Nothing was changed. ${words.join(' ')}`);
}

/** What is stored is only for the server that it was stored for. */
async function credentialOf(setup: DiscordSetup, host: ProbeHost): Promise<Secret> {
  if (setup.token !== undefined) {
    const given = new Secret(setup.token);
    host.conceal(given);
    return given;
  }
  const stored = await host.stored(discordConnectorId(setup.account));
  const kept = stored && DiscordConfig.safeParse(stored.config);
  if (stored && kept?.data?.apiBaseUrl === setup.apiBaseUrl) return stored.credential;
  throw new AppError(
    'invalid_request',
    stored
      ? 'Give the bot token: the one that is stored is for another server.'
      : 'Give the bot token. It is in the developer portal, under Bot, Reset Token.',
  );
}
