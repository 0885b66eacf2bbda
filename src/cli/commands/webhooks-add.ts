import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { CliWorld, Run } from '../context.ts';
import { parseJsonObject, spanOf, wholeNumber } from '../options.ts';
import { namesSecret, readSecret, type SecretOptions } from '../secret-input.ts';
import { formatIntegration } from './format-integration.ts';

const msPerHour = 3_600_000;

type SecretInput = { from: 'value'; value: string } | { from: 'ref'; ref: string } | { from: 'generate' };

export function add(run: Run): CommandUnknownOpts {
  return new Command('add')
    .description('Add an address for a provider; prints the URL to give to it')
    .argument('<id>', 'its name')
    .argument('<provider>', 'github, standard-webhooks, stripe, slack or generic-hmac')
    .option('--secret-stdin', 'read the signing secret from standard input')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--secret-ref <ref>', 'use one that is in the vault')
    .option('--generate-secret', 'make one; it is shown once')
    .option('--allow-event <name...>', 'take only these events')
    .option('--allow-source <cidr...>', 'take only requests from these addresses')
    .option('--max-payload-bytes <n>', 'the largest body', wholeNumber())
    .option('--settings <json>', 'settings of the provider, as a JSON object (generic-hmac)')
    .option('--disabled', 'add it switched off')
    .action(
      run(async ({ api, out, world }, id, provider, options) => {
        const integration = await api('POST /webhooks', {
          body: {
            id,
            provider,
            secret: await chooseSecret(options, world),
            enabled: options.disabled !== true,
            ...(options.settings === undefined
              ? {}
              : { settings: parseJsonObject(options.settings, '--settings') }),
            ...(options.allowEvent === undefined ? {} : { allowedEvents: options.allowEvent }),
            ...(options.allowSource === undefined ? {} : { allowedSources: options.allowSource }),
            ...(options.maxPayloadBytes === undefined ? {} : { payloadBytesMax: options.maxPayloadBytes }),
          },
        });
        out.show(integration, () =>
          [formatIntegration(integration), ...shownOnce(integration.secret)].join('\n'),
        );
      }),
    );
}

export function rotate(run: Run): CommandUnknownOpts {
  return new Command('rotate')
    .description('Change the signing secret, or the URL; the old one stays good for a while')
    .argument('<id>')
    .option('--url', 'the URL instead of the secret')
    .option('--secret-stdin', 'read the new secret from standard input; without any of these it is made')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .addOption(
      new Option('--overlap-hours <n>', 'how long the old one stays good')
        .argParser(spanOf(msPerHour, 'zero'))
        .default(24 * msPerHour, '24'),
    )
    .action(
      run(async ({ api, out, world }, id, options) => {
        if (options.url === true && namesSecret(options))
          throw new AppError('invalid_request', 'Change the secret or the URL, one at a time.');
        const secret = namesSecret(options)
          ? ({ from: 'value', value: await readSecret(options, world, 'new secret') } as const)
          : ({ from: 'generate' } as const);
        const integration = await api('POST /webhooks/{id}/rotate', {
          params: { id },
          body: {
            what: options.url === true ? 'url' : 'secret',
            secret,
            overlapMs: options.overlapHours,
          },
        });
        out.show(integration, () =>
          [formatIntegration(integration), ...shownOnce(integration.secret)].join('\n'),
        );
      }),
    );
}

async function chooseSecret(
  options: SecretOptions & {
    readonly secretRef?: string | undefined;
    readonly generateSecret?: true | undefined;
  },
  world: CliWorld,
): Promise<SecretInput> {
  const ways = [
    namesSecret(options),
    options.secretRef !== undefined,
    options.generateSecret === true,
  ].filter(Boolean).length;
  if (ways > 1)
    throw new AppError(
      'invalid_request',
      'Name one secret: by --secret-stdin, --secret-env, --secret-file, --secret-ref or --generate-secret.',
    );
  if (options.secretRef !== undefined) return { from: 'ref', ref: options.secretRef };
  if (options.generateSecret === true) return { from: 'generate' };
  return { from: 'value', value: await readSecret(options, world, 'signing secret') };
}

function shownOnce(secret: string | undefined): string[] {
  return secret === undefined
    ? []
    : ['', `secret    ${secret}`, 'Set it at the provider now: it is not shown again.'];
}
