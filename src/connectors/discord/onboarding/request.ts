import { z } from 'zod';
import { AppError } from '../../../domain/errors.ts';
import { type AgentId, parseSlug } from '../../../domain/ids.ts';
import { byteLength, limits } from '../../../domain/limits.ts';
import type { IdentityEntity } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import { DiscordConfig } from '../config.ts';
import { canonicalDiscordIdentity, directRecipientOf, normalizeDiscordAccountId } from '../identity.ts';
import { type DiscordFeature, optionalFeatures } from '../invite-url.ts';

/** Who is heard: direct messages only, servers as listed, or every server that the bot is in. */
export const inboundScopes = ['dm_only', 'allowlisted_guild_channels', 'open_guild_channels'] as const;

/** What the bot is set up for. The first two are privileged intents of the gateway, the others permissions. */
export const setupFeatures = ['message_content', 'members', ...optionalFeatures] as const;
export type SetupFeature = (typeof setupFeatures)[number];

export const defaultFeatures: readonly SetupFeature[] = [
  'message_content',
  'files',
  'embeds',
  'reactions',
  'commands',
];

/** So that the ids of its rules are not longer than those of others. */
const accountMax = 48;
const hostsMax = 16;

/** Whatever a server of any kind gives out. Only what no header can carry is refused. */
const Token = z
  .string()
  .max(limits.secretBytesMax)
  .transform((text) => text.trim().replace(/^Bot(\s+|$)/i, ''))
  .refine((token) => token !== '', 'The bot token is empty.')
  .refine(
    (token) => /^[\x21-\x7e]*$/.test(token),
    'The bot token holds spaces, or characters that no token has.',
  );

const Account = z
  .string()
  .max(limits.connectorIdBytesMax)
  .default('default')
  .transform(
    checked((text) => {
      const account = normalizeDiscordAccountId(text);
      if (account.length > accountMax)
        throw new AppError('invalid_request', `An account has a name of up to ${accountMax} characters.`);
      return account;
    }),
  );

/**
 * A setup of one account. What is named more than once, or in another spelling, is named once; what cannot be
 * an identity is refused here, for a list that nobody is found on would deny nobody.
 */
export const DiscordSetup = z
  .strictObject({
    account: Account,
    /** Without it, the one that is stored. */
    token: Token.optional(),
    scope: z.enum(inboundScopes).default('dm_only'),
    confirmOpen: z.boolean().default(false),
    guilds: identities('guild'),
    channels: identities('conversation'),
    roles: identities('role'),
    allowFrom: identities('user'),
    denyFrom: identities('user'),
    directMessages: z.enum(['deny', 'allow', 'pairing', 'allowlist']).default('pairing'),
    requireMention: z.boolean().default(true),
    mentionPatterns: z
      .array(
        z
          .string()
          .trim()
          .min(1)
          .refine((text) => byteLength(text) <= limits.mentionPatternBytesMax, 'That is too long.'),
      )
      .max(limits.ruleListEntriesMax)
      .default([]),
    /** Without it, the only one that there is. */
    agent: z
      .string()
      .transform(checked((text) => parseSlug<AgentId>(text, 'agent id')))
      .optional(),
    acknowledgeWith: z.string().trim().min(1).max(64).optional(),
    features: z
      .array(z.enum(setupFeatures))
      .default([...defaultFeatures])
      .transform(unique),
    apiBaseUrl: z.string().trim().max(512).default('https://discord.com/api/v10'),
    allowPrivateNetwork: z.boolean().default(false),
    gatewayHosts: z.array(z.string().trim().min(1).max(253)).max(hostsMax).default([]),
    /** A channel in which the bot has to be able to do what it is set up for. */
    verifyChannel: z.string().transform(checked(toVerifiable)).optional(),
  })
  .superRefine(checkTogether);
export type DiscordSetup = z.infer<typeof DiscordSetup>;

