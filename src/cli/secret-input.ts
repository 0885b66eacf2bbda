import { createReadStream } from 'node:fs';
import { AppError, isAppError } from '../domain/errors.ts';
import type { CliWorld } from './context.ts';
import { readAll } from './read-all.ts';

/** Where a secret comes from. Never from an argument: those are visible to every user of the machine. */
export interface SecretOptions {
  readonly secretStdin?: true | undefined;
  readonly secretEnv?: string | undefined;
  readonly secretFile?: string | undefined;
}

/**
 * The secret, without the line end behind it. Asks for it when nothing else is named and there is a
 * person to ask. `flag` is what its options begin with. @throws AppError `invalid_request`.
 */
export async function readSecret(
  options: SecretOptions,
  world: CliWorld,
  what: string,
  flag = 'secret',
): Promise<string> {
  const secret = (await readRaw(options, world, what, flag)).replace(/\r?\n$/, '');
  if (secret === '') throw new AppError('invalid_request', `The ${what} is empty.`);
  return secret;
}

export function namesSecret(options: SecretOptions): boolean {
  return waysNamed(options) > 0;
}

function waysNamed({ secretStdin, secretEnv, secretFile }: SecretOptions): number {
  return [secretStdin, secretEnv, secretFile].filter((way) => way !== undefined).length;
}

async function readRaw(options: SecretOptions, world: CliWorld, what: string, flag: string): Promise<string> {
  if (waysNamed(options) > 1)
    throw new AppError(
      'invalid_request',
      `Name one place for the ${what}: --${flag}-stdin, --${flag}-env or --${flag}-file.`,
    );
  if (options.secretStdin === true) return toText(await world.readStdin(), what);
  if (options.secretEnv !== undefined) {
    const value = world.env[options.secretEnv];
    if (value === undefined)
      throw new AppError('invalid_request', `The environment has no variable ${options.secretEnv}.`);
    return value;
  }
  if (options.secretFile !== undefined) return toText(await readBytes(options.secretFile), what);
  if (!world.isInteractive) {
    throw new AppError(
      'invalid_request',
      `Give the ${what} by --${flag}-stdin, --${flag}-env NAME or --${flag}-file PATH.`,
    );
  }
  const answer = await world.ask({ kind: 'secret', message: `The ${what} (not shown)` });
  if (answer === undefined) throw new AppError('invalid_request', 'Cancelled.');
  return answer;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws AppError `invalid_request` rather than make another secret of it. */
function toText(bytes: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new AppError('invalid_request', `The ${what} is not UTF-8 text.`, { cause });
  }
}

/** @throws AppError `invalid_request` when the file cannot be read. */
export async function readText(file: string): Promise<string> {
  return (await readBytes(file)).toString('utf8');
}

/** @throws AppError `invalid_request` when the file cannot be read. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readAll(createReadStream(file), `The file ${file}`);
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError('invalid_request', `The file ${file} cannot be read.`, { cause });
  }
}
