import type { Attachment, ChatEvent, InboundWebhook, Sender } from '../domain/inbound-event.ts';
import type { Turn } from './agent.ts';

/**
 * The body that an HTTP agent gets: what is listed here and nothing else, so that a new field of an event
 * has to be let out on purpose. Headers, lanes and keys of ours stay inside.
 */
export function toRequestBody(turn: Turn): string {
  const { id, attempt, sessionKey, deadlineAt, event, body } = turn;
  const envelope = {
    turn: { id, attempt, session: sessionKey, deadlineAt },
    callback: `/admin/v1/turns/${id}/messages`,
  };
  return withMember(
    JSON.stringify(envelope),
    'event',
    event.type === 'webhook' ? toWebhook(event, body) : JSON.stringify(toChat(event)),
  );
}

function toChat(event: ChatEvent): Record<string, unknown> {
  const { conversation, thread, message } = event.address;
  return {
    type: event.type,
    source: event.source,
    occurredAt: event.occurredAt,
    conversation,
    thread,
    message,
    direct: event.direct,
    guild: event.guild,
    sender: toSender(event.sender),
    ...toContents(event),
  };
}

function toContents(event: ChatEvent): Record<string, unknown> {
  switch (event.type) {
    case 'message.created': {
      const { text, mentions, replyTo, broadcast, truncated } = event;
      return {
        text,
        attachments: event.attachments.map(toAttachment),
        mentions: toMentions(mentions),
        replyTo: replyTo && { message: replyTo.message, toSelf: replyTo.toSelf },
        broadcast,
        truncated,
      };
    }
    case 'message.edited':
      return {
        text: event.text,
        attachments: event.attachments.map(toAttachment),
        mentions: toMentions(event.mentions),
        broadcast: event.broadcast,
      };
    case 'reaction.added':
    case 'reaction.removed':
      return { emoji: event.emoji };
    case 'command':
      return { name: event.name, args: event.args };
    case 'action':
      return { action: event.action, values: event.values };
    case 'membership':
      return { change: event.change, member: event.member };
    case 'message.deleted':
      return {};
  }
}

function toSender({ id, display, kind, verified, roles }: Sender): Sender {
  return { id, kind, verified, roles, ...(display === undefined ? {} : { display }) };
}

function toMentions({
  self,
  everyone,
  users,
}: {
  self: boolean;
  everyone: boolean;
  users: readonly string[];
}): Record<string, unknown> {
  return { self, everyone, users };
}

function toAttachment({
  id,
  kind,
  name,
  contentType,
  sizeBytes,
  url,
  urlExpiresAt,
  width,
  height,
  marker,
  artifact,
}: Attachment): Record<string, unknown> {
  return {
    ...{ id, kind, name, contentType, sizeBytes, url, urlExpiresAt, width, height, marker },
    artifact: artifact && { ...artifact, path: `/admin/v1/artifacts/${artifact.id}` },
  };
}

function toWebhook(event: InboundWebhook, body: Uint8Array = new Uint8Array()): string {
  const { type, source, occurredAt, integration, provider, event: name, delivery, contentType } = event;
  const facts = JSON.stringify({
    type,
    source,
    occurredAt,
    integration,
    provider,
    event: name,
    delivery,
    contentType,
  });
  const json = jsonText(body);
  return json === undefined
    ? withMember(facts, 'payloadBase64', JSON.stringify(Buffer.from(body).toString('base64')))
    : withMember(facts, 'payload', json);
}

/** The body's text when it is JSON. It is passed on as written, because parsing would round long numbers. */
function jsonText(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

/** Adds a member to the JSON text of an object that has some already. */
function withMember(objectText: string, key: string, valueText: string): string {
  return `${objectText.slice(0, -1)},${JSON.stringify(key)}:${valueText}}`;
}
