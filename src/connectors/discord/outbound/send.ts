import { AppError, isAppError } from '../../../domain/errors.ts';
import type { OutboundOp, OutboundPart } from '../../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import type { Snowflake } from '../api-types.ts';
import { directRecipientOf } from '../identity.ts';
import { type Effect, outcomeOf } from '../rest/outcome.ts';
import type { Priority, RestAnswer, RestRequest } from '../rest/request.ts';
import { isSnowflake } from '../snowflake.ts';
import type { OutboundDeps } from './deps.ts';
import { toEmoji } from './emoji.ts';
import { sendToForum } from './forum.ts';
import { nonceOf } from './nonce.ts';
import { findChannel, findIsForum, isForumType, knownType } from './place.ts';
import { type Rendered, renderMessage } from './render.ts';
import { toCreate, toDelete, toEdit, toReaction, toTyping } from './requests.ts';

type Operation<Op extends OutboundOp> = Extract<OutboundPart['operation'], { op: Op }>;

const priorityOf: Readonly<Record<OutboundOp, Priority>> = {
  send: 'final',
  edit: 'final',
  delete: 'edit',
  react: 'edit',
  typing: 'typing',
};

/**
 * Makes the call that a part is, and says what came of it. Where the platform has to be asked first (the
 * channel of a user, whether a channel is a forum), a part whose question is not answered has not been sent.
 * @throws AppError what the token's source throws; nothing was sent then.
 */
export async function sendPart(
  part: OutboundPart,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  try {
    return await new Sending(part, deps, signal).run();
  } catch (thrown) {
    if (!isAppError(thrown, 'unsupported', 'too_large', 'invalid_request')) throw thrown;
    return { kind: 'rejected', code: 'message_invalid', detail: thrown.message, scope: 'message' };
  }
}

class Sending {
  readonly #part: OutboundPart;
  readonly #deps: OutboundDeps;
  readonly #signal: AbortSignal;
  readonly #priority: Priority;

  constructor(part: OutboundPart, deps: OutboundDeps, signal: AbortSignal) {
    this.#part = part;
    this.#deps = deps;
    this.#signal = signal;
    this.#priority = priorityOf[part.operation.op];
  }

  async run(): Promise<DeliveryOutcome> {
    const { operation } = this.#part;
    switch (operation.op) {
      case 'send':
        return this.#send(operation);
      case 'edit': {
        const rendered = this.#renderEdit(operation);
        return this.#change('edit', (channel, message) => toEdit(channel, message, rendered, this.#priority));
      }
      case 'delete':
        return this.#change('delete', (channel, message) => toDelete(channel, message, this.#priority));
      case 'react': {
        const emoji = toEmoji(operation.emoji);
        return this.#change(operation.remove ? 'unreact' : 'react', (channel, message) =>
          toReaction(channel, message, emoji, operation.remove, this.#priority),
        );
      }
      case 'typing':
        return this.#type();
    }
  }

