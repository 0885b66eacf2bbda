import type { OnboardingForm, OnboardingQuestion } from '../../connectors/forms.ts';
import { AppError, isAppError } from '../../domain/errors.ts';
import type { CliWorld } from '../context.ts';
import { facts, type Output } from '../output.ts';
import type { AnswerTo, Prompt } from '../prompt.ts';
import {
  type Answers,
  applies,
  connectorOf,
  defaultOf,
  questionOf,
  relevant,
  secretQuestionOf,
} from './questions.ts';
import { promptFor, readAnswer, shownAnswer } from './question-prompt.ts';
import { type Applied, errorsOf, formatNotices, type Report } from './report.ts';
import type { SetupApi } from './setup-api.ts';

export interface WizardDeps {
  readonly form: OnboardingForm;
  readonly api: SetupApi;
  readonly world: Pick<CliWorld, 'ask'>;
  readonly out: Pick<Output, 'note'>;
}

/** What was named by flags, and is not asked. */
export interface GivenAnswers {
  readonly answers: Answers;
  readonly secret?: string | undefined;
}

type Step = 'apply' | 'look' | 'change' | 'stop';

/**
 * Asks a person what there is to know, and again where an answer cannot be; looks at the platform as soon as it
 * can, and sets the account up when nothing speaks against it. A wrong answer never ends it: the person does.
 */
export class Wizard {
  readonly #deps: WizardDeps;
  #answers: Record<string, unknown>;
  /** Named by flags, and not touched by the person since. */
  readonly #named: Set<string>;
  /** Still to be asked, the next first. */
  #queue: string[] = [];
  readonly #asked = new Set<string>();
  /** The account is there: what it has may be kept, its credential too. */
  #isThere = false;

  constructor(deps: WizardDeps, { answers, secret }: GivenAnswers) {
    const name = secretQuestionOf(deps.form).name;
    this.#deps = deps;
    this.#answers = { ...answers, ...(secret === undefined ? {} : { [name]: secret }) };
    this.#named = new Set(Object.keys(this.#answers));
  }

