import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { Answer, ApiClient } from '../client.ts';
import type { Run } from '../context.ts';
import { readText } from '../secret-input.ts';
import { parseJsonObject } from './channels.ts';

type Rule = Answer<'GET /router/rules'>['rules'][number];
type RuleChanges = Record<string, unknown>;

/** Flags change what they name and leave the rest as it is; --file and --stdin replace the rule. */
export function setRule(run: Run): CommandUnknownOpts {
  return new Command('set')
    .description('Add a rule, or change one; live at once')
    .argument('<rule>', 'its name')
    .option('--file <path>', 'the whole rule as JSON')
    .option('--stdin', 'the whole rule as JSON from standard input')
    .option('--position <n>', 'rules are asked in this order, lowest first')
    .option('--enabled <yes|no>', 'switch it on or off')
    .option('--source <id...>', 'connectors, webhook:<id>, or <kind>:*')
    .option('--type <type...>', 'event types, e.g. message.created')
    .option('--conversation <id...>', 'only in these')
    .option('--thread <id...>', 'only in these')
    .option('--sender <id...>', 'only from these')
    .option('--role <id...>', 'only from people with one of these')
    .option('--guild <id...>', 'only in these')
    .option('--webhook-event <name...>', 'only these events of webhooks')
    .option('--direct <yes|no>', 'only direct messages, or only others')
    .option('--action <action>', 'accept, ignore or deny')
    .option('--agent <id>', 'who answers')
    .option('--reply-to <connector/conversation>', 'where answers go, e.g. echo:default/alerts')
    .option('--allow-from <id...>', 'only these senders pass')
    .option('--deny-from <id...>', 'these senders never pass')
    .option('--direct-messages <policy>', 'deny, allow, allowlist or pairing')
    .option('--mention-required <yes|no>', 'outside direct messages, the bot must be addressed')
    .option('--mention-pattern <text...>', 'words that address it')
    .option('--broadcast <policy>', 'deny, mention_only or allow')
    .option('--bots <policy>', 'deny or allow')
    .option('--isolate-by-sender <yes|no>', 'one session per person')
    .option('--response-prefix <text>', 'put before every answer')
    .option('--acknowledge-with <emoji>', 'put on the message as soon as it is accepted')
    .action(
      run(async ({ api, out, world }, id, { file, stdin, ...flags }) => {
        const whole =
          file !== undefined ? readText(file) : stdin === true ? await world.readStdin() : undefined;
        const body =
          whole === undefined ? merge(await findRule(api, id), changesOf(flags)) : parseJsonObject(whole);
        const { id: _id, ...rule } = body as { id?: string };
        const answer = await api('PUT /router/rules/{id}', { params: { id }, body: rule });
        out.show(answer.rule, () => `Rule ${answer.rule.id} is in force (policy ${answer.policyHash}).`);
      }),
    );
}

async function findRule(api: ApiClient, id: string): Promise<Rule | undefined> {
  const { rules } = await api('GET /router/rules');
  return rules.find((rule) => rule.id === id);
}

type Flags = Readonly<Record<string, string | readonly string[] | true | undefined>>;

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
      ...(flags.position === undefined ? {} : { position: Number(flags.position) }),
      ...yesNo('enabled', flags.enabled),
      ...yesNo('isolateSessionBySender', flags.isolateBySender),
      ...(typeof flags.replyTo === 'string' ? { replyTo: parseReplyTo(flags.replyTo) } : {}),
    },
    match: { ...match, ...yesNo('direct', flags.direct) },
    mention: {
      ...yesNo('required', flags.mentionRequired),
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

function yesNo(key: string, value: Flags[string]): RuleChanges {
  if (value === undefined) return {};
  if (value === 'yes' || value === 'true') return { [key]: true };
  if (value === 'no' || value === 'false') return { [key]: false };
  throw new AppError('invalid_request', `Write yes or no for ${key}.`);
}

function parseReplyTo(text: string): { connector: string; conversation: string; thread?: string } {
  const [connector = '', conversation = '', thread] = text.split('/');
  if (conversation === '')
    throw new AppError('invalid_request', '--reply-to is <connector>/<conversation>[/<thread>].');
  return { connector, conversation, ...(thread === undefined ? {} : { thread }) };
}
