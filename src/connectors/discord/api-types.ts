/**
 * What we read of Discord's payloads, REST and gateway alike: https://docs.discord.com/developers/resources.
 * Only `api-read.ts` makes these, from untrusted JSON: a field that is absent, null, or of another form than
 * documented is left out. Names are the platform's own.
 */

/** A 64-bit id, as decimal text. */
export type Snowflake = string;

export interface ApiUser {
  readonly id: Snowflake;
  readonly username?: string;
  readonly global_name?: string;
  readonly bot?: boolean;
  readonly system?: boolean;
}

export interface ApiMember {
  readonly user?: ApiUser;
  readonly nick?: string;
  readonly roles: readonly Snowflake[];
  /** ISO 8601. In the future: the member is timed out until then. */
  readonly communication_disabled_until?: string;
}

export interface ApiRole {
  readonly id: Snowflake;
  readonly name?: string;
  /** A decimal bit set; `permissions.ts` reads it. */
  readonly permissions: string;
  readonly managed?: boolean;
  readonly tags?: { readonly bot_id?: Snowflake };
}

export interface ApiOverwrite {
  /** Of a role where `type` is 0, of a member where it is 1. */
  readonly id: Snowflake;
  readonly type: 0 | 1;
  readonly allow: string;
  readonly deny: string;
}

export interface ApiThreadMetadata {
  readonly archived?: boolean;
  readonly locked?: boolean;
}

export interface ApiChannel {
  readonly id: Snowflake;
  readonly type: number;
  readonly guild_id?: Snowflake;
  readonly name?: string;
  /** The category of a channel; the channel of a thread. */
  readonly parent_id?: Snowflake;
  readonly owner_id?: Snowflake;
  readonly last_message_id?: Snowflake;
  readonly permission_overwrites?: readonly ApiOverwrite[];
  readonly recipients?: readonly ApiUser[];
  readonly thread_metadata?: ApiThreadMetadata;
}

export interface ApiGuild {
  readonly id: Snowflake;
  readonly name?: string;
  readonly owner_id?: Snowflake;
  readonly unavailable?: boolean;
  readonly roles: readonly ApiRole[];
  readonly channels: readonly ApiChannel[];
  readonly threads: readonly ApiChannel[];
  readonly members: readonly ApiMember[];
}

export interface ApiApplication {
  readonly id: Snowflake;
  readonly name?: string;
  /** `applicationFlags`, up to bit 30. */
  readonly flags?: number;
}

export interface ApiAttachment {
  readonly id: Snowflake;
  readonly filename?: string;
  readonly content_type?: string;
  readonly size?: number;
  readonly url?: string;
  readonly width?: number;
  readonly height?: number;
  /** Only voice messages have them. */
  readonly duration_secs?: number;
  readonly waveform?: string;
}

export interface ApiEmbed {
  readonly title?: string;
  readonly description?: string;
  readonly url?: string;
}

export interface ApiSticker {
  readonly id: Snowflake;
  readonly name?: string;
}

export interface ApiPoll {
  readonly question?: string;
  readonly answers: readonly string[];
}

export interface ApiMessageReference {
  /** `messageReferenceTypes`; absent means a reply. */
  readonly type?: number;
  readonly message_id?: Snowflake;
  readonly channel_id?: Snowflake;
  readonly guild_id?: Snowflake;
}

/** What a message shows. A forwarded message is only this. */
export interface ApiContent {
  readonly content: string;
  readonly attachments: readonly ApiAttachment[];
  readonly embeds: readonly ApiEmbed[];
  readonly stickers: readonly ApiSticker[];
  readonly poll?: ApiPoll;
  /** The texts of its components, in the order they are shown. */
  readonly component_texts: readonly string[];
  readonly flags: number;
}

export interface ApiMessage extends ApiContent {
  readonly id: Snowflake;
  readonly channel_id: Snowflake;
  readonly guild_id?: Snowflake;
  readonly author?: ApiUser;
  readonly member?: ApiMember;
  /** `messageTypes`. */
  readonly type: number;
  readonly timestamp?: string;
  readonly edited_timestamp?: string;
  readonly mention_everyone?: boolean;
  readonly mentions: readonly ApiUser[];
  readonly mention_roles: readonly Snowflake[];
  readonly webhook_id?: Snowflake;
  readonly application_id?: Snowflake;
  readonly nonce?: string;
  readonly message_reference?: ApiMessageReference;
  /** Null where the platform says that it was deleted. */
  readonly referenced_message?: ApiMessage | null;
  readonly snapshots: readonly ApiContent[];
  readonly thread?: ApiChannel;
}

