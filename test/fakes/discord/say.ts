import type { Bot, Channel, Message, User } from './entities.ts';
import { allMentions } from './mentions.ts';
import { type Draft, postMessage, type UploadedFile } from './messages.ts';
import { referenceTo } from './rest-messages.ts';
import { ensureMember } from './settle-world.ts';
import type { World } from './world.ts';

export interface SaySpec {
  readonly channel: Channel;
  readonly author: User | Bot;
  readonly content?: string;
  /** A reply notifies the author of the other message, unless `ping` is false. */
  readonly replyTo?: Message;
  readonly ping?: boolean;
  readonly forward?: Message;
  readonly files?: readonly UploadedFile[];
  readonly embeds?: Message['embeds'];
  readonly components?: readonly unknown[];
  readonly stickers?: readonly string[];
  readonly poll?: Message['poll'];
  readonly flags?: number;
  /** Any message type, as 7 for somebody who joined. */
  readonly type?: number;
  /** Posted by a webhook of this id, under the author's name. */
  readonly webhookId?: string;
  readonly nonce?: string;
}

/** Somebody other than the client writes, with no limit but that the channel exists. */
export function say(world: World, spec: SaySpec): Message {
  const { replyTo, forward, ping, stickers } = spec;
  const author = 'applicationId' in spec.author ? spec.author.user : spec.author;
  if (spec.webhookId === undefined) ensureMember(world, spec.channel.guild, author);
  const draft: Draft = {
    author,
    content: spec.content ?? '',
    allowed: { ...allMentions, repliedUser: ping !== false },
    files: spec.files ?? [],
    embeds: spec.embeds ?? [],
    components: spec.components ?? [],
    stickers: (stickers ?? []).map((name) => ({ id: world.nextId(), name, format_type: 1 })),
    flags: spec.flags ?? 0,
    ...(spec.poll ? { poll: spec.poll } : {}),
    ...(spec.type === undefined ? {} : { type: spec.type }),
    ...(spec.webhookId === undefined ? {} : { webhookId: spec.webhookId }),
    ...(spec.nonce === undefined ? {} : { nonce: spec.nonce }),
    ...(replyTo ? { repliedTo: replyTo, reference: referenceTo(replyTo, 0) } : {}),
    ...(forward ? { reference: referenceTo(forward, 1), snapshots: [forward] } : {}),
  };
  return postMessage(world, spec.channel, draft);
}
