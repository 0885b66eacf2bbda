import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { type OnboardingForm, onboardingForms } from '../../connectors/forms.ts';
import { AppError } from '../../domain/errors.ts';
import type { CommandContext, Run } from '../context.ts';
import { parseJsonObject } from '../options.ts';
import { namesSecret, readSecret, type SecretOptions } from '../secret-input.ts';
import { type Flags, flagsOf, secretFlagsOf } from '../setup/flags.ts';
import { formatApplied } from '../setup/report.ts';
import { storeSecret } from '../store-secret.ts';
import { formatChannel } from './format-channel.ts';
import { setUp } from './setup.ts';

interface AddOptions extends SecretOptions {
  readonly provider: string;
  readonly account: string;
  readonly config?: string | undefined;
  readonly secretRef?: string | undefined;
  readonly disabled?: true | undefined;
}

/** What is not named stays as it is. */
export function add(run: Run): CommandUnknownOpts {
  const command = new Command('add')
    .description('Add a connector, or change its settings; where a platform has a setup, by that')
    .requiredOption('--provider <kind>', 'the platform, e.g. echo')
    .option('--account <name>', 'which account on it', 'default')
    .option('--config <json>', 'settings of the platform, as a JSON object')
    .option('--secret-ref <ref>', 'the vault reference of its credential')
    .option('--secret-stdin', 'read the credential from standard input, and store it')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--disabled', 'add it switched off');
  const own = new Set(command.options.map(({ long }) => long));
  const setupFlags = formFlags().filter(({ long }) => !own.has(long ?? undefined));
  for (const option of setupFlags) command.addOption(option);
  return command.action(
    run(async (context, options) => {
      const form = onboardingForms.find(({ kind }) => kind === options.provider);
      const keys = setupFlags.map((option) => option.attributeName());
      const named = keys.filter((key) => (options as Flags)[key] !== undefined);
      if (named.length > 0 && !form)
        throw new AppError(
          'invalid_request',
          `A ${options.provider} connector has no setup, and takes none of its flags.`,
        );
      const isPlain =
        options.config !== undefined || options.secretRef !== undefined || options.disabled === true;
      if (isPlain && named.length > 0)
        throw new AppError(
          'invalid_request',
          'Set it up, or give --config, --secret-ref or --disabled: not both.',
        );
      if (form && !isPlain) await addBySetup(form, options, context);
      else await addPlainly(options, context);
    }),
  );
}

/** Those of all platforms, each once: one that several have takes whatever the platform takes. */
function formFlags(): readonly Option[] {
  const all = onboardingForms.flatMap(flagsOf);
  const isShared = (option: Option): boolean => all.filter(({ long }) => long === option.long).length > 1;
  const seen = new Set<string | null | undefined>();
  return all
    .filter(({ long }) => !seen.has(long) && seen.add(long))
    .map((option) => (isShared(option) ? new Option(option.flags, option.description) : option));
}

/** Its credential may come as that of any connector, too. */
async function addBySetup(form: OnboardingForm, options: AddOptions, context: CommandContext): Promise<void> {
  const { out } = context;
  const secret = Object.entries(secretFlagsOf(form)).map(
    ([way, key]) => [key, (options as unknown as Flags)[key] ?? options[way as keyof SecretOptions]] as const,
  );
  const applied = await setUp(form, { ...options, ...Object.fromEntries(secret) }, context);
  if (applied) out.show(applied, () => formatApplied(applied));
}

async function addPlainly(options: AddOptions, { api, out, world }: CommandContext): Promise<void> {
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
}
