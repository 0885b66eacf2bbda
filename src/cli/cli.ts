import { CommanderError } from '@commander-js/extra-typings';
import { AppError, errorTable, isAppError } from '../domain/errors.ts';
import { describeError } from '../lib/logger.ts';
import type { StartDaemon } from './commands/up.ts';
import { type CliWorld, createContext, type Run } from './context.ts';
import { printable } from './output.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line and returns the exit code: 0 only when it did what it was asked to.
 * `version` is shown by `--version`.
 */
export async function runCli(
  argv: readonly string[],
  world: CliWorld,
  startDaemon: StartDaemon,
  version: string,
): Promise<number> {
  const run: Run = (action) =>
    async function (...args) {
      await action(createContext(world, this.optsWithGlobals()), ...args);
    };
  try {
    await createProgram({ run, startDaemon, version, streams: world }).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (thrown) {
    return report(thrown, world);
  }
}

/** The one place that turns an error into an exit code and what a person gets to read. */
function report(thrown: unknown, { stderr, env }: CliWorld): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : errorTable.invalid_request.exit;
  const debug = env.PALYRA_DEBUG === '1';
  const message = isAppError(thrown)
    ? thrown.message
    : 'Unexpected error. Set PALYRA_DEBUG=1 to see where it comes from.';
  stderr.write(`palyra: ${printable(message)}\n`);
  if (debug) stderr.write(`${describeError(thrown)}\n`);
  return errorTable[AppError.from(thrown).code].exit;
}
