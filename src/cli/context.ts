import { readBootstrapToken, readDaemonFile } from '../daemon-file.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { type Environment, stateDirOf } from '../place.ts';
import { type ApiClient, type Connection, createClient } from './client.ts';
import { createOutput, type Output, type Streams } from './output.ts';
import type { AnswerTo, Prompt } from './prompt.ts';

/** The world as the command line sees it: everything it touches besides the daemon. */
export interface CliWorld extends Streams {
  readonly env: Environment;
  readonly clock: Clock;
  /** All of standard input, as it is. */
  readonly readStdin: () => Promise<Buffer>;
  /** Asks the person at the terminal. Undefined when cancelled. */
  readonly ask: <Asked extends Prompt>(prompt: Asked) => Promise<AnswerTo<Asked> | undefined>;
  /** There is a person at a terminal. */
  readonly isInteractive: boolean;
  /** Aborts when the person presses Ctrl-C. Who never looks at it is ended by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export interface GlobalOptions {
  readonly json?: true | undefined;
  readonly stateDir?: string | undefined;
}

/** What a command gets to work with. */
export interface CommandContext {
  readonly world: CliWorld;
  readonly out: Output;
  readonly stateDir: string;
  /** The daemon's API; throws when it is first looked at without a daemon to be found. */
  readonly api: ApiClient;
}

/** Wraps what a command does, so that it finds its context as its first argument. */
export type Run = <Args extends unknown[]>(
  action: (context: CommandContext, ...args: Args) => Promise<void>,
) => (this: Runnable, ...args: Args) => Promise<void>;

type Runnable = { optsWithGlobals(): object };

export function createContext(world: CliWorld, options: GlobalOptions): CommandContext {
  const stateDir = stateDirOf(options.stateDir, world.env);
  let client: ApiClient | undefined;
  return {
    world,
    out: createOutput(world, options.json === true),
    stateDir,
    get api() {
      client ??= createClient(findDaemon(stateDir, world.env));
      return client;
    },
  };
}

/** @throws AppError `unavailable`, `unauthenticated` or `invalid_request` that says how to name a daemon. */
function findDaemon(stateDir: string, env: Environment): Connection {
  const running = readDaemonFile(stateDir)?.adminUrl;
  const adminUrl = env.PALYRA_ADMIN_URL || running;
  if (adminUrl === undefined) {
    throw new AppError(
      'unavailable',
      `No daemon runs in ${stateDir}. Start one: palyra up. Or name one: --state-dir, or PALYRA_ADMIN_URL.`,
    );
  }
  const url = URL.parse(adminUrl);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new AppError('invalid_request', 'PALYRA_ADMIN_URL must be like http://127.0.0.1:8788.');
  // The token of this state directory is for its own daemon, and nobody else gets to see it.
  const isOwn = adminUrl.replace(/\/$/, '') === running;
  const token = env.PALYRA_ADMIN_TOKEN || (isOwn ? readBootstrapToken(stateDir) : undefined);
  if (token === undefined)
    throw new AppError(
      'unauthenticated',
      isOwn
        ? `There is no admin.token in ${stateDir} that you may read. Set PALYRA_ADMIN_TOKEN.`
        : 'Set PALYRA_ADMIN_TOKEN to a token of the daemon that PALYRA_ADMIN_URL names.',
    );
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new AppError(
      'unauthenticated',
      'The token holds characters that no token has. Check PALYRA_ADMIN_TOKEN.',
    );
  return { adminUrl, token };
}
