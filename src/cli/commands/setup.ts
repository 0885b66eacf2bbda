import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { OnboardingForm } from '../../connectors/forms.ts';
import { AppError } from '../../domain/errors.ts';
import type { CommandContext, Run } from '../context.ts';
import { followTrace, requireEnd } from '../follow.ts';
import { timeoutOption } from '../options.ts';
import { facts, plural } from '../output.ts';
import { answersIn, type Flags, flagsOf, namesSecretIn, readSecretIn } from '../setup/flags.ts';
import { applies, connectorOf, relevant, secretQuestionOf } from '../setup/questions.ts';
import { shownAnswer } from '../setup/question-prompt.ts';
import { type Applied, errorsOf, formatApplied, formatNotices, type Report } from '../setup/report.ts';
import { createSetupApi, setupTimeoutMs } from '../setup/setup-api.ts';
import { Wizard } from '../setup/wizard.ts';
import { formatChannel } from './format-channel.ts';
import { formatTrace } from './trace.ts';

/** The commands of a platform whose accounts are set up with a form. */
export function setupCommands(run: Run, form: OnboardingForm): CommandUnknownOpts {
  return new Command(form.kind)
    .description(`Accounts on ${form.title}: set up, look after, try out`)
    .addCommand(setup(run, form))
    .addCommand(status(run, form))
    .addCommand(healthRefresh(run, form))
    .addCommand(verify(run, form));
}

/** Asks at a terminal; with --yes, or without a person, takes the defaults for what is not named. */
function setup(run: Run, form: OnboardingForm): CommandUnknownOpts {
  const command = new Command('setup')
    .description('Set an account up, question by question or by flags; all of it, or nothing')
    .option('--yes', 'ask nothing: what is not named stays as it is, or is the default')
    .option('--dry-run', 'look at the platform, and change nothing');
  for (const option of flagsOf(form)) command.addOption(option);
  return command.action(
    run(async (context, flags: Flags) => {
      const { world, out } = context;
      const isAsked = world.isInteractive && !out.json && flags.yes !== true && flags.dryRun !== true;
      const applied = await (isAsked ? ask(form, flags, context) : setUp(form, flags, context));
      if (applied) out.show(applied, () => formatApplied(applied));
    }),
  );
}

async function ask(form: OnboardingForm, flags: Flags, context: CommandContext): Promise<Applied> {
  const { world, out } = context;
  const wizard = new Wizard(
    { form, api: createSetupApi(form, context.api), world, out },
    {
      answers: answersIn(form, flags),
      secret: namesSecretIn(form, flags) ? await readSecretIn(form, flags, world) : undefined,
    },
  );
  return wizard.run();
}

/**
 * The same without questions: what is not named is as it was set up before, or the default. Undefined when it
 * was only to look. @throws AppError `invalid_request` when something speaks against it.
 */
export async function setUp(
  form: OnboardingForm,
  flags: Flags,
  { api, world, out }: CommandContext,
): Promise<Applied | undefined> {
  const setupApi = createSetupApi(form, api);
  const named = answersIn(form, flags);
  const current = await setupApi.current(named);
  const secret = namesSecretIn(form, flags) || !current ? await readSecretIn(form, flags, world) : undefined;
  const answers = {
    ...relevant(form, { ...current, ...named }, new Set(Object.keys(named))),
    ...(secret === undefined ? {} : { [secretQuestionOf(form).name]: secret }),
  };
  if (flags.dryRun === true) {
    const report = await setupApi.probe(answers);
    out.show(report, () => formatNotices(report.notices));
    requireGood(report);
    return undefined;
  }
  const applied = await setupApi.apply(answers);
  for (const line of formatNotices(applied.report.notices).split('\n')) out.note(line);
  return applied;
}

/** @throws AppError `unavailable` when there is an error among the findings. */
function requireGood(report: Report): void {
  const errors = errorsOf(report).length;
  if (errors > 0)
    throw new AppError(
      'unavailable',
      `${errors} of ${plural(report.notices.length, 'finding')} must be mended first.`,
    );
}

const account = ['--account <name>', 'which account on it', 'default'] as const;

function status(run: Run, form: OnboardingForm): CommandUnknownOpts {
  return new Command('status')
    .description('How an account is doing, and how it is set up')
    .option(...account)
    .action(
      run(async ({ api, out }, flags) => {
        const id = connectorOf(form, flags);
        const channel = await api('GET /channels/{id}', { params: { id } });
        const { answers } = await api('GET /channels/{id}/onboarding', { params: { id } });
        const rows = form.questions
          .filter(({ name, type }) => type.kind !== 'secret' && name !== 'account' && name in answers)
          .filter((question) => applies(form, question, answers))
          .map((question) => [question.flag, shownAnswer(question, answers[question.name])] as const);
        out.show({ ...channel, setup: answers }, () => `${formatChannel(channel)}\n\n${facts(rows)}`);
      }),
    );
}

/** Fails when the look finds an error. */
function healthRefresh(run: Run, form: OnboardingForm): CommandUnknownOpts {
  return new Command('health-refresh')
    .description('Look at the platform with the stored credential, and change nothing')
    .option(...account)
    .option('--verify-channel <id>', 'also whether it may there do all that it is set up for')
    .action(
      run(async ({ api, out }, { verifyChannel, ...flags }) => {
        const report = await api('POST /channels/{id}/health-refresh', {
          params: { id: connectorOf(form, flags) },
          body: verifyChannel === undefined ? {} : { verifyChannel },
          timeoutMs: setupTimeoutMs,
        });
        out.show(report, () => formatNotices(report.notices));
        requireGood(report);
      }),
    );
}

/** Goes the way of every message, through the outbox. Fails unless it is delivered. */
function verify(run: Run, form: OnboardingForm): CommandUnknownOpts {
  return new Command('verify')
    .description('Send a test message, and wait until it is delivered')
    .option(...account)
    .requiredOption('--to <channel>', 'where to')
    .option('--text <text>', 'what it says', 'This is a test message.')
    .addOption(timeoutOption('how long to wait', 60))
    .action(
      run(async (context, { to, text, timeout, ...flags }) => {
        const { message } = await context.api('POST /messages', {
          body: { connector: connectorOf(form, flags), conversation: to, operation: { op: 'send', text } },
        });
        const trace = await followTrace(context, message, timeout);
        context.out.show({ message, trace }, () => formatTrace(trace));
        requireEnd('The message', trace, ['delivered']);
      }),
    );
}
