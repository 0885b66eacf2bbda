import { readFileSync } from 'node:fs';
import { AppError } from '../domain/errors.ts';
import type { CliWorld } from './context.ts';

/** Where a secret comes from. Never from an argument: those are visible to every user of the machine. */
export interface SecretOptions {
  readonly secretStdin?: true | undefined;
  readonly secretEnv?: string | undefined;
  readonly secretFile?: string | undefined;
}

/**
 * The secret, without the line end behind it. Asks for it when nothing else is named and there is a
 * person to ask. @throws AppError `invalid_request`.
 */
export async function readSecret(options: SecretOptions, world: CliWorld, what: string): Promise<string> {
  const secret = (await readRaw(options, world, what)).replace(/\r?\n$/, '');
  if (secret === '') throw new AppError('invalid_request', `The ${what} is empty.`);
  return secret;
}

export function namesSecret({ secretStdin, secretEnv, secretFile }: SecretOptions): boolean {
  return secretStdin === true || secretEnv !== undefined || secretFile !== undefined;
}

async function readRaw(options: SecretOptions, world: CliWorld, what: string): Promise<string> {
  if (options.secretStdin === true) return world.readStdin();
  if (options.secretEnv !== undefined) {
    const value = world.env[options.secretEnv];
    if (value === undefined)
      throw new AppError('invalid_request', `The environment has no variable ${options.secretEnv}.`);
    return value;
  }
  if (options.secretFile !== undefined) return readText(options.secretFile);
  if (!world.isInteractive) {
    throw new AppError(
      'invalid_request',
      `Give the ${what} by --secret-stdin, --secret-env NAME or --secret-file PATH.`,
    );
  }
  const { password, isCancel } = await import('@clack/prompts');
  const answer = await password({ message: `The ${what} (not shown)` });
  if (isCancel(answer)) throw new AppError('invalid_request', 'Cancelled.');
  return answer;
}

/** @throws AppError `invalid_request` when the file cannot be read. */
export function readText(file: string): string {
  return readBytes(file).toString('utf8');
}

export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AppError('invalid_request', `The file ${file} cannot be read.`, { cause });
  }
}
