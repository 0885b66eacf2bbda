import type { AdapterRegistry } from '../../connectors/registry.ts';
import { laneOf } from '../../domain/address.ts';
import { AppError } from '../../domain/errors.ts';
import {
  type DeliveryId,
  type IntegrationId,
  integrationOf,
  kindOf,
  parseConnectorId,
  parseSlug,
  type SourceId,
  webhookSource,
} from '../../domain/ids.ts';
import type { InboundEvent, InboundEventType, InboundMessageEvent } from '../../domain/inbound-event.ts';

export interface PreviewRequest {
  readonly source: string;
  readonly type: InboundEventType;
  readonly text: string;
  readonly conversation: string;
  readonly thread?: string | undefined;
  readonly sender: string;
  readonly senderKind: 'human' | 'bot' | 'self';
  readonly senderVerified: boolean;
  readonly roles: readonly string[];
  readonly guild?: string | undefined;
  readonly direct: boolean;
  readonly mentionsSelf: boolean;
  readonly replyToSelf: boolean;
  readonly broadcast: boolean;
  readonly participates: boolean;
  readonly paired: boolean;
  readonly webhookEvent: string;
}

/** The event that a preview asks about, in the spelling that the adapter would give it. */
export function previewEvent(request: PreviewRequest, adapters: AdapterRegistry, now: number): InboundEvent {
  const integration = integrationOf(request.source as SourceId);
  if (integration !== undefined)
    return previewWebhook(parseSlug<IntegrationId>(integration, 'webhook id'), request.webhookEvent, now);
  const { attachments, text, mentions, broadcast, replyTo, ...base } = previewMessage(request, adapters, now);
  const message = { attachments, text, mentions };
  switch (request.type) {
    case 'message.created':
      return { ...base, ...message, broadcast, ...(replyTo ? { replyTo } : {}) };
    case 'message.edited':
      return { ...base, ...message, broadcast, type: request.type };
    case 'message.deleted':
      return { ...base, type: request.type };
    case 'reaction.added':
    case 'reaction.removed':
      return { ...base, type: request.type, emoji: text };
    case 'command':
      return { ...base, type: request.type, name: text, args: {} };
    case 'action':
      return { ...base, type: request.type, action: text, values: {} };
    case 'membership':
      return { ...base, type: request.type, change: 'joined', member: base.sender.id };
    case 'webhook':
      throw new AppError('invalid_request', 'For a webhook, name its integration as source: webhook:<id>.');
  }
}

function previewWebhook(integration: IntegrationId, event: string, now: number): InboundEvent {
  const source = webhookSource(integration);
  return {
    type: 'webhook',
    source,
    dedupeKey: 'preview',
    lane: source,
    occurredAt: now,
    integration,
    provider: 'preview',
    event,
    delivery: 'dlv_preview' as DeliveryId,
  };
}

function previewMessage(
  request: PreviewRequest,
  adapters: AdapterRegistry,
  now: number,
): InboundMessageEvent {
  const connector = parseConnectorId(request.source);
  const adapter = adapters.get(kindOf(connector));
  const address = {
    connector,
    conversation: adapter.canonicalIdentity('conversation', request.conversation),
    message: 'preview',
    ...(request.thread === undefined ? {} : { thread: adapter.canonicalIdentity('thread', request.thread) }),
  };
  return {
    type: 'message.created',
    source: connector,
    dedupeKey: 'preview',
    lane: laneOf(address),
    occurredAt: now,
    address,
    sender: {
      id: adapter.canonicalIdentity('user', request.sender),
      kind: request.senderKind,
      verified: request.senderVerified,
      roles: request.roles.map((role) => adapter.canonicalIdentity('role', role)),
    },
    direct: request.direct,
    ...(request.guild === undefined ? {} : { guild: adapter.canonicalIdentity('guild', request.guild) }),
    text: request.text,
    attachments: [],
    mentions: { self: request.mentionsSelf, everyone: request.broadcast, users: [] },
    broadcast: request.broadcast,
    ...(request.replyToSelf ? { replyTo: { message: 'preview', toSelf: true } } : {}),
  };
}
