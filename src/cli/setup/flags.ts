import { Option } from '@commander-js/extra-typings';
import type { OnboardingForm, OnboardingQuestion } from '../../connectors/forms.ts';
import type { CliWorld } from '../context.ts';
import { yesNo } from '../options.ts';
import { namesSecret, readSecret, type SecretOptions } from '../secret-input.ts';
import { type Answers, secretQuestionOf, splitList } from './questions.ts';

/** As commander gives them: by the camel-cased flag. */
export type Flags = Readonly<Record<string, unknown>>;

/** A flag for every question; for the secret the three ways in which one may come. */
export function flagsOf({ title, questions }: OnboardingForm): readonly Option[] {
  const options: readonly Option[] = questions.flatMap(optionsOf);
  return options.map((option) => option.helpGroup(`Options for ${title}:`));
}

function optionsOf({ flag, help, type }: OnboardingQuestion): readonly Option[] {
  switch (type.kind) {
    case 'secret':
      return [
        new Option(`--${flag}-stdin`, `read ${help} from standard input`),
        new Option(`--${flag}-env <name>`, `read ${help} from an environment variable`),
        new Option(`--${flag}-file <path>`, `read ${help} from a file`),
      ];
    case 'list':
      return [new Option(`--${flag} <value...>`, `${help}; '' for none`)];
    case 'yes_no':
      return [yesNo(`--${flag} <yes|no>`, `${help} (default: ${type.default ? 'yes' : 'no'})`)];
    case 'choice':
      return [new Option(`--${flag} <choice>`, `${help} (default: ${type.default})`).choices(valuesOf(type))];
    case 'choices':
      return [
        new Option(`--${flag} <choice...>`, `${help} (default: ${type.default.join(' ')})`).choices([
          '',
          ...valuesOf(type),
        ]),
      ];
    case 'agent':
      return [new Option(`--${flag} <id>`, help)];
    case 'text':
      return [
        new Option(
          `--${flag} <text>`,
          type.default === undefined ? help : `${help} (default: ${type.default})`,
        ),
      ];
  }
}

function valuesOf({ options }: { readonly options: readonly { readonly value: string }[] }): string[] {
  return options.map(({ value }) => value);
}

/** What was named on the command line, the secret aside. */
export function answersIn({ questions }: OnboardingForm, flags: Flags): Answers {
  const given = questions
    .filter(({ type, flag }) => type.kind !== 'secret' && flags[keyOf(flag)] !== undefined)
    .map((question) => [question.name, toAnswer(question, flags[keyOf(question.flag)])]);
  return Object.fromEntries(given) as Answers;
}

function toAnswer({ type }: OnboardingQuestion, value: unknown): unknown {
  if (type.kind === 'yes_no') return value === 'yes';
  if (type.kind === 'list' || type.kind === 'choices') return (value as readonly string[]).flatMap(splitList);
  return value === '' ? undefined : value;
}

export function namesSecretIn(form: OnboardingForm, flags: Flags): boolean {
  return namesSecret(secretOptionsIn(form, flags));
}

/** The secret that flags name; without them the person is asked. @throws AppError `invalid_request`. */
export function readSecretIn(form: OnboardingForm, flags: Flags, world: CliWorld): Promise<string> {
  const { flag } = secretQuestionOf(form);
  return readSecret(secretOptionsIn(form, flags), world, flag.replaceAll('-', ' '), flag);
}

function secretOptionsIn(form: OnboardingForm, flags: Flags): SecretOptions {
  const keys = secretFlagsOf(form);
  return Object.fromEntries(Object.entries(keys).map(([way, key]) => [way, flags[key]]));
}

/** Under which keys the ways to the secret stand among the flags. */
export function secretFlagsOf(form: OnboardingForm): Readonly<Record<keyof SecretOptions, string>> {
  const { flag } = secretQuestionOf(form);
  return {
    secretStdin: keyOf(`${flag}-stdin`),
    secretEnv: keyOf(`${flag}-env`),
    secretFile: keyOf(`${flag}-file`),
  };
}

function keyOf(flag: string): string {
  return flag.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
