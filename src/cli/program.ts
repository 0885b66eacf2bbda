import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { agents } from './commands/agents.ts';
import { approvals } from './commands/approvals.ts';
import { channels } from './commands/channels.ts';
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
import type { Run } from './context.ts';
import type { Streams } from './output.ts';

export interface ProgramDeps {
  readonly run: Run;
  readonly startDaemon: StartDaemon;
  readonly version: string;
  /** Where help and usage errors go; the process's own when absent. */
  readonly streams?: Streams;
}

/** All commands, with help. What a command does is wrapped by `run`. */
export function createProgram({ run, startDaemon, version, streams }: ProgramDeps): CommandUnknownOpts {
  const program = new Command('palyra')
    .description('Connects an agent to chat platforms and webhooks, and loses nothing on the way.')
    .version(version, '-V, --version')
    .option('--json', 'print JSON, for programs')
    .option('--state-dir <path>', 'where the daemon keeps its state (PALYRA_STATE_DIR, default ~/.palyra)');
  const nouns = [
    up(run, startDaemon),
    status(run),
    doctor(run),
    logs(run),
    trace(run),
    why(run),
    channels(run),
    message(run),
    router(run),
    webhooks(run),
    approvals(run),
    agents(run),
    secrets(run),
    tokens(run),
  ];
  for (const noun of nouns) program.addCommand(noun);
  for (const command of withDescendants(program)) {
    command
      .exitOverride()
      .configureOutput(
        streams
          ? { writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) }
          : {},
      )
      .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
      .showSuggestionAfterError();
  }
  return program;
}

function withDescendants(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap((child) => withDescendants(child))];
}
