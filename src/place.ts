import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from './domain/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the daemon lives and listens; from flags, else the environment, else defaults. */
export interface Place {
  readonly stateDir: string;
  readonly ingress: HostPort;
  readonly admin: HostPort;
}

/**
 * `--state-dir`, else `PALYRA_STATE_DIR`, else what the clone's `package.json` says when npm runs one of
 * its scripts, else `~/.palyra`.
 */
export function stateDirOf(flag: string | undefined, env: Environment): string {
  const fromNpm = env.npm_package_name === 'palyra' ? env.npm_package_config_state_dir : undefined;
  const local = fromNpm === undefined ? undefined : join(env.npm_config_local_prefix ?? '.', fromNpm);
  return resolve(flag ?? (env.PALYRA_STATE_DIR || undefined) ?? local ?? join(homedir(), '.palyra'));
}

/** @throws AppError `config_invalid` when the text is not `HOST:PORT`. */
export function parseHostPort(text: string, name: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new AppError(
      'config_invalid',
      `${name} must be HOST:PORT, for example 127.0.0.1:8787 or [::1]:8787.`,
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

export function placeOf(
  flags: { stateDir?: string | undefined; ingress?: string | undefined; admin?: string | undefined },
  env: Environment,
): Place {
  return {
    stateDir: stateDirOf(flags.stateDir, env),
    ingress: parseHostPort(
      flags.ingress ?? (env.PALYRA_INGRESS || '127.0.0.1:8787'),
      '--ingress / PALYRA_INGRESS',
    ),
    admin: parseHostPort(flags.admin ?? (env.PALYRA_ADMIN || '127.0.0.1:8788'), '--admin / PALYRA_ADMIN'),
  };
}
