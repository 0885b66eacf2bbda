import { readDaemonFile, readBootstrapToken } from '../state-dir.ts';
import { type Environment, stateDirOf } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { type ApiClient, createClient } from './client.ts';
import { createOutput, type Output, type Streams } from './output.ts';

/** The world as the command line sees it: everything it touches besides the daemon. */
export interface CliWorld extends Streams {
  readonly env: Environment;
  readonly clock: Clock;
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
  readonly isInteractive: boolean;
  /** Aborts when the person presses Ctrl-C. */
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
  /** The daemon's API; fails when it is first used without a daemon to be found. */
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

/** @throws AppError `unavailable` or `unauthenticated` that says how to name a daemon. */
function findDaemon(stateDir: string, env: Environment): { adminUrl: string; token: string } {
  const adminUrl = env.PALYRA_ADMIN_URL || readDaemonFile(stateDir)?.adminUrl;
  if (adminUrl === undefined) {
    throw new AppError(
      'unavailable',
      `No daemon runs in ${stateDir}. Start one: palyra up. Or name one: --state-dir, or PALYRA_ADMIN_URL.`,
    );
  }
  const token = env.PALYRA_ADMIN_TOKEN || readBootstrapToken(stateDir);
  if (token === undefined)
    throw new AppError('unauthenticated', `There is no admin.token in ${stateDir}. Set PALYRA_ADMIN_TOKEN.`);
  return { adminUrl, token };
}
