import { discordForm } from './discord/onboarding/form.ts';
import type { OnboardingForm } from './onboarding.ts';

export type { OnboardingForm, OnboardingQuestion } from './onboarding.ts';

/** How accounts are set up, as data: all of connectors that a client may know. */
export const onboardingForms: readonly OnboardingForm[] = [discordForm];
