import { AppError } from '../domain/errors.ts';
import { type CommandDeps, createCommandSource } from './key-command.ts';
import { createFileSource } from './key-file.ts';
import type { KeySource, KeySourceConfig } from './key-source.ts';
import { masterKeyFormat, parseMasterKey } from './master-key.ts';

/** @throws AppError `config_invalid` when the configuration names no file, variable or program. */
export function createKeySource(config: KeySourceConfig, deps: CommandDeps): KeySource {
  switch (config.kind) {
    case 'file':
      if (config.path === '') throw unnamed('file');
      return createFileSource(config.path);
    case 'env':
      if (config.variable === '') throw unnamed('environment variable');
      return createEnvSource(config.variable, deps.env);
    case 'command':
      if (!config.argv[0]) throw unnamed('command');
      return createCommandSource(config.argv, deps);
  }
}

/** A variable of the daemon's environment. It cannot change while the daemon runs, so a new key is handed in. */
function createEnvSource(variable: string, env: CommandDeps['env']): KeySource {
  const name = `the environment variable ${variable}`;
  return {
    name,

    async load() {
      const text = env[variable] ?? '';
      if (text.trim() === '') {
        throw new AppError(
          'config_invalid',
          `The environment variable ${variable} is not set. It must hold ${masterKeyFormat}.`,
        );
      }
      const key = parseMasterKey(text);
      if (!key)
        throw new AppError(
          'config_invalid',
          `The environment variable ${variable} does not hold a key. A key is ${masterKeyFormat}.`,
        );
      return key;
    },

    async prepare(_current, handedIn) {
      const next = handedIn === undefined ? undefined : parseMasterKey(handedIn);
      if (!next) throw new AppError('invalid_request', `Give the new master key: ${masterKeyFormat}.`);
      return next;
    },

    async finish() {
      return `Set ${variable} to the new master key before the next start; with the old one the vault stays locked.`;
    },
  };
}

function unnamed(what: string): AppError {
  return new AppError(
    'config_invalid',
    `The master key's ${what} has no name. Give it one in the configuration.`,
  );
}
