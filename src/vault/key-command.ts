import { spawn } from 'node:child_process';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { KeySource } from './key-source.ts';
import { type MasterKey, masterKeyFormat, parseMasterKey } from './master-key.ts';

const timeoutMs = 10_000;
const outputBytesMax = 4096;

export interface CommandDeps {
  /** The environment that the program sees, and whose PATH it is looked up on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/**
 * A program that prints the key, e.g. of a password manager. To rotate, the operator first makes it print
 * the new key. Messages name the program only: arguments may be confidential.
 */
export function createCommandSource(argv: readonly string[], deps: CommandDeps): KeySource {
  const [program = '', ...args] = argv;
  const name = `the key command ${program}`;

  async function load(): Promise<MasterKey> {
    const output = await run(program, args, deps);
    const key = parseMasterKey(output.split('\n', 1)[0] ?? '');
    if (!key) throw failed(program, `does not print a key on its first line. A key is ${masterKeyFormat}`);
    return key;
  }

  return {
    name,
    load,

    async prepare(_current, handedIn) {
      if (handedIn === undefined) return load();
      throw new AppError('invalid_request', `Give no key: make ${name} print the new one, then rotate.`);
    },

    async finish() {
      return undefined;
    },
  };
}

/** What the program prints. Its standard error is thrown away, because nobody knows what it holds. */
function run(program: string, args: readonly string[], { env, clock }: CommandDeps): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    const stop = (error: AppError): void => {
      cancel();
      child.kill('SIGKILL');
      // A grandchild may hold the other end open for ever.
      child.stdout.destroy();
      reject(error);
    };
    const cancel = clock.after(timeoutMs, () =>
      stop(
        new AppError('timeout', `The key command ${program} did not end within ${timeoutMs / 1000} seconds.`),
      ),
    );

    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > outputBytesMax) stop(failed(program, `prints more than ${outputBytesMax} bytes`));
      else chunks.push(chunk);
    });
    child.on('error', (cause) => stop(failed(program, 'cannot be started', cause)));
    child.on('close', (exitCode, signal) => {
      if (exitCode !== 0) {
        const end =
          exitCode === null ? `was killed by ${signal ?? 'a signal'}` : `failed with exit code ${exitCode}`;
        stop(failed(program, `${end}. Run it by hand to see why`));
        return;
      }
      cancel();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

function failed(program: string, what: string, cause?: unknown): AppError {
  return new AppError('config_invalid', `The key command ${program} ${what}.`, { cause });
}
