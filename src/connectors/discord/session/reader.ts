import type { ConnectorId } from '../../../domain/ids.ts';
import type { MessagePage, MessageView, ReadAnswer, ReadRequest, SearchRequest } from '../../operations.ts';
import { readMessage } from '../api-read-message.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import { userIdentity } from '../identity.ts';
import { attachmentsOf } from '../inbound/attachments.ts';
import { textOfMessage } from '../inbound/message-text.ts';
import { emojiText } from '../inbound/reaction-events.ts';
import { errorRowOf } from '../rest/error-table.ts';
import type { RestAnswer } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes, snowflakeTime } from '../snowflake.ts';

export interface ReaderDeps {
  readonly connectorId: ConnectorId;
  readonly selfId: Snowflake;
  readonly rest: Pick<Rest, 'call'>;
  /** The channel of a conversation; for `user:<id>` the direct channel, opened when it must be. */
  readonly findPlace: (
    place: { readonly conversation: string; readonly thread?: string },
    signal: AbortSignal,
  ) => Promise<ReadAnswer<ReadPlace>>;
}

export interface ReadPlace {
  readonly channel: Snowflake;
  /** Absent for direct messages, and for nothing else. */
  readonly guild?: Snowflake;
}

/** Reads and searches messages as they are on the platform now. */
export class Reader {
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  async read(request: ReadRequest, signal: AbortSignal): Promise<ReadAnswer<MessagePage>> {
    const place = await this.#deps.findPlace(request, signal);
    if (place.kind !== 'found') return place;
    const { message, before, after, around, limit } = request;
    if (message !== undefined) return this.#readOne(request, place.value, message, signal);
    const position =
      before !== undefined
        ? { before }
        : after !== undefined
          ? { after }
          : around !== undefined
            ? { around }
            : {};
    return this.#readPage(request, place.value, position, limit, signal);
  }

  /** One page is read, and what fits is found in it: the platform lets bots search in no other way. */
  async search(request: SearchRequest, signal: AbortSignal): Promise<ReadAnswer<MessagePage>> {
    const place = await this.#deps.findPlace(request, signal);
    if (place.kind !== 'found') return place;
    const { query, author, hasAttachments, before, limit } = request;
    const page = await this.#readPage(
      request,
      place.value,
      before === undefined ? {} : { before },
      limit,
      signal,
    );
    if (page.kind !== 'found') return page;
    const wanted = query?.toLowerCase();
    const messages = page.value.messages.filter(
      ({ text, sender, attachments }) =>
        (wanted === undefined || text.toLowerCase().includes(wanted)) &&
        (author === undefined || sender.id === author) &&
        (hasAttachments === undefined || attachments.length > 0 === hasAttachments),
    );
    const { nextBefore } = page.value;
    return { kind: 'found', value: { messages, ...(nextBefore === undefined ? {} : { nextBefore }) } };
  }

  async #readOne(
    request: ReadRequest,
    place: ReadPlace,
    message: string,
    signal: AbortSignal,
  ): Promise<ReadAnswer<MessagePage>> {
    const answer = await this.#deps.rest.call(
      {
        method: 'GET',
        route: '/channels/{channel}/messages/{message}',
        params: { channel: place.channel, message },
        priority: 'interaction',
        auth: 'bot',
      },
      signal,
    );
    if (answer.kind !== 'ok') return refusalOf(answer);
    const found = readMessage(answer.body);
    return { kind: 'found', value: { messages: found ? [this.#view(found, request, place)] : [] } };
  }

  async #readPage(
    request: ReadRequest | SearchRequest,
    place: ReadPlace,
    position: Readonly<Record<string, string>>,
    limit: number,
    signal: AbortSignal,
  ): Promise<ReadAnswer<MessagePage>> {
    const answer = await this.#deps.rest.call(
      {
        method: 'GET',
        route: '/channels/{channel}/messages',
        params: { channel: place.channel },
        query: { ...position, limit: String(limit) },
        priority: 'interaction',
        auth: 'bot',
      },
      signal,
    );
    if (answer.kind !== 'ok') return refusalOf(answer);
    const list: readonly unknown[] = Array.isArray(answer.body) ? answer.body : [];
    const messages = list
      .map(readMessage)
      .filter((message) => message !== undefined)
      .toSorted((left, right) => compareSnowflakes(right.id, left.id));
    const isFull = messages.length === limit;
    const [newest] = messages;
    const oldest = messages.at(-1);
    return {
      kind: 'found',
      value: {
        messages: messages.map((message) => this.#view(message, request, place)),
        ...(isFull && oldest ? { nextBefore: oldest.id } : {}),
        ...(newest ? { nextAfter: newest.id } : {}),
      },
    };
  }

  #view(
    message: ApiMessage,
    { conversation, thread }: { readonly conversation: string; readonly thread?: string },
    { channel, guild }: ReadPlace,
  ): MessageView {
    const { connectorId, selfId } = this.#deps;
    const author = message.author;
    const editedAt = Date.parse(message.edited_timestamp ?? '');
    const display = author?.global_name ?? author?.username;
    return {
      address: {
        connector: connectorId,
        conversation,
        ...(thread === undefined ? {} : { thread }),
        message: message.id,
      },
      sender: {
        id: userIdentity(author?.id ?? '0'),
        isSelf: author?.id === selfId,
        ...(display === undefined ? {} : { display }),
      },
      text: textOfMessage(message),
      createdAt: snowflakeTime(message.id),
      ...(Number.isNaN(editedAt) ? {} : { editedAt }),
      direct: guild === undefined,
      link: `https://discord.com/channels/${guild ?? '@me'}/${channel}/${message.id}`,
      attachments: attachmentsOf(message),
      reactions: message.reactions.map(({ emoji, count, me }) => ({
        emoji: emojiText(emoji) ?? '?',
        count,
        bySelf: me,
      })),
    };
  }
}

/** What an answer other than a success means for somebody who reads. */
export function refusalOf(
  answer: Exclude<RestAnswer, { kind: 'ok' }>,
): Exclude<ReadAnswer<never>, { kind: 'found' }> {
  switch (answer.kind) {
    case 'wait':
      return { kind: 'wait', code: 'rate_limited', afterMs: answer.afterMs };
    case 'failed':
      return { kind: 'wait', code: 'transient_network', afterMs: 1_000 };
    case 'refused': {
      const { reason } = errorRowOf(answer.status, answer.code);
      return { kind: 'refused', code: reason, detail: answer.detail };
    }
  }
}
