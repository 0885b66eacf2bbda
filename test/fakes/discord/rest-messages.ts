import { ApiError, refuse } from './api-error.ts';
import type { Bot, Channel, Message, MessageReference } from './entities.ts';
import { Form, record } from './form.ts';
import { allMentions } from './mentions.ts';
import { type MessageInput, parseMessage, requireSomething } from './message-form.ts';
import { messageWire } from './message-wire.ts';
import { changeMessage, deleteMessages, type Draft, postMessage, startTyping } from './messages.ts';
import type { Nonces } from './nonces.ts';
import { mayReadContent } from './application-flags.ts';
import { permission } from './permissions.ts';
import { type BotCall, botRoute, done, ok, type Reply, type Route } from './rest-call.ts';
import { snowflakeAt } from './snowflakes.ts';
import { requireOpenThread, requireWritable } from './writable.ts';
import type { World } from './world.ts';

const one = '/channels/{channel}/messages/{message}';
const many = '/channels/{channel}/messages';
const bulkAgeMsMax = 14 * 86_400_000;

export function messageRoutes(world: World, nonces: Nonces): readonly Route[] {
  return [
    botRoute('GET', many, 'message-read', (call) => ok(readMessages(world, call))),
    botRoute('POST', many, 'message-create', (call) => create(world, nonces, call)),
    botRoute('GET', one, 'message-read', (call) => {
      const channel = readableChannel(world, call);
      return ok(wireOf(world, world.message(channel, call.params.message), call.bot));
    }),
    botRoute('PATCH', one, 'message-edit', (call) => edit(world, call)),
    botRoute('DELETE', one, 'message-delete', (call) => remove(world, call)),
    botRoute('POST', `${many}/bulk-delete`, 'message-bulk-delete', (call) => bulkDelete(world, call)),
    botRoute('POST', '/channels/{channel}/typing', 'typing', (call) => {
      const channel = world.visibleChannel(call.params.channel, call.bot.user.id);
      requireWritable(world, channel, call.bot);
      startTyping(world, channel, call.bot.user);
      return done;
    }),
  ];
}

function wireOf(world: World, message: Message, bot: Bot, isAnswerToCreate = false): unknown {
  const nonce = isAnswerToCreate || world.limits.historyShowsNonce;
  return messageWire(world, message, { bot, content: mayReadContent(bot.flags), nonce });
}

function readableChannel(world: World, { params, bot }: BotCall): Channel {
  const channel = world.visibleChannel(params.channel, bot.user.id);
  if (channel.type === 4 || channel.type === 15 || channel.type === 16) refuse('wrongChannelType');
  return channel;
}

/** Newest first. Without the permission to read the history there is none. */
function readMessages(world: World, call: BotCall): unknown {
  const channel = readableChannel(world, call);
  const form = new Form();
  const limit = form.integer('limit', call.query.get('limit') ?? undefined, 1, 100, 50);
  form.check();
  if (!world.may(channel, call.bot.user.id, permission.readMessageHistory)) return [];
  const { log } = channel;
  const [before, after, around] = ['before', 'after', 'around'].map((name) => call.query.get(name));
  const found = around
    ? log.around(around, limit)
    : before
      ? log.before(before, limit)
      : after
        ? log.after(after, limit)
        : log.latest(limit);
  return found.map((message) => wireOf(world, message, call.bot));
}

function create(world: World, nonces: Nonces, call: BotCall): Reply {
  const { bot, body, params, files } = call;
  const channel = world.visibleChannel(params.channel, bot.user.id);
  requireWritable(world, channel, bot);
  const input = parseMessage({ body, files, defaultMentions: allMentions }, world.limits);
  if (body.enforce_nonce === true) {
    const earlier = nonces.find(channel, bot.user.id, input.nonce);
    // A message that was deleted meanwhile is not made again: github.com/discord/discord-api-docs/pull/6647.
    if (earlier) return ok(wireOf(world, world.message(channel, earlier), bot, true));
  }
  requireSomething(input);
  requireExtras(world, channel, bot, input);
  const reference = parseReference(world, channel, call);
  const message = postMessage(world, channel, { ...draftOf(world, channel, bot, input), ...reference });
  nonces.remember(channel, bot.user.id, input.nonce, message.id);
  return ok(wireOf(world, message, bot, true));
}

export function draftOf(world: World, channel: Channel, bot: Bot, input: MessageInput): Draft {
  return {
    author: bot.user,
    content: input.content ?? '',
    allowed: withoutEveryone(world, channel, bot, input),
    flags: input.flags,
    tts: input.tts,
    embeds: input.embeds ?? [],
    components: input.components ?? [],
    files: input.files,
    stickers: input.stickerIds.map((id) => ({ id, name: 'sticker', format_type: 1 })),
    ...(input.nonce === undefined ? {} : { nonce: input.nonce }),
    ...(input.poll ? { poll: input.poll } : {}),
  };
}

