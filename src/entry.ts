import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { runCli } from './cli/cli.ts';
import { systemClock } from './lib/clock.ts';

/** The command line, in this process: the one place that touches `process`, besides the daemon's own. */
export async function main(argv: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { stdin, stdout, stderr, env } = process;
  const interrupted = new AbortController();
  const isDaemon = argv.includes('up');
  if (!isDaemon) process.once('SIGINT', () => interrupted.abort());
  process.exitCode = await runCli(
    argv,
    {
      env,
      clock: systemClock,
      stdout,
      stderr,
      readStdin: () => text(stdin),
      isInteractive: stdin.isTTY && stdout.isTTY,
      interrupted: interrupted.signal,
    },
    async (options) => {
      const { up } = await import('./up.ts');
      await up(options, { env, version, stdout, stderr });
    },
    version,
  );
}
