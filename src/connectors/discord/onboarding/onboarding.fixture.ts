import { FakeDiscord, type FakeDiscordOptions } from '../../../../test/fakes/discord/fake-discord.ts';
import { client, closeLater } from '../../../../test/support/egress.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { Secret } from '../../../lib/secret.ts';
import type { OnboardingHost, OnboardingPlan, ProbeReport, StoredAccount } from '../../onboarding.ts';
import { DiscordSetup } from './request.ts';

/** `closeAll` ends it. */
export async function openFake(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
  const fake = await new FakeDiscord(options).start();
  closeLater(() => fake.close());
  return fake;
}

export interface TestHost extends OnboardingHost {
  /** What was to be applied. */
  readonly plans: readonly OnboardingPlan[];
  readonly concealed: readonly string[];
}

/** A host that keeps plans instead of applying them. */
export function onboardingHost(
  given: {
    readonly agents?: readonly string[];
    readonly stored?: StoredAccount;
    readonly ownerBeside?: OnboardingHost['ownerBeside'];
  } = {},
): TestHost {
  const plans: OnboardingPlan[] = [];
  const concealed: string[] = [];
  return {
    fetch: client(),
    clock: systemClock,
    agents: given.agents ?? ['helper'],
    conceal: (credential: Secret) => concealed.push(credential.reveal()),
    stored: () => Promise.resolve(given.stored),
    ownerBeside: given.ownerBeside ?? (() => undefined),
    plans,
    concealed,
    apply: (plan) => {
      plans.push(plan);
      const rules = plan.rules.map(({ id }) => id);
      return Promise.resolve({ connector: plan.connector, secretRef: 'x/token', rules, replaced: false });
    },
  };
}

export function setupFor(fake: FakeDiscord, answers: Readonly<Record<string, unknown>> = {}): DiscordSetup {
  const { apiBaseUrl, bot } = fake;
  return DiscordSetup.parse({ token: bot.token, apiBaseUrl, allowPrivateNetwork: true, ...answers });
}

export function codesOf({ notices }: ProbeReport): readonly string[] {
  return notices.map(({ level, code }) => `${level} ${code}`);
}
