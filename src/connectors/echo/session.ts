import { laneOf } from '../../domain/address.ts';
import type { InboundMessageEvent } from '../../domain/inbound-event.ts';
import type { OutboundPart } from '../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../domain/outcome.ts';
import type { ConnectorHost, ConnectorSession, SessionEnd, SimulatedMessage } from '../connector.ts';
import type { EchoConfig } from './config.ts';
import type { EchoPlatform } from './platform.ts';

/** What the text of a message makes this platform do; the reference's tokens, and one for the unknown outcome. */
const tokens = {
  crash: '[connector-crash-once]',
  rateLimit: '[rate-limit-once]',
  refuse: '[nack]',
  loseReply: '[reply-lost-once]',
} as const;

const crashRetryMs = 10;
const rateLimitMs = 50;

export function openEchoSession(host: ConnectorHost<EchoConfig>, platform: EchoPlatform): ConnectorSession {
  const end = Promise.withResolvers<SessionEnd>();
  return {
    closed: end.promise,

    async sendOutbound(part) {
      const outcome = misbehave(part, platform, end.resolve);
      if (outcome) return outcome;
      return { kind: 'delivered', platformIds: [platform.apply(part).id] };
    },

    async resolveUnknown(part) {
      const earlier = platform.find(part.key);
      return earlier ? { kind: 'delivered', platformIds: [earlier.id] } : { kind: 'absent' };
    },

    simulate: (message) => host.accept([toEvent(message, host)]),

    async close() {
      end.resolve({ kind: 'closed' });
    },
  };
}

function misbehave(
  part: OutboundPart,
  platform: EchoPlatform,
  endSession: (end: SessionEnd) => void,
): DeliveryOutcome | undefined {
  const text = 'text' in part.operation ? part.operation.text : '';
  const first = (token: string): boolean => text.includes(token) && platform.firstTime(part, token);
  if (first(tokens.crash)) {
    endSession({
      kind: 'lost',
      code: 'session_failed',
      detail: 'The message asked the connector to crash once.',
    });
    return {
      kind: 'retry',
      code: 'connector_restarting',
      afterMs: crashRetryMs,
      scope: 'lane',
      deferral: false,
    };
  }
  if (first(tokens.rateLimit)) {
    return { kind: 'retry', code: 'rate_limited', afterMs: rateLimitMs, scope: 'lane', deferral: true };
  }
  if (text.includes(tokens.refuse)) {
    return {
      kind: 'rejected',
      code: 'platform_rejected',
      detail: 'The message asked to be refused.',
      scope: 'message',
    };
  }
  if (first(tokens.loseReply)) {
    platform.apply(part);
    return { kind: 'unknown', code: 'answer_lost' };
  }
  return undefined;
}

function toEvent(message: SimulatedMessage, host: ConnectorHost<EchoConfig>): InboundMessageEvent {
  const address = {
    connector: host.connectorId,
    conversation: message.conversation,
    message: message.messageId,
    ...(message.thread === undefined ? {} : { thread: message.thread }),
  };
  return {
    type: 'message.created',
    source: host.connectorId,
    dedupeKey: `message:${laneOf({ ...address, thread: message.messageId })}`,
    lane: laneOf(address),
    occurredAt: host.clock.now(),
    address,
    sender: {
      id: `echo:user:${message.sender}`,
      display: message.sender,
      kind: message.senderIsBot ? 'bot' : 'human',
      verified: true,
      roles: [],
    },
    direct: message.direct,
    text: message.text,
    attachments: [],
    mentions: { self: message.mentionsSelf, everyone: false, users: [] },
    broadcast: false,
  };
}