/** What the connector is configured with. Other settings stay as they are. */
export function configOf(setup: DiscordSetup) {
  const features = featuresOf(setup);
  const has = (feature: SetupFeature): boolean => features.includes(feature);
  return {
    apiBaseUrl: setup.apiBaseUrl,
    allowPrivateNetwork: setup.allowPrivateNetwork,
    gatewayHosts: setup.gatewayHosts,
    features: optionalFeatures.filter(has),
    messageContent: has('message_content'),
    members: has('members'),
    reactions: has('reactions'),
  } as const satisfies Partial<DiscordConfig>;
}

/** Whoever wants an emoji put on messages wants reactions. */
function featuresOf({ features, acknowledgeWith }: DiscordSetup): readonly SetupFeature[] {
  return acknowledgeWith === undefined ? features : unique([...features, 'reactions']);
}

/** What takes permissions in a channel. */
export function permissionFeaturesOf({
  features,
}: Pick<DiscordConfig, 'features'>): readonly DiscordFeature[] {
  return ['chat', ...features];
}

type Context = z.core.$RefinementCtx;

function checkTogether(setup: DiscordSetup, context: Context): void {
  const refuse = (message: string, ...questions: readonly (keyof DiscordSetup)[]): void =>
    context.addIssue({ code: 'custom', path: [questions.at(-1) ?? ''], message, params: { questions } });
  const { scope, guilds, channels, roles, directMessages } = setup;
  const isListed = guilds.length + channels.length + roles.length > 0;
  if (scope === 'allowlisted_guild_channels' && !isListed)
    refuse(
      'Name at least one server, channel or role: nothing is on the list.',
      'guilds',
      'channels',
      'roles',
    );
  if (scope !== 'allowlisted_guild_channels' && isListed)
    refuse(
      'Servers, channels and roles can only be listed with the scope allowlisted_guild_channels.',
      'scope',
    );
  if (scope === 'open_guild_channels' && !setup.confirmOpen)
    refuse(
      'In every server that the bot is in, everybody could use it. Confirm that, or choose another scope.',
      'scope',
      'confirmOpen',
    );
  if (scope === 'dm_only' && directMessages === 'deny')
    refuse('With direct messages only, and none allowed, nobody is heard.', 'directMessages');
  if (directMessages === 'allowlist' && setup.allowFrom.length === 0)
    refuse('Nobody is on the list of those who may write directly.', 'allowFrom');
  const issue = DiscordConfig.safeParse(configOf(setup)).error?.issues[0];
  if (issue) context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
}

function identities(entity: Extract<IdentityEntity, 'user' | 'role' | 'guild' | 'conversation'>) {
  const parse =
    entity === 'conversation' ? toChannel : (text: string) => canonicalDiscordIdentity(entity, text);
  return z
    .array(
      z
        .string()
        .max(limits.identityBytesMax * 2)
        .transform(checked(parse)),
    )
    .max(limits.ruleListEntriesMax)
    .default([])
    .transform(unique);
}

/** @throws AppError `invalid_request` for the direct messages with a user, too: no list of channels has them. */
function toChannel(text: string): string {
  const channel = canonicalDiscordIdentity('conversation', text);
  if (directRecipientOf(channel) === undefined) return channel;
  throw new AppError(
    'invalid_request',
    'That is a user. Name a channel of a server, e.g. by its id or link.',
  );
}

/** A thread is as good as a channel to look into. @throws AppError `invalid_request`. */
export function toVerifiable(text: string): Snowflake {
  return canonicalDiscordIdentity('thread', text);
}

/** What `parse` throws is an issue of the answer. */
function checked<Value>(parse: (text: string) => Value): (text: string, context: Context) => Value {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: AppError.from(error).message });
      return z.NEVER;
    }
  };
}

function unique<Entry>(entries: readonly Entry[]): Entry[] {
  return [...new Set(entries)];
}
