import { readChannel, readMember, readUser } from './api-read.ts';
import type {
  ApiAttachment,
  ApiContent,
  ApiEmbed,
  ApiEmoji,
  ApiMessage,
  ApiMessageReference,
  ApiPoll,
  ApiReaction,
  ApiSticker,
} from './api-types.ts';
import { countOf, fieldsOf, flagOf, idOf, listOf, numberOf, present, textOf } from './untrusted.ts';
import type { Fields } from './untrusted.ts';

/** At least what Discord allows, with room for servers that allow more. */
const attachmentsMax = 64;
const embedsMax = 20;
const embedFieldsMax = 50;
const stickersMax = 10;
const pollAnswersMax = 20;
const snapshotsMax = 5;
const mentionsMax = 500;
const reactionsMax = 50;
const componentsMax = 100;
const componentDepthMax = 5;

/** A message of the gateway or of REST, with the one it refers to, but not what that one refers to. */
export function readMessage(value: unknown): ApiMessage | undefined {
  const message = readAlone(value);
  if (!message) return undefined;
  const fields = fieldsOf(value);
  const referenced = fields?.referenced_message;
  return present<ApiMessage>({
    ...message,
    referenced_message: referenced === null ? null : readAlone(referenced),
    snapshots: listOf(
      fields?.message_snapshots,
      (snapshot) => readContent(fieldsOf(snapshot)?.message),
      snapshotsMax,
    ),
  });
}

function readAlone(value: unknown): ApiMessage | undefined {
  const message = fieldsOf(value);
  const content = readContent(message);
  const id = idOf(message?.id);
  const channel = idOf(message?.channel_id);
  if (!message || !content || id === undefined || channel === undefined) return undefined;
  return present<ApiMessage>({
    ...content,
    id,
    channel_id: channel,
    guild_id: idOf(message.guild_id),
    author: readUser(message.author),
    member: readMember(message.member),
    type: countOf(message.type) ?? 0,
    timestamp: textOf(message.timestamp),
    edited_timestamp: textOf(message.edited_timestamp),
    mention_everyone: flagOf(message.mention_everyone),
    mentions: listOf(message.mentions, readUser, mentionsMax),
    mention_roles: listOf(message.mention_roles, idOf, mentionsMax),
    webhook_id: idOf(message.webhook_id),
    application_id: idOf(message.application_id),
    nonce: nonceOf(message.nonce),
    message_reference: readReference(message.message_reference),
    snapshots: [],
    thread: readChannel(message.thread),
    reactions: listOf(message.reactions, readReactionCount, reactionsMax),
  });
}

/** Sent as a number where it was given as one. */
function nonceOf(value: unknown): string | undefined {
  return textOf(value) ?? countOf(value)?.toString();
}

function readContent(value: unknown): ApiContent | undefined {
  const content = fieldsOf(value);
  if (!content) return undefined;
  return present<ApiContent>({
    content: textOf(content.content) ?? '',
    attachments: listOf(content.attachments, readAttachment, attachmentsMax),
    embeds: listOf(content.embeds, readEmbed, embedsMax),
    stickers: listOf(content.sticker_items ?? content.stickers, readSticker, stickersMax),
    poll: readPoll(content.poll),
    ...readComponents(content.components),
    flags: countOf(content.flags) ?? 0,
  });
}

export function readAttachment(value: unknown): ApiAttachment | undefined {
  const attachment = fieldsOf(value);
  const id = idOf(attachment?.id);
  if (!attachment || id === undefined) return undefined;
  return present<ApiAttachment>({
    id,
    filename: textOf(attachment.filename),
    content_type: textOf(attachment.content_type),
    size: countOf(attachment.size),
    url: textOf(attachment.url),
    width: countOf(attachment.width),
    height: countOf(attachment.height),
    duration_secs: numberOf(attachment.duration_secs),
    waveform: textOf(attachment.waveform),
  });
}

function readEmbed(value: unknown): ApiEmbed | undefined {
  const embed = fieldsOf(value);
  if (!embed) return undefined;
  return present<ApiEmbed>({
    author: textOf(fieldsOf(embed.author)?.name),
    title: textOf(embed.title),
    description: textOf(embed.description),
    url: textOf(embed.url),
    fields: listOf(embed.fields, readEmbedField, embedFieldsMax),
    footer: textOf(fieldsOf(embed.footer)?.text),
  });
}

function readEmbedField(value: unknown): ApiEmbed['fields'][number] | undefined {
  const field = fieldsOf(value);
  return (
    field && present<ApiEmbed['fields'][number]>({ name: textOf(field.name), value: textOf(field.value) })
  );
}

function readSticker(value: unknown): ApiSticker | undefined {
  const sticker = fieldsOf(value);
  const id = idOf(sticker?.id);
  if (!sticker || id === undefined) return undefined;
  return present<ApiSticker>({
    id,
    name: textOf(sticker.name),
    format_type: countOf(sticker.format_type),
  });
}

function readPoll(value: unknown): ApiPoll | undefined {
  const poll = fieldsOf(value);
  if (!poll) return undefined;
  return present<ApiPoll>({
    question: textOf(fieldsOf(poll.question)?.text),
    answers: listOf(
      poll.answers,
      (answer) => textOf(fieldsOf(fieldsOf(answer)?.poll_media)?.text),
      pollAnswersMax,
    ),
  });
}

/** Also of components that are still to be sent. */
export function readComponents(value: unknown): Pick<ApiContent, 'component_texts' | 'component_ids'> {
  const all = componentsIn(value, componentDepthMax);
  return {
    component_texts: all.flatMap(({ content }) => textOf(content) ?? []).slice(0, componentsMax),
    component_ids: all.flatMap(({ custom_id: id }) => textOf(id) ?? []).slice(0, componentsMax),
  };
}

/** In rows, sections and containers, in others or by themselves. */
function componentsIn(value: unknown, depthMax: number): Fields[] {
  if (depthMax === 0) return [];
  return listOf(value, fieldsOf, componentsMax).flatMap((component: Fields) => [
    component,
    ...componentsIn(component.components, depthMax - 1),
    ...componentsIn([component.accessory], depthMax - 1),
  ]);
}

function readReference(value: unknown): ApiMessageReference | undefined {
  const reference = fieldsOf(value);
  if (!reference) return undefined;
  return present<ApiMessageReference>({
    type: countOf(reference.type),
    message_id: idOf(reference.message_id),
    channel_id: idOf(reference.channel_id),
    guild_id: idOf(reference.guild_id),
  });
}

export function readReaction(value: unknown): ApiReaction | undefined {
  const reaction = fieldsOf(value);
  const channel = idOf(reaction?.channel_id);
  const message = idOf(reaction?.message_id);
  if (!reaction || channel === undefined || message === undefined) return undefined;
  return present<ApiReaction>({
    user_id: idOf(reaction.user_id),
    channel_id: channel,
    message_id: message,
    guild_id: idOf(reaction.guild_id),
    member: readMember(reaction.member),
    emoji: readEmoji(reaction.emoji),
  });
}

function readReactionCount(value: unknown): ApiMessage['reactions'][number] | undefined {
  const reaction = fieldsOf(value);
  const emoji = readEmoji(reaction?.emoji);
  return emoji && { emoji, count: countOf(reaction?.count) ?? 0, me: reaction?.me === true };
}

function readEmoji(value: unknown): ApiEmoji | undefined {
  const emoji = fieldsOf(value);
  if (!emoji) return undefined;
  return present<ApiEmoji>({ id: idOf(emoji.id) ?? null, name: textOf(emoji.name) });
}
