import { z } from 'zod';
import { type EgressPolicy, hostOf } from '../../lib/net-guard.ts';
import { optionalFeatures } from './invite-url.ts';
import { Catalogue } from './commands/catalogue.ts';

/** From nobody to everybody: each lets through what the ones before it do. */
export const mentionPolicies = ['none', 'users', 'roles', 'everyone'] as const;
export type MentionPolicy = (typeof mentionPolicies)[number];

const ApiBaseUrl = z
  .string()
  .max(512)
  .refine(isApiBaseUrl, 'Write it like https://discord.com/api/v10, without user name, query or fragment')
  .default('https://discord.com/api/v10')
  .describe('Where the REST API is. The gateway is where that API says.');

/** Less than the shortest `retention.tombstonesMs`: what is not recognised any more would be answered twice. */
const readBackMsMax = 36 * 3_600_000;

export const DiscordConfig = z
  .strictObject({
    apiBaseUrl: ApiBaseUrl,
    allowPrivateNetwork: z
      .boolean()
      .default(false)
      .describe('Admits private and loopback addresses, and http: for a server of your own.'),
    mentions: z
      .enum(mentionPolicies)
      .default('none')
      .describe(
        'Whom an agent may notify, if it asks to. Without this, mentions are shown and notify nobody.',
      ),
    gatewayHosts: z
      .array(z.string().min(1).max(253))
      .max(16)
      .default([])
      .describe(
        'Hosts at which the gateway may be, exactly or as *.suffix. Without any: those of Discord, or for another server the host of its API and what is below it.',
      ),
    compress: z.boolean().default(true).describe('Has the gateway compress what it sends.'),
    shards: z
      .union([z.literal('auto'), z.int().min(1).max(256)])
      .default('auto')
      .describe('How many connections: as many as Discord recommends, or a number.'),
    features: z
      .array(z.enum(optionalFeatures))
      .max(optionalFeatures.length)
      .default(['files', 'embeds', 'reactions', 'commands'])
      .describe(
        'What the bot is invited for, besides reading and answering: decides which permissions its invite link asks for and a health check misses.',
      ),
    messageContent: z
      .boolean()
      .default(true)
      .describe(
        'Asks for what people write in servers without addressing the bot. Needs the Message Content intent in the developer portal.',
      ),
    members: z
      .boolean()
      .default(false)
      .describe(
        'Asks who joins and leaves servers. Needs the Server Members intent in the developer portal.',
      ),
    reactions: z.boolean().default(true).describe('Asks for reactions.'),
    downloadAttachments: z
      .boolean()
      .default(false)
      .describe(
        'Fetches the files that come with messages, and keeps them for a while. Limits: attachments in config.json.',
      ),
    typing: z.boolean().default(true).describe('Shows that an answer is being written.'),
    catchUp: z
      .strictObject({
        mode: z
          .enum(['all', 'addressed', 'off'])
          .default('all')
          .describe('What is read back after a gap: everything, only what addresses the bot, or nothing.'),
        ageMsMax: z
          .int()
          .min(60_000)
          .max(readBackMsMax, `must be at most ${readBackMsMax} (36 hours): repeats are recognised for 48`)
          .default(24 * 3_600_000)
          .describe('Older messages are left out; 36 hours at most.'),
        perConversationMax: z
          .int()
          .min(1)
          .max(10_000)
          .default(500)
          .describe('Messages per conversation, the newest; older ones are left out.'),
        conversationsMax: z
          .int()
          .min(1)
          .max(10_000)
          .default(1_000)
          .describe('Conversations per gap, the latest first; more are left out.'),
      })
      .prefault({}),
    commands: Catalogue.default([]).describe(
      'The commands of the bot, each as Discord defines it; with "guilds" only there. Registered when they change.',
    ),
    overflow: z
      .enum(['split', 'file'])
      .default('split')
      .describe('What becomes of an answer that is too long: more messages, or one with the text as a file.'),
    overflowAfterParts: z
      .int()
      .min(1)
      .max(50)
      .default(5)
      .describe('With overflow "file": how many messages an answer may take before it becomes a file.'),
  })
  .refine(({ apiBaseUrl, allowPrivateNetwork }) => allowPrivateNetwork || apiBaseUrl.startsWith('https:'), {
    path: ['apiBaseUrl'],
    message: 'Use https:, or set allowPrivateNetwork for a server of your own',
  });
export type DiscordConfig = z.infer<typeof DiscordConfig>;

/** Where the requests to the REST API may go: its host and nowhere else. */
export function apiEgress({
  apiBaseUrl,
  allowPrivateNetwork,
}: Pick<DiscordConfig, 'apiBaseUrl' | 'allowPrivateNetwork'>): EgressPolicy {
  return {
    hosts: [hostOf(new URL(apiBaseUrl))],
    allowPrivate: allowPrivateNetwork,
    allowHttp: allowPrivateNetwork,
  };
}

/** Where the sockets of the gateway may go: never to a host that only an answer of the API named. */
export function gatewayEgress({
  apiBaseUrl,
  allowPrivateNetwork,
  gatewayHosts,
}: Pick<DiscordConfig, 'apiBaseUrl' | 'allowPrivateNetwork' | 'gatewayHosts'>): EgressPolicy {
  const apiHost = hostOf(new URL(apiBaseUrl));
  const usual =
    apiHost === 'discord.com' ? ['gateway.discord.gg', '*.discord.gg'] : [apiHost, `*.${apiHost}`];
  return {
    hosts: gatewayHosts.length > 0 ? gatewayHosts : usual,
    allowPrivate: allowPrivateNetwork,
    allowHttp: allowPrivateNetwork,
  };
}

/** From where files may be fetched: Discord's CDN, whose addresses are signed, or that of a server of one's own. */
export function mediaEgress(config: DiscordConfig): EgressPolicy {
  const { hosts, ...reach } = apiEgress(config);
  const isDiscord = hosts.includes('discord.com');
  return {
    ...reach,
    hosts: isDiscord
      ? ['cdn.discordapp.com', 'media.discordapp.net']
      : [...hosts, ...hosts.map((host) => `*.${host}`)],
  };
}

function isApiBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    !/[?#@\s\\]/.test(text) &&
    url.hostname !== ''
  );
}
