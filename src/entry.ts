import { readFileSync } from 'node:fs';
import { runCli } from './cli/cli.ts';
import { readAll } from './cli/read-all.ts';
import { errorTable } from './domain/errors.ts';
import { heedSignals } from './heed-signals.ts';
import { systemClock } from './lib/clock.ts';

/** The command line, in this process: the one place that touches `process`, besides the daemon's own. */
export async function main(argv: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { stdin, stdout, stderr, env } = process;
  const stop = new AbortController();
  let isListening = false;
  const onInterrupt = heedSignals(
    systemClock,
    () => stop.abort(),
    () => process.exit(errorTable.unavailable.exit),
  );
  watchOutput(stop);
  const exit = await runCli(
    argv,
    {
      env,
      clock: systemClock,
      stdout,
      stderr,
      readStdin: () => readAll(stdin, 'Standard input'),
      ask: async (prompt) => (await import('./cli/ask.ts')).ask(prompt),
      isInteractive: stdin.isTTY && stdout.isTTY,
      // Ctrl-C ends a command as it ends any program, unless the command wants to hear of it.
      get interrupted() {
        if (!isListening) process.on('SIGINT', onInterrupt);
        isListening = true;
        return stop.signal;
      },
    },
    async (options) => {
      const { up } = await import('./up.ts');
      await up(options, { env, version, stdout, stderr, script: process.argv[1] ?? 'palyra' });
    },
    version,
  );
  process.exitCode ||= exit;
}

/**
 * Who reads along may go away at any time, as `head` does: what only prints ends then, and a daemon goes on.
 * What could not be written for another reason, e.g. a full disk, has not been said.
 */
function watchOutput(stop: AbortController): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    stop.abort();
    if (code !== 'EPIPE') process.exitCode = errorTable.unavailable.exit;
  });
  process.stderr.on('error', () => undefined);
}
