import { laneOf } from '../../src/domain/address.ts';
import type { ConnectorId, DeliveryId, IntegrationId, SourceId } from '../../src/domain/ids.ts';
import type { InboundMessageEvent, InboundWebhook, Sender } from '../../src/domain/inbound-event.ts';

export const connector = 'echo:default' as ConnectorId;

export function sender(fields: Partial<Sender> = {}): Sender {
  return { id: 'echo:user:ada', kind: 'human', verified: true, roles: [], ...fields };
}

let messages = 0;

/** A direct message by a person, unless told otherwise. The lane follows from the address. */
export function message(fields: Partial<InboundMessageEvent> = {}): InboundMessageEvent {
  const id = `m${++messages}`;
  const address = fields.address ?? { connector, conversation: 'room', message: id };
  return {
    type: 'message.created',
    source: address.connector,
    dedupeKey: `message:${id}`,
    lane: laneOf(address),
    occurredAt: 1_750_000_000_000,
    address,
    sender: sender(),
    direct: true,
    text: 'hello',
    attachments: [],
    mentions: { self: false, everyone: false, users: [] },
    broadcast: false,
    ...fields,
  };
}

export function webhook(fields: Partial<InboundWebhook> = {}): InboundWebhook {
  return {
    type: 'webhook',
    source: 'webhook:site' as SourceId,
    dedupeKey: `delivery:${++messages}`,
    lane: 'webhook:site/1',
    occurredAt: 1_750_000_000_000,
    integration: 'site' as IntegrationId,
    provider: 'github',
    event: 'push',
    delivery: 'dlv_1' as DeliveryId,
    ...fields,
  };
}
