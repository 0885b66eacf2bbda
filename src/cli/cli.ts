import { CommanderError } from '@commander-js/extra-typings';
import { AppError, errorTable } from '../domain/errors.ts';
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
function report(thrown: unknown, world: CliWorld): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : errorTable.invalid_request.exit;
  const error = AppError.from(thrown);
  world.stderr.write(`palyra: ${printable(error.message)}\n`);
  if (error.code === 'internal' && world.env.PALYRA_DEBUG === '1')
    world.stderr.write(`${describe(thrown)}\n`);
  return errorTable[error.code].exit;
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
