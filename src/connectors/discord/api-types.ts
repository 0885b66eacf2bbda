/**
 * What we read of Discord's payloads, REST and gateway alike: https://docs.discord.com/developers/resources.
 * Only the `api-read` files make these, from untrusted JSON: a field that is absent, null, or of another form than
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
}

export interface ApiApplication {
  readonly id: Snowflake;
  readonly name?: string;
  /** Bits 0 to 30: https://docs.discord.com/developers/resources/application#application-object-application-flags */
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
  readonly author?: string;
  readonly title?: string;
  readonly description?: string;
  readonly url?: string;
  readonly fields: readonly { readonly name?: string; readonly value?: string }[];
  readonly footer?: string;
}

export interface ApiSticker {
  readonly id: Snowflake;
  readonly name?: string;
  /** 3 is an animation in JSON; the others are images. */
  readonly format_type?: number;
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
  /** The `custom_id`s of its components, in the same order. */
  readonly component_ids: readonly string[];
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
  readonly reactions: readonly { readonly emoji: ApiEmoji; readonly count: number; readonly me: boolean }[];
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
  /** `componentTypes`. */
  readonly type: number;
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
  readonly resolved: {
    readonly roles: readonly Snowflake[];
    readonly users: readonly ApiUser[];
    readonly attachments: readonly ApiAttachment[];
    readonly messages: readonly ApiMessage[];
  };
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
  /** Where it was used: `interactionContexts`. */
  readonly context?: number;
  /** In bytes. */
  readonly attachment_size_limit?: number;
}

export interface ApiGatewayBot {
  readonly url: string;
  /** The recommended number. */
  readonly shards: number;
  readonly session_start_limit: {
    readonly total: number;
    readonly remaining: number;
    /** In ms. */
    readonly reset_after: number;
    readonly max_concurrency: number;
  };
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
