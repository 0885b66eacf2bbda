import type { OnboardingQuestion } from '../../connectors/forms.ts';
import type { Prompt } from '../prompt.ts';
import { defaultOf, splitList } from './questions.ts';

/** The question as a person is asked it, with what is answered now. */
export function promptFor(
  { ask, type }: OnboardingQuestion,
  answer: unknown,
  agents: readonly string[],
): Prompt {
  switch (type.kind) {
    case 'secret':
      return { kind: 'secret', message: `${ask} (not shown)` };
    case 'text':
      return { kind: 'text', message: ask, initial: typeof answer === 'string' ? answer : '' };
    case 'list':
      return { kind: 'text', message: `${ask} (separated by commas)`, initial: listOf(answer).join(', ') };
    case 'yes_no':
      return { kind: 'yes_no', message: ask, initial: answer === true };
    case 'choice':
      return { kind: 'choice', message: ask, options: type.options, initial: String(answer) };
    case 'choices':
      return { kind: 'choices', message: ask, options: type.options, initial: listOf(answer) };
    case 'agent': {
      if (agents.length === 0) return { kind: 'text', message: ask, initial: '' };
      const options = agents.map((id) => ({ value: id, label: id }));
      const initial = agents.find((id) => id === answer);
      return { kind: 'choice', message: ask, options, initial };
    }
  }
}

/** What goes into the request; undefined for no answer. */
export function readAnswer(
  { type }: OnboardingQuestion,
  said: string | boolean | readonly string[],
): unknown {
  if (type.kind === 'list') return splitList(String(said));
  return said === '' ? undefined : said;
}

/** For a person to look over; of a secret nothing. */
export function shownAnswer(question: OnboardingQuestion, answer: unknown): string {
  const value = answer ?? defaultOf(question);
  if (question.type.kind === 'secret') return answer === undefined ? 'as stored' : 'given';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (value === undefined) return question.type.kind === 'agent' ? 'the only one' : 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function listOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
