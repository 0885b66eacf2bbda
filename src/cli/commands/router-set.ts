import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { Answer, ApiClient } from '../client.ts';
import type { CliWorld, Run } from '../context.ts';
import { parseJsonObject, wholeNumber, yesNo } from '../options.ts';
import { readText } from '../secret-input.ts';

type Rule = Answer<'GET /router/rules'>['rules'][number];
type RuleChanges = Record<string, unknown>;

/** Flags change what they name and leave the rest as it is; --file and --stdin replace the rule. */
export function setRule(run: Run): CommandUnknownOpts {
  return new Command('set')
    .description('Add a rule, or change one; live at once')
    .argument('<rule>', 'its name')
    .option('--file <path>', 'the whole rule as JSON')
    .option('--stdin', 'the whole rule as JSON from standard input')
    .option('--position <n>', 'rules are asked in this order, lowest first', wholeNumber(0))
    .addOption(yesNo('--enabled <yes|no>', 'switch it on or off'))
    .option('--source <id...>', 'connectors, webhook:<id>, or <kind>:*')
    .option('--type <type...>', 'event types, e.g. message.created')
    .option('--conversation <id...>', 'only in these')
    .option('--thread <id...>', 'only in these')
    .option('--sender <id...>', 'only from these')
    .option('--role <id...>', 'only from people with one of these')
    .option('--guild <id...>', 'only in these')
    .option('--webhook-event <name...>', 'only these events of webhooks')
    .addOption(yesNo('--direct <yes|no>', 'only direct messages, or only others'))
    .addOption(
      new Option('--action <action>', 'what it decides').choices(['accept', 'ignore', 'deny'] as const),
    )
    .option('--agent <id>', 'who answers')
    .option('--reply-to <connector/conversation>', 'where answers go, e.g. echo:default/alerts')
    .option('--allow-from <id...>', 'only these senders pass')
    .option('--deny-from <id...>', 'these senders never pass')
    .addOption(
      new Option('--direct-messages <policy>', 'who may write directly').choices([
        'deny',
        'allow',
        'allowlist',
        'pairing',
      ] as const),
    )
    .addOption(yesNo('--mention-required <yes|no>', 'outside direct messages, the bot must be addressed'))
    .option('--mention-pattern <text...>', 'words that address it')
    .addOption(
      new Option('--broadcast <policy>', 'whether an answer may go to everybody').choices([
        'deny',
        'mention_only',
        'allow',
      ] as const),
    )
    .addOption(new Option('--bots <policy>', 'messages of other bots').choices(['deny', 'allow'] as const))
    .addOption(yesNo('--isolate-by-sender <yes|no>', 'one session per person'))
    .option('--response-prefix <text>', 'put before every answer')
    .option('--acknowledge-with <emoji>', 'put on the message as soon as it is accepted')
    .action(
      run(async ({ api, out, world }, id, { file, stdin, ...flags }) => {
        const whole = await readWhole({ file, stdin }, world);
        if (whole !== undefined && Object.keys(flags).length > 0)
          throw new AppError('invalid_request', 'Give the whole rule, or flags that change it: not both.');
        const body = whole ?? merge(await findRule(api, id), changesOf(flags));
        const { id: _id, ...rule } = body as { id?: string };
        const answer = await api('PUT /router/rules/{id}', { params: { id }, body: rule });
        out.show(answer.rule, () => `Rule ${answer.rule.id} is in force (policy ${answer.policyHash}).`);
      }),
    );
}

async function readWhole(
  { file, stdin }: { readonly file?: string | undefined; readonly stdin?: true | undefined },
  world: CliWorld,
): Promise<RuleChanges | undefined> {
  if (file !== undefined) return parseJsonObject(await readText(file), `The file ${file}`);
  if (stdin !== true) return undefined;
  return parseJsonObject((await world.readStdin()).toString('utf8'), 'Standard input');
}

async function findRule(api: ApiClient, id: string): Promise<Rule | undefined> {
  const { rules } = await api('GET /router/rules');
  return rules.find((rule) => rule.id === id);
}

type Flags = Readonly<Record<string, string | number | readonly string[] | undefined>>;

const matchKeys: Readonly<Record<string, string>> = {
  source: 'sources',
  type: 'types',
  conversation: 'conversations',
  thread: 'threads',
  sender: 'senders',
  role: 'roles',
  guild: 'guilds',
  webhookEvent: 'webhookEvents',
};
const plainKeys = [
  'position',
  'action',
  'agent',
  'allowFrom',
  'denyFrom',
  'directMessages',
  'broadcast',
  'bots',
  'responsePrefix',
  'acknowledgeWith',
];

function changesOf(flags: Flags): { rule: RuleChanges; match: RuleChanges; mention: RuleChanges } {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const pick = (keys: readonly string[]): RuleChanges =>
    Object.fromEntries(given.filter(([key]) => keys.includes(key)));
  const match: RuleChanges = Object.fromEntries(
    given.flatMap(([key, value]) => (matchKeys[key] === undefined ? [] : [[matchKeys[key], value]])),
  );
  return {
    rule: {
      ...pick(plainKeys),
      ...truth('enabled', flags.enabled),
      ...truth('isolateSessionBySender', flags.isolateBySender),
      ...(typeof flags.replyTo === 'string' ? { replyTo: parseReplyTo(flags.replyTo) } : {}),
    },
    match: { ...match, ...truth('direct', flags.direct) },
    mention: {
      ...truth('required', flags.mentionRequired),
      ...(flags.mentionPattern === undefined ? {} : { patterns: flags.mentionPattern }),
    },
  };
}

function merge(rule: Rule | undefined, changes: ReturnType<typeof changesOf>): RuleChanges {
  return {
    ...rule,
    ...changes.rule,
    match: { ...rule?.match, ...changes.match },
    mention: { ...rule?.mention, ...changes.mention },
  };
}

function truth(key: string, value: Flags[string]): RuleChanges {
  return value === undefined ? {} : { [key]: value === 'yes' };
}

function parseReplyTo(text: string): { connector: string; conversation: string; thread?: string } {
  const [connector = '', conversation = '', thread] = text.split('/');
  if (conversation === '')
    throw new AppError('invalid_request', '--reply-to is <connector>/<conversation>[/<thread>].');
  return { connector, conversation, ...(thread === undefined ? {} : { thread }) };
}