  async #send(operation: Operation<'send'>): Promise<DeliveryOutcome> {
    const { key, possibleDuplicate, address, firstAttemptAt: sentAt } = this.#part;
    const { mentions, memory } = this.#deps;
    const rendered = renderMessage(operation, { mentions, possibleDuplicate, sentAt });
    const nonce = nonceOf(key);
    const known = memory.findMessage(nonce);
    if (known !== undefined) return { kind: 'delivered', platformIds: [known] };
    const place = await findChannel(address, this.#deps, this.#priority, this.#signal);
    if (place.kind === 'stuck') return place.outcome;
    const channel = place.value;
    const forum = await this.#isForum(channel, rendered);
    if (typeof forum !== 'boolean') return forum;
    if (forum) return this.#post(channel, rendered);
    const answer = await this.#create(channel, rendered, nonce);
    if (this.#mayBeForum(answer, channel)) {
      const found = await findIsForum(channel, this.#deps, this.#priority, this.#signal);
      if (found.kind === 'found' && found.value) return this.#post(channel, rendered);
    }
    return this.#outcomeOfCreate(answer, nonce);
  }

  /** Asks only when a post is wanted: of any other channel its answer will say. */
  async #isForum(channel: Snowflake, { extras }: Rendered): Promise<boolean | DeliveryOutcome> {
    if (this.#part.address.thread !== undefined) return false;
    const type = knownType(channel, this.#deps);
    const wantsPost = extras.threadName !== undefined || extras.appliedTags !== undefined;
    if (isForumType(type) || !wantsPost) return isForumType(type);
    const found = await findIsForum(channel, this.#deps, this.#priority, this.#signal);
    if (found.kind === 'stuck') return found.outcome;
    if (!found.value)
      throw new AppError(
        'unsupported',
        'threadName and appliedTags are for forums, and the channel is none.',
      );
    return true;
  }

  async #create(channel: Snowflake, rendered: Rendered, nonce: string): Promise<RestAnswer> {
    const { part, address } = this.#part;
    const replyTo = part === 1 ? address.message : undefined;
    const message = { channel, rendered, nonce, priority: this.#priority };
    const answer = await this.#call(toCreate({ ...message, replyTo }));
    // Refused for what it replies to: better without than not at all.
    return replyTo !== undefined && isAboutReply(answer) ? this.#call(toCreate(message)) : answer;
  }

  #post(forum: Snowflake, rendered: Rendered): Promise<DeliveryOutcome> {
    return sendToForum(
      { part: this.#part, forum, rendered, priority: this.#priority },
      this.#deps,
      this.#signal,
    );
  }

  #outcomeOfCreate(answer: RestAnswer, nonce: string): DeliveryOutcome {
    const { address, attempt } = this.#part;
    const { memory } = this.#deps;
    if (answer.kind === 'refused' && answer.code === codes.unknownMessage && attempt > 1) {
      // An earlier attempt made it, and somebody has deleted it: https://github.com/discord/discord-api-docs/pull/6647.
      return { kind: 'delivered', platformIds: [] };
    }
    const user = directRecipientOf(address.conversation);
    if (answer.kind === 'refused' && answer.code === codes.unknownChannel && user !== undefined)
      memory.directChannels.delete(user);
    const outcome = outcomeOf(answer, 'create');
    const [id] = outcome.kind === 'delivered' ? outcome.platformIds : [];
    if (id !== undefined) memory.noteMessage(nonce, id);
    return outcome;
  }

  #mayBeForum(answer: RestAnswer, channel: Snowflake): boolean {
    if (answer.kind !== 'refused' || this.#part.address.thread !== undefined) return false;
    return notWritable.has(answer.code) && knownType(channel, this.#deps) === undefined;
  }

  async #change(
    effect: Effect,
    toRequest: (channel: Snowflake, message: Snowflake) => RestRequest,
  ): Promise<DeliveryOutcome> {
    const { message } = this.#part.address;
    if (message === undefined || !isSnowflake(message))
      throw new AppError('invalid_request', 'Say which message: its id on Discord.');
    const place = await findChannel(this.#part.address, this.#deps, this.#priority, this.#signal);
    if (place.kind === 'stuck') return place.outcome;
    // In a forum there are only posts, and the first message of each has the id of its thread.
    const channel = isForumType(knownType(place.value, this.#deps)) ? message : place.value;
    return outcomeOf(await this.#call(toRequest(channel, message)), effect);
  }

  #renderEdit(operation: Operation<'edit'>): Rendered {
    const { firstAttemptAt: sentAt } = this.#part;
    const rendered = renderMessage(operation, { mentions: this.#deps.mentions, sentAt });
    const { poll, stickers, threadName, appliedTags } = rendered.extras;
    const wrong = Object.entries({ poll, stickers, threadName, appliedTags }).find(
      ([, value]) => value !== undefined,
    );
    if (wrong) throw new AppError('unsupported', `An edit cannot bring this into a message: ${wrong[0]}.`);
    return rendered;
  }

  /** It shows for ten seconds. When it cannot be shown now, its moment has passed. */
  async #type(): Promise<DeliveryOutcome> {
    const place = await findChannel(this.#part.address, this.#deps, this.#priority, this.#signal);
    const outcome =
      place.kind === 'stuck' ? place.outcome : outcomeOf(await this.#call(toTyping(place.value)), 'typing');
    return outcome.kind === 'retry' ? { kind: 'delivered', platformIds: [] } : outcome;
  }

  #call(request: RestRequest): Promise<RestAnswer> {
    return this.#deps.rest.call(request, this.#signal);
  }
}

/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#json */
const codes = {
  unknownChannel: 10_003,
  unknownMessage: 10_008,
  formBody: 50_035,
  replyWithoutHistory: 160_002,
  referenceWithoutHistory: 160_009,
} as const;

/** What Discord answers to a message in a forum; a plain message is refused in other channels with them too. */
const notWritable: ReadonlySet<number> = new Set([50_008, 40_058]);

function isAboutReply(answer: RestAnswer): boolean {
  if (answer.kind !== 'refused') return false;
  const { code, fields } = answer;
  if (code === codes.replyWithoutHistory || code === codes.referenceWithoutHistory) return true;
  const isItsField = fields.every((field) => field.startsWith('message_reference'));
  return code === codes.formBody && fields.length > 0 && isItsField;
}
