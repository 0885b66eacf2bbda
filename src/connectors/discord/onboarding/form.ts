import type { OnboardingForm, OnboardingQuestion } from '../../onboarding.ts';
import type { DiscordSetup } from './request.ts';

type Question = OnboardingQuestion & { readonly name: keyof DiscordSetup };

const account: readonly Question[] = [
  {
    name: 'account',
    flag: 'account',
    ask: 'What shall the account be called here?',
    help: 'which account on it; several bots stand side by side',
    type: { kind: 'text', default: 'default' },
  },
  {
    name: 'apiBaseUrl',
    flag: 'api-base-url',
    ask: 'Where is the REST API?',
    help: 'where the REST API is, for a server of your own',
    type: { kind: 'text', default: 'https://discord.com/api/v10' },
    flagOnly: true,
  },
  {
    name: 'allowPrivateNetwork',
    flag: 'allow-private-network',
    ask: 'May it be on a private or loopback address, and use http?',
    help: 'admit private and loopback addresses, and http, for a server of your own',
    type: { kind: 'yes_no', default: false },
    flagOnly: true,
  },
  {
    name: 'gatewayHosts',
    flag: 'gateway-host',
    ask: 'At which other hosts may its gateway be?',
    help: 'hosts at which the gateway of your own server may be, exactly or as *.suffix',
    type: { kind: 'list' },
    flagOnly: true,
  },
  {
    name: 'token',
    flag: 'token',
    ask: 'The bot token (developer portal, your application, Bot, Reset Token)',
    help: 'the bot token',
    type: { kind: 'secret' },
  },
];

const places: readonly Question[] = [
  {
    name: 'scope',
    flag: 'scope',
    ask: 'Where does the bot listen?',
    help: 'where the bot listens',
    type: {
      kind: 'choice',
      default: 'dm_only',
      options: [
        { value: 'dm_only', label: 'Direct messages only' },
        { value: 'allowlisted_guild_channels', label: 'The servers, channels or roles that you list' },
        { value: 'open_guild_channels', label: 'Every server that it is in' },
      ],
    },
  },
  {
    name: 'confirmOpen',
    flag: 'confirm-open',
    ask: 'Everybody in every server that the bot is in could use it. Is that what you want?',
    help: 'confirm that everybody in every server may use it (open_guild_channels)',
    type: { kind: 'yes_no', default: false },
    when: { name: 'scope', oneOf: ['open_guild_channels'] },
  },
  {
    name: 'guilds',
    flag: 'guild',
    ask: 'In which servers? Ids or links; a message has to fit every list that is not empty',
    help: 'only in these servers: ids, or links of their channels',
    type: { kind: 'list' },
    when: { name: 'scope', oneOf: ['allowlisted_guild_channels'] },
  },
  {
    name: 'channels',
    flag: 'channel',
    ask: 'In which channels, with their threads? Ids, #mentions or links',
    help: 'only in these channels and their threads: ids, mentions or links',
    type: { kind: 'list' },
    when: { name: 'scope', oneOf: ['allowlisted_guild_channels'] },
  },
  {
    name: 'roles',
    flag: 'role',
    ask: 'From people with which roles? Ids or mentions',
    help: 'only from people with one of these roles: ids or mentions',
    type: { kind: 'list' },
    when: { name: 'scope', oneOf: ['allowlisted_guild_channels'] },
  },
];

const people: readonly Question[] = [
  {
    name: 'directMessages',
    flag: 'direct-messages',
    ask: 'Who may write to it directly?',
    help: 'who may write to it directly',
    type: {
      kind: 'choice',
      default: 'pairing',
      options: [
        { value: 'pairing', label: 'Who has a code from you, and your approval' },
        { value: 'allowlist', label: 'Only the people that you list' },
        { value: 'allow', label: 'Anybody who shares a server with it' },
        { value: 'deny', label: 'Nobody' },
      ],
    },
  },
  {
    name: 'allowFrom',
    flag: 'allow-from',
    ask: 'Only from which people? Ids or @mentions; empty for anybody that the rest lets through',
    help: 'only these people: ids or mentions',
    type: { kind: 'list' },
  },
  {
    name: 'denyFrom',
    flag: 'deny-from',
    ask: 'From which people never? Ids or @mentions',
    help: 'these people never: ids or mentions',
    type: { kind: 'list' },
    flagOnly: true,
  },
  {
    name: 'requireMention',
    flag: 'require-mention',
    ask: 'In servers, does it answer only when it is mentioned or replied to?',
    help: 'in servers, answer only when mentioned or replied to',
    type: { kind: 'yes_no', default: true },
    when: { name: 'scope', oneOf: ['allowlisted_guild_channels', 'open_guild_channels'] },
  },
  {
    name: 'mentionPatterns',
    flag: 'mention-pattern',
    ask: 'Which words address it, besides its mention?',
    help: 'words that address it, besides its mention',
    type: { kind: 'list' },
    when: { name: 'requireMention', oneOf: [true] },
    flagOnly: true,
  },
];

const answers: readonly Question[] = [
  {
    name: 'agent',
    flag: 'agent',
    ask: 'Which agent answers?',
    help: 'which agent answers; the only one, when there is one',
    type: { kind: 'agent' },
  },
  {
    name: 'features',
    flag: 'feature',
    ask: 'What is it for, besides reading and answering?',
    help: 'what it is for, besides reading and answering; decides intents and permissions',
    type: {
      kind: 'choices',
      default: ['message_content', 'files', 'embeds', 'reactions', 'commands'],
      options: [
        { value: 'message_content', label: 'Read what does not mention it (Message Content Intent)' },
        { value: 'members', label: 'Hear who joins and leaves (Server Members Intent)' },
        { value: 'files', label: 'Send files' },
        { value: 'embeds', label: 'Send embeds, and show links' },
        { value: 'reactions', label: 'React to messages' },
        { value: 'threads', label: 'Open threads' },
        { value: 'polls', label: 'Send polls' },
        { value: 'moderation', label: 'Delete what others have written' },
        { value: 'commands', label: 'Slash commands' },
      ],
    },
  },
  {
    name: 'acknowledgeWith',
    flag: 'acknowledge-with',
    ask: 'Which emoji does it put on a message as soon as it is accepted?',
    help: 'an emoji put on a message as soon as it is accepted',
    type: { kind: 'text' },
    flagOnly: true,
  },
  {
    name: 'verifyChannel',
    flag: 'verify-channel',
    ask: 'In which channel shall its permissions be checked? Id, link, or nothing',
    help: 'check what the bot may do in this channel, and go no further when it is too little',
    type: { kind: 'text' },
  },
];

export const discordForm = {
  kind: 'discord',
  title: 'Discord',
  questions: [...account, ...places, ...people, ...answers],
} as const satisfies OnboardingForm;
