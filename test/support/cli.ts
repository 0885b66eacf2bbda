import { runCli } from '../../src/cli/cli.ts';
import type { CliWorld } from '../../src/cli/context.ts';
import type { Prompt } from '../../src/cli/prompt.ts';
import type { StartDaemon } from '../../src/cli/commands/up.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { TestDaemon } from './daemon.ts';

export interface Shell {
  /** Where commands look for their daemon. */
  readonly stateDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** How a person answers when asked, one after the other. Without it there is no terminal. */
  readonly typed?: readonly Typed[];
  readonly interrupted?: AbortSignal;
  readonly startDaemon?: StartDaemon;
  /** Sees everything that is written to standard output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** What is typed or chosen; `enter` takes what is offered, undefined is Ctrl-C. A function does something first. */
export type Typed = Answered | (() => Answered);
type Answered = string | boolean | readonly string[] | typeof enter | undefined;

/** The person presses Enter. */
export const enter = { press: 'enter' } as const;

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the person was asked. */
  readonly asked: readonly string[];
}

/** Runs one command line as the shell would, in this process. */
export async function palyra(shell: Shell | TestDaemon, ...argv: readonly string[]): Promise<Ran> {
  const { stateDir, env = {}, stdin, typed, interrupted, startDaemon, onOutput }: Shell = shell;
  const written = { stdout: '', stderr: '' };
  const asked: string[] = [];
  const answers = [...(typed ?? [])];
  const world: CliWorld = {
    env: { PALYRA_STATE_DIR: stateDir, ...env },
    clock: systemClock,
    stdout: {
      write: (text) => {
        written.stdout += text;
        onOutput?.(text);
      },
    },
    stderr: { write: (text) => (written.stderr += text) },
    readStdin: () =>
      stdin === undefined
        ? Promise.reject(new Error('Nobody gave it a standard input.'))
        : Promise.resolve(Buffer.from(stdin as string)),
    ask: (prompt) => {
      asked.push(prompt.message);
      return Promise.resolve(answerTo(prompt, answers.shift()) as never);
    },
    isInteractive: typed !== undefined,
    interrupted: interrupted ?? new AbortController().signal,
  };
  const exit = await runCli(argv, world, startDaemon ?? noDaemon, '0.0.0-test');
  return { exit, ...written, asked };
}

/** Fails for an answer that nobody could give to such a question. */
function answerTo(prompt: Prompt, typed: Typed): unknown {
  const answered = typeof typed === 'function' ? typed() : typed;
  const answer = answered === enter ? ('initial' in prompt ? prompt.initial : '') : answered;
  if (answer === undefined) return undefined;
  const values = 'options' in prompt ? prompt.options.map(({ value }) => value) : [];
  const isPossible =
    prompt.kind === 'yes_no'
      ? typeof answer === 'boolean'
      : prompt.kind === 'choices'
        ? Array.isArray(answer) && answer.every((value) => values.includes(String(value)))
        : typeof answer === 'string' && (prompt.kind !== 'choice' || values.includes(answer));
  if (isPossible) return answer;
  throw new Error(`Nobody can answer ${JSON.stringify(prompt)} with ${JSON.stringify(answer)}.`);
}

/** Fails unless the command worked. */
export async function good(shell: Shell | TestDaemon, ...argv: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await palyra(shell, ...argv);
  if (exit !== 0) throw new Error(`palyra ${argv.join(' ')} failed with ${exit}: ${stderr}`);
  return stdout;
}

/** What the command says as JSON; it may fail with `exit`. */
export async function asJson<Value>(shell: Shell | TestDaemon, ...argv: readonly string[]): Promise<Value> {
  return JSON.parse(await good(shell, ...argv, '--json')) as Value;
}

function noDaemon(): Promise<void> {
  return Promise.reject(new Error('This command starts no daemon.'));
}
