import type { OnboardingForm, OnboardingQuestion } from '../../connectors/forms.ts';

/** By the name of the question. */
export type Answers = Readonly<Record<string, unknown>>;

/** What counts where nothing is answered; undefined where the daemon finds out. */
export function defaultOf({ type }: OnboardingQuestion): unknown {
  if (type.kind === 'list') return [];
  return 'default' in type ? type.default : undefined;
}

/** Whether the question means anything, as the others are answered. */
export function applies(form: OnboardingForm, question: OnboardingQuestion, answers: Answers): boolean {
  const { when } = question;
  if (!when) return true;
  const other = form.questions.find(({ name }) => name === when.name);
  if (!other || !applies(form, other, answers)) return false;
  return when.oneOf.includes((answers[other.name] ?? defaultOf(other)) as string | boolean);
}

/** Without those that mean nothing, unless somebody has named them: then they are wrong, and that is said. */
export function relevant(form: OnboardingForm, answers: Answers, named: ReadonlySet<string>): Answers {
  const kept = form.questions.filter(
    (question) =>
      answers[question.name] !== undefined && (named.has(question.name) || applies(form, question, answers)),
  );
  return Object.fromEntries(kept.map(({ name }) => [name, answers[name]]));
}

/** @throws Error for a name that the form does not have, which only a bug can ask for. */
export function questionOf(form: OnboardingForm, name: string): OnboardingQuestion {
  const question = form.questions.find((candidate) => candidate.name === name);
  if (!question) throw new Error(`The form of ${form.kind} has no question ${name}.`);
  return question;
}

export function secretQuestionOf(form: OnboardingForm): OnboardingQuestion {
  const question = form.questions.find(({ type }) => type.kind === 'secret');
  if (!question) throw new Error(`The form of ${form.kind} asks for no secret.`);
  return question;
}

/** The connector that these answers are about. */
export function connectorOf(form: OnboardingForm, { account = 'default' }: Answers): string {
  return `${form.kind}:${String(account).trim().toLowerCase()}`;
}

/** What a person has typed into one line, without empty entries. */
export function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
