import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Run } from '../context.ts';
import { parseJsonObject } from '../options.ts';
import { namesSecret, readSecret } from '../secret-input.ts';
import { storeSecret } from '../store-secret.ts';
import { formatChannel } from './format-channel.ts';

/** What is not named stays as it is. */
export function add(run: Run): CommandUnknownOpts {
  return new Command('add')
    .description('Add a connector, or change its settings')
    .requiredOption('--provider <kind>', 'the platform, e.g. echo')
    .option('--account <name>', 'which account on it', 'default')
    .option('--config <json>', 'settings of the platform, as a JSON object')
    .option('--secret-ref <ref>', 'the vault reference of its credential')
    .option('--secret-stdin', 'read the credential from standard input, and store it')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--disabled', 'add it switched off')
    .action(
      run(async ({ api, out, world }, options) => {
        const id = `${options.provider}:${options.account}`;
        const given = options.config === undefined ? undefined : parseJsonObject(options.config, '--config');
        const known = (await api('GET /channels')).channels.find((channel) => channel.id === id);
        const secretRef = options.secretRef ?? (namesSecret(options) ? `channel:${id}/token` : undefined);
        if (namesSecret(options) && secretRef !== undefined)
          await storeSecret(api, secretRef, await readSecret(options, world, 'credential'));
        const body = {
          config: given ?? known?.config ?? {},
          enabled: options.disabled === true ? false : (known?.enabled ?? true),
          ...(secretRef === undefined ? {} : { secretRef }),
        };
        const channel = await api('PUT /channels/{id}', { params: { id }, body });
        out.show(channel, () => formatChannel(channel));
      }),
    );
}
