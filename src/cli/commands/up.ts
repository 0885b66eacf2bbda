import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { logLevels } from '../../lib/logger.ts';
import type { Run } from '../context.ts';

export interface UpOptions {
  readonly stateDir: string;
  readonly ingress?: string | undefined;
  readonly admin?: string | undefined;
  readonly publicUrl?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: 'json' | 'text' | undefined;
  readonly demo: boolean;
  /** Say where it listens as JSON. */
  readonly json: boolean;
}

/** Runs the daemon until it is told to stop. Comes in from outside, so that other commands load none of it. */
export type StartDaemon = (options: UpOptions) => Promise<void>;

export function up(run: Run, startDaemon: StartDaemon): CommandUnknownOpts {
  return new Command('up')
    .description('Run the daemon until it is stopped (Ctrl-C, SIGTERM)')
    .option(
      '--ingress <host:port>',
      'where webhooks come in (PALYRA_INGRESS, default 127.0.0.1:8787; port 0 takes a free one)',
    )
    .option('--admin <host:port>', 'where the API and the metrics are (PALYRA_ADMIN, default 127.0.0.1:8788)')
    .option('--public-url <url>', 'how the outside world reaches the ingress (PALYRA_PUBLIC_URL)')
    .addOption(new Option('--log-level <level>', 'the least important lines to write').choices(logLevels))
    .addOption(
      new Option('--log-format <format>', 'default: text on a terminal, else json').choices([
        'json',
        'text',
      ] as const),
    )
    .option('--demo', 'add the demo webhook, and print commands to try')
    .action(
      run(async ({ stateDir, out }, options) => {
        await startDaemon({ ...options, stateDir, demo: options.demo === true, json: out.json });
      }),
    );
}
