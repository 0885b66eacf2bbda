import { expect, it } from 'vitest';
import type { OnboardingQuestion } from '../../onboarding.ts';
import { discordForm } from './form.ts';
import { DiscordSetup, inboundScopes, setupFeatures } from './request.ts';

const questions: readonly OnboardingQuestion[] = discordForm.questions;
const defaults: Readonly<Record<string, unknown>> = DiscordSetup.parse({});

it('asks for everything that a request may hold, and for nothing else', () => {
  const asked = questions.map(({ name }) => name);

  expect(asked.toSorted()).toEqual(Object.keys(DiscordSetup.shape).toSorted());
  expect(new Set(questions.map(({ flag }) => flag)).size).toBe(questions.length);
});

it.each(
  questions.filter(({ type }) => 'default' in type).map((question) => [question.name, question] as const),
)('has for %s the default that a request has', (name, { type }) => {
  expect('default' in type ? type.default : undefined).toEqual(defaults[name]);
});

it.each([
  ['scope', inboundScopes],
  ['directMessages', ['deny', 'allow', 'pairing', 'allowlist']],
  ['features', setupFeatures],
] as const)('offers for %s all that there is to choose from', (name, values) => {
  const type = questions.find((question) => question.name === name)?.type;

  const offered = type && 'options' in type ? type.options.map(({ value }) => value) : [];
  expect(offered.toSorted()).toEqual([...values].toSorted());
});

it('asks for a thing only after what it depends on', () => {
  const late = questions.filter(
    ({ when }, index) => when && questions.findIndex(({ name }) => name === when.name) >= index,
  );

  expect(late).toEqual([]);
});

it('asks for one secret, and for the account', () => {
  expect(questions.filter(({ type }) => type.kind === 'secret').map(({ name }) => name)).toEqual(['token']);
  expect(questions[0]).toMatchObject({ name: 'account', flag: 'account' });
});
