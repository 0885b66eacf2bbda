import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError, errorTable } from '../domain/errors.ts';
import { agents } from './commands/agents.ts';
import { channels } from './commands/channels.ts';
import { deadLetters } from './commands/dead-letters.ts';
import { doctor } from './commands/doctor.ts';
import { logs } from './commands/logs.ts';
import { message } from './commands/message.ts';
import { router } from './commands/router.ts';
import { secrets } from './commands/secrets.ts';
import { status } from './commands/status.ts';
import { tokens } from './commands/tokens.ts';
import { trace, why } from './commands/trace.ts';
import { type StartDaemon, up } from './commands/up.ts';
import { webhooks } from './commands/webhooks.ts';
import { type CliWorld, type CommandContext, createContext, type GlobalOptions } from './context.ts';
import { printable } from './output.ts';

/** Wraps what a command does, so that it finds its context as its first argument. */
export type Run = <Args extends unknown[]>(
  action: (context: CommandContext, ...args: Args) => Promise<void>,
) => (this: Runnable, ...args: Args) => Promise<void>;

type Runnable = { optsWithGlobals(): object };

/**
 * Runs one command line and returns the exit code: 0 only when it did what it was asked to.
 * `version` is shown by `--version`.
 */
export async function runCli(argv: readonly string[], world: CliWorld, startDaemon: StartDaemon, version: string): Promise<number> {
  const program = createProgram(world, startDaemon, version);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (thrown) {
    return report(thrown, world);
  }
}

function createProgram(world: CliWorld, startDaemon: StartDaemon, version: string): CommandUnknownOpts {
  const program = new Command('palyra')
    .description('Connects an agent to chat platforms and webhooks, and loses nothing on the way.')
    .version(version, '-V, --version')
    .option('--json', 'print JSON, for programs')
    .option('--state-dir <path>', 'where the daemon keeps its state (PALYRA_STATE_DIR, default ~/.palyra)');
  const run: Run = (action) =>
    async function (...args) {
      await action(createContext(world, this.optsWithGlobals() as GlobalOptions), ...args);
    };
  const nouns = [
    up(run, startDaemon),
    status(run),
    doctor(run),
    logs(run),
    trace(run),
    why(run),
    channels(run).addCommand(deadLetters(run)),
    message(run),
    router(run),
    webhooks(run),
    agents(run),
    secrets(run),
    tokens(run),
  ];
  for (const noun of nouns) program.addCommand(noun);
  for (const command of withDescendants(program)) {
    // Every command takes the global options wherever they stand, and says so in its help.
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) })
      .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
      .showSuggestionAfterError();
    if (command !== program && command.commands.length === 0) {
      command.option('--json', 'print JSON, for programs').option('--state-dir <path>', 'where the daemon keeps its state');
    }
  }
  return program;
}

function withDescendants(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap((child) => withDescendants(child))];
}

/** The one place that turns an error into an exit code and what a person gets to read. */
function report(thrown: unknown, world: CliWorld): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : errorTable.invalid_request.exit;
  const error = AppError.from(thrown);
  world.stderr.write(`palyra: ${printable(error.message)}\n`);
  if (error.code === 'internal' && world.env['PALYRA_DEBUG'] === '1') world.stderr.write(`${describe(thrown)}\n`);
  return errorTable[error.code].exit;
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
