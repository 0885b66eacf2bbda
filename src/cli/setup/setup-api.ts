import type { OnboardingForm } from '../../connectors/forms.ts';
import { isAppError } from '../../domain/errors.ts';
import type { Answer, ApiClient } from '../client.ts';
import { type Answers, connectorOf } from './questions.ts';
import type { Applied, Report } from './report.ts';

/** Longer than the daemon takes for its look at the platform, and then for a session to come up. */
export const setupTimeoutMs = 280_000;

export type Issue = Answer<'POST /channels/{kind}/onboarding/check'>['issues'][number];

/** What a setup asks of the daemon. */
export interface SetupApi {
  /** The answers that an account that is set up would be set up with again; undefined when it is not. */
  current(answers: Answers): Promise<Answers | undefined>;
  check(answers: Answers): Promise<readonly Issue[]>;
  probe(answers: Answers): Promise<Report>;
  apply(answers: Answers): Promise<Applied>;
  agents(): Promise<readonly string[]>;
}

export function createSetupApi(form: OnboardingForm, api: ApiClient): SetupApi {
  const params = { kind: form.kind };
  return {
    current: async (answers) => {
      try {
        const id = connectorOf(form, answers);
        return (await api('GET /channels/{id}/onboarding', { params: { id } })).answers;
      } catch (error) {
        if (isAppError(error, 'not_found', 'invalid_request')) return undefined;
        throw error;
      }
    },
    check: async (body) => (await api('POST /channels/{kind}/onboarding/check', { params, body })).issues,
    probe: (body) =>
      api('POST /channels/{kind}/onboarding/probe', { params, body, timeoutMs: setupTimeoutMs }),
    apply: (body) =>
      api('POST /channels/{kind}/onboarding/apply', { params, body, timeoutMs: setupTimeoutMs }),
    agents: async () => {
      const { agents } = await api('GET /agents');
      return agents.filter(({ enabled }) => enabled).map(({ id }) => id);
    },
  };
}
