import type { MessageLog } from './message-log.ts';

/** A person or a bot. */
export interface User {
  readonly id: string;
  username: string;
  globalName: string | null;
  readonly bot: boolean;
  /** False: bots get 50007 when they write to this user. */
  acceptsDms: boolean;
  /** Bots whose reactions this user's messages refuse (90001). */
  readonly blocked: Set<string>;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  permissions: bigint;
  readonly position: number;
  /** The bot to which this role belongs. */
  readonly managedBy?: string;
}

export interface Member {
  readonly user: User;
  nick: string | null;
  readonly roles: Set<string>;
  readonly joinedAt: number;
  timedOutUntil?: number;
}

export interface Guild {
  readonly id: string;
  name: string;
  ownerId: string;
  readonly roles: Map<string, Role>;
  readonly members: Map<string, Member>;
  readonly channels: Map<string, Channel>;
  readonly emojis: Map<string, { readonly id: string; readonly name: string }>;
}

export interface Overwrite {
  readonly id: string;
  /** 0 a role, 1 a member. */
  readonly type: 0 | 1;
  readonly allow: bigint;
  readonly deny: bigint;
}

/** 0 text, 1 DM, 2 voice, 4 category, 5 announcement, 10 to 12 threads, 13 stage, 15 forum, 16 media. */
export type ChannelKind = 0 | 1 | 2 | 4 | 5 | 10 | 11 | 12 | 13 | 15 | 16;

export interface ThreadState {
  readonly ownerId: string;
  readonly createdAt: number;
  archived: boolean;
  locked: boolean;
  archivedAt: number;
  autoArchiveMinutes: number;
  readonly members: Set<string>;
  appliedTags: readonly string[];
  messageCount: number;
}

export interface Channel {
  readonly id: string;
  readonly type: ChannelKind;
  /** Absent for a DM. */
  readonly guild?: Guild;
  name: string;
  topic: string | null;
  parentId: string | null;
  readonly position: number;
  overwrites: readonly Overwrite[];
  slowmodeS: number;
  /** Of a DM: both sides. */
  readonly recipients: readonly User[];
  thread?: ThreadState;
  readonly tags: readonly { readonly id: string; readonly name: string }[];
  readonly requiresTag: boolean;
  readonly log: MessageLog<Message>;
}

export interface Attachment {
  readonly id: string;
  readonly channelId: string;
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
  /** Empty once the CDN has forgotten it. */
  bytes: Uint8Array;
  readonly description?: string;
  readonly width?: number;
  readonly height?: number;
  readonly durationS?: number;
  readonly waveform?: string;
}

export interface Reaction {
  readonly key: string;
  readonly emoji: { readonly id: string | null; readonly name: string };
  readonly users: Set<string>;
}

export interface MessageReference {
  /** 0 a reply, 1 a forward. */
  readonly type: 0 | 1;
  readonly messageId?: string;
  readonly channelId: string;
  readonly guildId?: string;
}

export interface Message {
  readonly id: string;
  readonly channel: Channel;
  readonly author: User;
  type: number;
  content: string;
  readonly createdAt: number;
  editedAt?: number;
  flags: number;
  readonly tts: boolean;
  embeds: readonly Readonly<Record<string, unknown>>[];
  components: readonly unknown[];
  attachments: readonly Attachment[];
  mentions: readonly string[];
  mentionRoles: readonly string[];
  mentionEveryone: boolean;
  readonly reference?: MessageReference;
  readonly snapshots?: readonly Message[];
  readonly reactions: Map<string, Reaction>;
  readonly nonce?: string | number;
  readonly applicationId?: string;
  readonly webhookId?: string;
  readonly poll?: Readonly<Record<string, unknown>>;
  readonly stickers: readonly { readonly id: string; readonly name: string; readonly format_type: number }[];
  readonly interaction?: { readonly id: string; readonly type: number; readonly user: User };
  threadId?: string;
}

export interface Command {
  readonly id: string;
  readonly guildId?: string;
  version: string;
  name: string;
  type: number;
  description: string;
  rest: Readonly<Record<string, unknown>>;
}

/** An application with its bot user: what a connector logs in as. */
export interface Bot {
  readonly applicationId: string;
  readonly user: User;
  token: string;
  flags: number;
  /** What GET /gateway/bot recommends. */
  shards: number;
  maxConcurrency: number;
  /** Over the largest number of guilds for one shard an identify is closed with 4011. */
  guildsPerShardMax: number;
  readonly identifies: { total: number; remaining: number; resetAt: number };
  /** By guild id, or '' for global ones; each by id. */
  readonly commands: Map<string, Map<string, Command>>;
  readonly commandCreates: Map<string, { count: number; resetAt: number }>;
}