export function requireExtras(world: World, channel: Channel, bot: Bot, input: MessageInput): void {
  if (input.files.length > 0) world.require(channel, bot.user.id, permission.attachFiles);
  if ((input.embeds ?? []).length > 0) world.require(channel, bot.user.id, permission.embedLinks);
  if (input.poll) world.require(channel, bot.user.id, permission.sendPolls);
}

/** Who may not mention everyone, or roles, only writes the words. */
export function withoutEveryone(
  world: World,
  channel: Channel,
  bot: Bot,
  input: MessageInput,
): MessageInput['allowed'] {
  if (world.may(channel, bot.user.id, permission.mentionEveryone)) return input.allowed;
  return { ...input.allowed, everyone: false, roles: new Set() };
}

function parseReference(
  world: World,
  channel: Channel,
  { body, bot }: BotCall,
): { reference?: MessageReference; repliedTo?: Message; snapshots?: readonly Message[] } {
  if (body.message_reference === undefined || body.message_reference === null) return {};
  const { type, message_id, channel_id, fail_if_not_exists } = record(body.message_reference);
  const from = typeof channel_id === 'string' ? world.visibleChannel(channel_id, bot.user.id) : channel;
  const target = from.log.get(typeof message_id === 'string' ? message_id : '');
  if (type === 1) {
    if (!target) return refuse('unknownMessage');
    return { reference: referenceTo(target, 1), snapshots: [target] };
  }
  if (!world.may(channel, bot.user.id, permission.readMessageHistory)) refuse('replyWithoutHistory');
  if (target && from === channel) {
    if (isSystem(target))
      throw replyError('REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE', 'Cannot reply to a system message');
    return { reference: referenceTo(target, 0), repliedTo: target };
  }
  if (fail_if_not_exists === false) return {};
  throw replyError('REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
}

export function referenceTo(message: Message, type: 0 | 1): MessageReference {
  const { guild, id } = message.channel;
  return { type, messageId: message.id, channelId: id, ...(guild ? { guildId: guild.id } : {}) };
}

function replyError(code: string, message: string): ApiError {
  return new ApiError(400, 50035, 'Invalid Form Body', {
    errors: { message_reference: { _errors: [{ code, message }] } },
  });
}

function isSystem({ type }: Message): boolean {
  return type !== 0 && type !== 19 && type !== 20 && type !== 23;
}

function edit(world: World, { bot, body, params, files }: BotCall): Reply {
  const channel = world.visibleChannel(params.channel, bot.user.id);
  const message = world.message(channel, params.message);
  requireOpenThread(channel);
  if (message.author !== bot.user) {
    const isFlagsOnly = Object.keys(body).every((key) => key === 'flags');
    if (!isFlagsOnly) refuse('notOwnMessage');
    world.require(channel, bot.user.id, permission.manageMessages);
  }
  const input = parseMessage({ body, files, defaultMentions: allMentions }, world.limits);
  applyEdit(world, message, input, withoutEveryone(world, channel, bot, input));
  return ok(wireOf(world, message, bot));
}

/** Makes an edit of what the body names. @throws ApiError 50006 when nothing would be left. */
export function applyEdit(
  world: World,
  message: Message,
  input: MessageInput,
  allowed: MessageInput['allowed'],
): void {
  const { keep } = input;
  const kept = message.attachments.filter(({ id }) => keep?.includes(id) ?? true);
  const after = {
    content: input.content ?? message.content,
    embeds: input.embeds ?? message.embeds,
    components: input.components ?? message.components,
  };
  const isEmpty = !after.content && after.embeds.length + after.components.length + kept.length === 0;
  if (isEmpty && input.files.length === 0 && !message.poll) refuse('emptyMessage');
  changeMessage(world, message, {
    ...(input.content === undefined ? {} : { content: input.content }),
    embeds: after.embeds,
    components: after.components,
    files: input.files,
    attachments: kept,
    flags: message.flags | input.flags,
    allowed,
  });
}

function remove(world: World, { bot, params }: BotCall): Reply {
  const channel = world.visibleChannel(params.channel, bot.user.id);
  const message = world.message(channel, params.message);
  requireOpenThread(channel);
  if (message.author !== bot.user) {
    if (!channel.guild) refuse('notInDm');
    world.require(channel, bot.user.id, permission.manageMessages);
  }
  deleteMessages(world, channel, [message.id]);
  return done;
}

function bulkDelete(world: World, { bot, body, params }: BotCall): Reply {
  const channel = world.visibleChannel(params.channel, bot.user.id);
  if (!channel.guild) refuse('notInDm');
  world.require(channel, bot.user.id, permission.manageMessages);
  const ids = (Array.isArray(body.messages) ? body.messages : []) as string[];
  if (ids.length < 2 || ids.length > 100) refuse('bulkDeleteCount');
  const oldest = world.now() - bulkAgeMsMax;
  if (ids.some((id) => snowflakeAt(id) < oldest)) refuse('tooOldToBulkDelete');
  deleteMessages(world, channel, ids);
  return done;
}
