import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import { parseVaultRef } from '../../domain/vault-ref.ts';
import type { Run } from '../context.ts';
import { plural, table, time } from '../output.ts';
import { namesSecret, readSecret } from '../secret-input.ts';
import { storeSecret } from '../store-secret.ts';

export function secrets(run: Run): CommandUnknownOpts {
  return new Command('secrets')
    .description('The vault')
    .addCommand(set(run))
    .addCommand(list(run))
    .addCommand(remove(run))
    .addCommand(rotateKey(run));
}

function set(run: Run): CommandUnknownOpts {
  return new Command('set')
    .description('Store a secret: asked for, or from standard input, a variable or a file; never an argument')
    .argument('<ref>', '<scope>/<key>, e.g. global/openai or channel:echo:default/token')
    .option('--secret-stdin', 'read it from standard input')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .action(
      run(async ({ api, out, world }, ref, options) => {
        parseVaultRef(ref);
        // A pipe says as clearly as the flag that the secret comes from there.
        const piped =
          !world.isInteractive && !namesSecret(options) ? { secretStdin: true as const } : options;
        const value = await readSecret(piped, world, 'secret');
        await storeSecret(api, ref, value);
        out.show({ stored: ref }, () => `Stored as ${ref}.`);
      }),
    );
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('Names and times, never values').action(
    run(async ({ api, out }) => {
      const { secrets: stored, vault } = await api('GET /secrets');
      out.show(stored, () =>
        table(
          ['ref', 'created', 'updated'],
          stored.map(({ ref, createdAt, updatedAt }) => [ref, time(createdAt), time(updatedAt)]),
          'No secrets.',
        ),
      );
      if (vault.why !== undefined) out.note(`The vault is locked: ${vault.why}`);
    }),
  );
}

function remove(run: Run): CommandUnknownOpts {
  return new Command('delete')
    .description('Remove a secret')
    .argument('<ref>')
    .action(
      run(async ({ api, out }, ref) => {
        const { scope, key } = parseVaultRef(ref);
        await api('DELETE /secrets/{scope}/{key}', { params: { scope, key } });
        out.show({ deleted: ref }, () => `${ref} is gone.`);
      }),
    );
}

function rotateKey(run: Run): CommandUnknownOpts {
  return new Command('rotate-key')
    .description('Wrap all secrets with a new master key, while everything runs')
    .option(
      '--new-key-stdin',
      'where the key comes from the environment: read the new one from standard input',
    )
    .option('--unlock', 'only look for the master key again')
    .action(
      run(async ({ api, out, world }, options) => {
        if (options.unlock === true) {
          const vault = await api('POST /vault/unlock');
          out.show(
            vault,
            () => `The vault is ${vault.state}${vault.why === undefined ? '' : `: ${vault.why}`}.`,
          );
          if (vault.state !== 'open') throw new AppError('vault_locked', 'The vault is still locked.');
          return;
        }
        const newKey =
          options.newKeyStdin === true ? (await world.readStdin()).toString('utf8').trim() : undefined;
        const answer = await api('POST /vault/rotate-key', { body: newKey === undefined ? {} : { newKey } });
        out.show(answer, () =>
          `Wrapped with master key ${answer.masterKeyId}: ${plural(answer.secrets, 'secret')}. ${answer.note}`.trimEnd(),
        );
      }),
    );
}