  /** @throws AppError `invalid_request` when the person stops; what the daemon throws when it cannot be asked. */
  async run(): Promise<Applied> {
    const { form } = this.#deps;
    this.#say(`Setting up ${form.title}. Ctrl-C stops, and nothing is changed before the end.`);
    await this.#begin();
    for (;;) {
      await this.#askQueue();
      if (await this.#requeueIssues()) continue;
      const report = await this.#look();
      if (!report) continue;
      const applied = await this.#decide(report);
      if (applied) return applied;
    }
  }

  /** The account first: what it has already is offered with every question. */
  async #begin(): Promise<void> {
    const { form, api } = this.#deps;
    const secret = secretQuestionOf(form).name;
    this.#queue = this.#named.has('account') ? [] : ['account'];
    await this.#askQueue();
    const current = await api.current(this.#answers);
    this.#isThere = current !== undefined;
    if (current) {
      this.#say(
        `${connectorOf(form, this.#answers)} is set up already. What it has is offered: Enter keeps it.`,
      );
      this.#answers = { ...current, ...this.#answers };
    }
    if (!this.#named.has(secret)) this.#queue = [secret];
    await this.#askQueue();
    await this.#lookEarly();
    this.#queue = form.questions
      .filter(({ name, flagOnly }) => flagOnly !== true && !this.#named.has(name) && !this.#asked.has(name))
      .filter(({ type }) => type.kind !== 'secret')
      .map(({ name }) => name);
  }

  /** With what leads to the account alone: who learns late that a token is wrong has answered in vain. */
  async #lookEarly(): Promise<void> {
    const { form } = this.#deps;
    const last = form.questions.findIndex(({ type }) => type.kind === 'secret');
    const early = new Set(form.questions.slice(0, last + 1).map(({ name }) => name));
    const leading = (): Answers =>
      Object.fromEntries(Object.entries(this.#answers).filter(([name]) => early.has(name)));
    for (;;) {
      const report = await this.#probe(leading());
      if (report) {
        const about = report.notices.filter(({ question }) => question === undefined || early.has(question));
        this.#say(formatNotices(about));
        if (!this.#again(errorsOf({ notices: about }).flatMap(({ question }) => question ?? []))) return;
      }
      await this.#askQueue();
    }
  }

  async #askQueue(): Promise<void> {
    for (let name = this.#queue.shift(); name !== undefined; name = this.#queue.shift()) {
      const question = questionOf(this.#deps.form, name);
      if (!applies(this.#deps.form, question, this.#answers)) continue;
      await this.#askOne(question);
    }
  }

  async #askOne(question: OnboardingQuestion): Promise<void> {
    const { form, api } = this.#deps;
    if (question.type.kind === 'secret' && (await this.#keepsSecret(question))) return;
    const options = question.type.kind === 'agent' ? await api.agents() : [];
    if (question.type.kind === 'agent' && options.length < 2 && !this.#asked.has(question.name)) return;
    const prompt = promptFor(question, this.#answers[question.name] ?? defaultOf(question), options);
    const again = this.#asked.has(question.name);
    this.#answers[question.name] = readAnswer(question, await this.#ask(prompt));
    this.#asked.add(question.name);
    this.#named.delete(question.name);
    this.#followUp(question, again);
    const issues = await api.check(relevant(form, this.#answers, this.#named));
    const issue = issues.find(({ questions }) => questions.at(-1) === question.name);
    if (!issue) return;
    this.#say(`✗ ${issue.text}`);
    this.#queue.unshift(...issue.questions);
  }

  /** What depends on an answer that was changed is asked, too; what means nothing any more is let go. */
  #followUp({ name }: OnboardingQuestion, again: boolean): void {
    const { form } = this.#deps;
    for (const dependent of form.questions.filter(({ when }) => when?.name === name)) {
      const isOpen = applies(form, dependent, this.#answers);
      if (!isOpen) this.#named.delete(dependent.name);
      else if (again && dependent.flagOnly !== true && !this.#queue.includes(dependent.name))
        this.#queue.push(dependent.name);
    }
  }

  async #keepsSecret({ name, flag }: OnboardingQuestion): Promise<boolean> {
    if (!this.#isThere || this.#asked.has(name)) return false;
    this.#asked.add(name);
    const message = `Keep the ${flag.replaceAll('-', ' ')} that is stored?`;
    return this.#ask({ kind: 'yes_no', message, initial: true });
  }

  /** True when the answers were not good by themselves. */
  async #requeueIssues(): Promise<boolean> {
    const { form, api } = this.#deps;
    const [issue] = await api.check(relevant(form, this.#answers, this.#named));
    if (!issue) return false;
    this.#say(`✗ ${issue.text}`);
    const isKnown = issue.questions.every((name) =>
      form.questions.some((question) => question.name === name),
    );
    if (!isKnown) throw new AppError('invalid_request', issue.text);
    this.#again(issue.questions);
    return true;
  }

  /** Has them asked anew. What means nothing as the others are answered is let go instead. False when none is left. */
  #again(names: readonly string[]): boolean {
    const { form } = this.#deps;
    const wanted = new Set(names);
    for (const question of form.questions.filter(({ name }) => wanted.has(name))) {
      if (applies(form, question, this.#answers)) {
        this.#queue.push(question.name);
        this.#asked.add(question.name);
      } else this.#named.delete(question.name);
    }
    return this.#queue.length > 0;
  }

  /** Undefined when something has to be answered anew first. */
  async #look(): Promise<Report | undefined> {
    const { form } = this.#deps;
    const report = await this.#probe(relevant(form, this.#answers, this.#named));
    if (!report) return undefined;
    this.#say(formatNotices(report.notices));
    return this.#again(errorsOf(report).flatMap(({ question }) => question ?? [])) ? undefined : report;
  }

  /** Undefined when the platform did not say; then it is known what to do about it. */
  async #probe(answers: Answers): Promise<Report | undefined> {
    const { form, api } = this.#deps;
    this.#say(`Looking at ${form.title} …`);
    try {
      return await api.probe(answers);
    } catch (error) {
      return this.#recover(error);
    }
  }

  /** A credential that is refused is asked for again; for what is out of reach, the person says when. */
  async #recover(error: unknown): Promise<undefined> {
    const { form } = this.#deps;
    if (!isAppError(error) || error.code === 'internal' || error.code === 'forbidden') throw error;
    this.#say(`✗ ${error.message}`);
    const secret = secretQuestionOf(form).name;
    const isUngiven = error.code === 'invalid_request' && this.#answers[secret] === undefined;
    if (error.code === 'unauthenticated' || isUngiven) {
      this.#again([secret]);
      return undefined;
    }
    await this.#choose('What now?', ['look', 'change', 'stop']);
    return undefined;
  }

  /** Undefined when it goes on. */
  async #decide(report: Report): Promise<Applied | undefined> {
    const { form, api } = this.#deps;
    this.#say(this.#summary());
    const mayApply = errorsOf(report).length === 0;
    const step = await this.#choose('What now?', [mayApply ? 'apply' : 'look', 'change', 'stop']);
    if (step !== 'apply') return undefined;
    this.#say('Storing it, and waiting for a live session …');
    try {
      return await api.apply(relevant(form, this.#answers, this.#named));
    } catch (error) {
      await this.#recover(error);
      return undefined;
    }
  }

  async #choose(message: string, steps: readonly Step[]): Promise<Step> {
    const labels: Readonly<Record<Step, string>> = {
      apply: 'Set it up',
      look: 'Look again',
      change: 'Change an answer',
      stop: 'Stop; nothing is changed',
    };
    const options = steps.map((value) => ({ value, label: labels[value] }));
    const step = (await this.#ask({ kind: 'choice', message, options, initial: steps[0] })) as Step;
    if (step === 'stop') throw new AppError('invalid_request', 'Stopped. Nothing was changed.');
    if (step === 'change') this.#again([await this.#chooseQuestion()]);
    return step;
  }

  async #chooseQuestion(): Promise<string> {
    const { form } = this.#deps;
    const options = form.questions
      .filter(({ name }) => name !== 'account')
      .filter((question) => applies(form, question, this.#answers))
      .map((question) => ({
        value: question.name,
        label: `${question.ask}  (${shownAnswer(question, this.#answers[question.name])})`,
      }));
    return this.#ask({ kind: 'choice', message: 'Which one?', options });
  }

  #say(text: string): void {
    for (const line of text.split('\n')) this.#deps.out.note(line);
  }

  #summary(): string {
    const { form } = this.#deps;
    const rows = form.questions
      .filter((question) => applies(form, question, this.#answers))
      .map((question) => [question.flag, shownAnswer(question, this.#answers[question.name])] as const);
    return `\n${facts(rows)}\n`;
  }

  async #ask<Asked extends Prompt>(prompt: Asked): Promise<AnswerTo<Asked>> {
    const answer = await this.#deps.world.ask(prompt);
    if (answer === undefined) throw new AppError('invalid_request', 'Cancelled. Nothing was changed.');
    return answer;
  }
}