export interface ApiEmoji {
  /** Null for an emoji of Unicode. */
  readonly id: Snowflake | null;
  readonly name?: string;
}

export interface ApiReaction {
  readonly user_id?: Snowflake;
  readonly channel_id: Snowflake;
  readonly message_id: Snowflake;
  readonly guild_id?: Snowflake;
  readonly member?: ApiMember;
  readonly emoji?: ApiEmoji;
}

export interface ApiCommandOption {
  readonly name: string;
  readonly type: number;
  readonly value?: string | number | boolean;
  readonly focused?: boolean;
  /** Of a subcommand, or of a group of them. */
  readonly options: readonly ApiCommandOption[];
}

export interface ApiFormField {
  readonly custom_id: string;
  readonly value: string | boolean | readonly string[] | null;
}

export interface ApiInteractionData {
  readonly id?: Snowflake;
  readonly name?: string;
  /** Of a command: 1 typed, 2 on a user, 3 on a message. */
  readonly type?: number;
  readonly target_id?: Snowflake;
  readonly options: readonly ApiCommandOption[];
  readonly custom_id?: string;
  readonly component_type?: number;
  readonly values?: readonly string[];
  readonly fields: readonly ApiFormField[];
  /** What the ids in options, values and fields stand for. */
  readonly attachments: readonly ApiAttachment[];
  readonly messages: readonly ApiMessage[];
}

export interface ApiInteraction {
  readonly id: Snowflake;
  readonly application_id?: Snowflake;
  /** `interactionTypes`. */
  readonly type: number;
  /** Whoever has it may answer for us: a secret, until it runs out. */
  readonly token: string;
  readonly data?: ApiInteractionData;
  readonly guild_id?: Snowflake;
  readonly channel_id?: Snowflake;
  readonly channel?: ApiChannel;
  readonly member?: ApiMember;
  readonly user?: ApiUser;
  readonly message?: ApiMessage;
  readonly locale?: string;
  /** In bytes. */
  readonly attachment_size_limit?: number;
}

export interface ApiReady {
  readonly user: ApiUser;
  readonly application?: ApiApplication;
  readonly session_id: string;
  readonly resume_gateway_url: string;
  readonly guilds: readonly Snowflake[];
}

/** The body of an error, and of a 429. */
export interface ApiError {
  readonly code: number;
  /** The platform's words: never matched, as servers differ in them. */
  readonly message?: string;
  /** The paths of the fields that are wrong, e.g. `embeds.0.title`. Names only, without values. */
  readonly fields: readonly string[];
  /** In seconds, with decimals. */
  readonly retry_after?: number;
  readonly global?: boolean;
}

/** https://docs.discord.com/developers/resources/channel#channel-object-channel-types */
export const channelTypes = {
  text: 0,
  dm: 1,
  voice: 2,
  groupDm: 3,
  category: 4,
  announcement: 5,
  announcementThread: 10,
  publicThread: 11,
  privateThread: 12,
  stage: 13,
  forum: 15,
  media: 16,
} as const;

/** https://docs.discord.com/developers/resources/message#message-object-message-types; the rest are the platform's notices. */
export const messageTypes = {
  default: 0,
  threadCreated: 18,
  reply: 19,
  chatInputCommand: 20,
  threadStarter: 21,
  contextMenuCommand: 23,
  pollResult: 46,
} as const;

/** https://docs.discord.com/developers/resources/message#message-object-message-flags */
export const messageFlags = {
  suppressEmbeds: 1 << 2,
  ephemeral: 1 << 6,
  suppressNotifications: 1 << 12,
  isVoiceMessage: 1 << 13,
  isComponentsV2: 1 << 15,
} as const;

/** https://docs.discord.com/developers/resources/message#message-reference-types */
export const messageReferenceTypes = { reply: 0, forward: 1 } as const;

/** https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-type */
export const interactionTypes = {
  ping: 1,
  command: 2,
  component: 3,
  autocomplete: 4,
  modal: 5,
} as const;

export function isThreadType(type: number): boolean {
  return (
    type === channelTypes.announcementThread ||
    type === channelTypes.publicThread ||
    type === channelTypes.privateThread
  );
}
