import { refuse } from './api-error.ts';
import type { Message, Reaction } from './entities.ts';
import { Form } from './form.ts';
import { clearReactions, emojiKey, react, unreact } from './messages.ts';
import { permission } from './permissions.ts';
import { type BotCall, botRoute, done, ok, type Reply, type Route } from './rest-call.ts';
import { compareIds } from './snowflakes.ts';
import { userWire } from './wire.ts';
import type { World } from './world.ts';
import { requireOpenThread } from './writable.ts';

const all = '/channels/{channel}/messages/{message}/reactions';
const reactionsMax = 20;

export function reactionRoutes(world: World): readonly Route[] {
  return [
    botRoute('PUT', `${all}/{emoji}/@me`, 'reaction', (call) => add(world, call)),
    botRoute('DELETE', `${all}/{emoji}/@me`, 'reaction', (call) => {
      unreact(world, messageOf(world, call), call.bot.user, emojiKey(emojiOf(world, call)));
      return done;
    }),
    botRoute('DELETE', `${all}/{emoji}/{user}`, 'reaction', (call) => {
      const message = messageOf(world, call);
      world.require(message.channel, call.bot.user.id, permission.manageMessages);
      const user = world.users.get(call.params.user ?? '') ?? refuse('unknownUser');
      unreact(world, message, user, emojiKey(emojiOf(world, call)));
      return done;
    }),
    botRoute('GET', `${all}/{emoji}`, 'reaction-read', (call) => list(world, call)),
    botRoute('DELETE', `${all}/{emoji}`, 'reaction', (call) => {
      const message = messageOf(world, call);
      world.require(message.channel, call.bot.user.id, permission.manageMessages);
      clearReactions(world, message, emojiKey(emojiOf(world, call)));
      return done;
    }),
    botRoute('DELETE', all, 'reaction', (call) => {
      const message = messageOf(world, call);
      world.require(message.channel, call.bot.user.id, permission.manageMessages);
      clearReactions(world, message);
      return done;
    }),
  ];
}

function messageOf(world: World, { params, bot }: BotCall): Message {
  return world.message(world.visibleChannel(params.channel, bot.user.id), params.message);
}

/** @throws ApiError 10014 for what is no emoji, or one of a guild that does not exist here. */
function emojiOf(world: World, { params }: BotCall): Reaction['emoji'] {
  const text = params.emoji ?? '';
  const [, name, id] = /^(\w{2,32}):(\d+)$/.exec(text) ?? [];
  if (name !== undefined && id !== undefined) {
    const known = [...world.guilds.values()].some(({ emojis }) => emojis.has(id));
    return known ? { id, name } : refuse('unknownEmoji');
  }
  if (!/^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?)$/v.test(text)) return refuse('unknownEmoji');
  return { id: null, name: text };
}

/** Somebody's first reaction with an emoji needs the permission to add; joining in does not. */
function add(world: World, call: BotCall): Reply {
  const { bot } = call;
  const message = messageOf(world, call);
  requireOpenThread(message.channel);
  const emoji = emojiOf(world, call);
  const isNew = !message.reactions.has(emojiKey(emoji));
  world.require(message.channel, bot.user.id, permission.readMessageHistory);
  if (isNew) world.require(message.channel, bot.user.id, permission.addReactions);
  if (isNew && message.reactions.size >= reactionsMax) refuse('tooManyReactions');
  if (message.author.blocked.has(bot.user.id)) refuse('reactionBlocked');
  react(world, message, bot.user, emoji);
  return done;
}

function list(world: World, call: BotCall): Reply {
  const form = new Form();
  const limit = form.integer('limit', call.query.get('limit') ?? undefined, 1, 100, 25);
  form.check();
  const after = call.query.get('after') ?? '0';
  const reaction = messageOf(world, call).reactions.get(emojiKey(emojiOf(world, call)));
  const ids = [...(reaction?.users ?? [])].filter((id) => compareIds(id, after) > 0).sort(compareIds);
  return ok(
    ids
      .slice(0, limit)
      .flatMap((id) => world.users.get(id) ?? [])
      .map(userWire),
  );
}
