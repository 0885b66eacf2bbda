import { laneOf } from '../../domain/address.ts';
import { isAppError } from '../../domain/errors.ts';
import type { MessageId, PartId } from '../../domain/ids.ts';
import type { InboundMessageEvent } from '../../domain/inbound-event.ts';
import type { OutboundPart } from '../../domain/outbound.ts';
import type { DeliveryOutcome } from '../../domain/outcome.ts';
import type { ConnectorHost, ConnectorSession, SessionEnd, SimulatedMessage } from '../connector.ts';
import type { EchoConfig } from './config.ts';
import type { EchoPlatform } from './platform.ts';
import { readEcho, searchEcho } from './reader.ts';

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

    async sendOutbound(part, signal) {
      if (signal.aborted) return notBegun;
      const outcome = misbehave(part, platform, host.clock.now(), end.resolve);
      return outcome ?? applied(platform.apply(labelled(part), host.clock.now()));
    },

    async resolveUnknown(part) {
      const earlier = platform.find(part.key);
      return earlier === undefined ? { kind: 'absent' } : { kind: 'delivered', platformIds: [earlier] };
    },

    async revise(address, text) {
      const operation = { op: 'edit', text } as const;
      platform.apply({ ...revision, address, operation }, host.clock.now());
    },

    read: (request) => Promise.resolve(readEcho(platform, host.connectorId, request)),
    search: (request) => Promise.resolve(searchEcho(platform, host.connectorId, request)),

    async simulate(message) {
      try {
        return await host.accept([toEvent(message, host)]);
      } catch (error) {
        if (isAppError(error, 'lease_lost')) end.resolve({ kind: 'closed' });
        throw error;
      }
    },

    async close() {
      end.resolve({ kind: 'closed' });
    },
  };
}

const notBegun = {
  kind: 'retry',
  code: 'connector_restarting',
  scope: 'message',
  deferral: true,
} as const satisfies DeliveryOutcome;

function labelled(part: OutboundPart): OutboundPart {
  const { operation, possibleDuplicate } = part;
  if (operation.op !== 'send' || !possibleDuplicate) return part;
  return { ...part, operation: { ...operation, text: `(repeat?) ${operation.text}` } };
}

/** What every revision of a message has in common: it is no part of its own. */
const revision = {
  ...{ id: 'prt_revision' as PartId, message: 'msg_revision' as MessageId, key: 'revision' },
  ...{ part: 1, parts: 1, attempt: 1, possibleDuplicate: false },
};

function applied(id: string | undefined): DeliveryOutcome {
  if (id !== undefined) return { kind: 'delivered', platformIds: [id] };
  const detail = 'There is no such message on the echo platform.';
  return { kind: 'rejected', code: 'message_gone', detail, scope: 'message' };
}

function misbehave(
  part: OutboundPart,
  platform: EchoPlatform,
  now: number,
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
    platform.apply(part, now);
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
