import { z } from 'zod';
import type {
  Capability,
  ConnectorAdapter,
  ConnectorHost,
  ConnectorOperation,
  ConnectorSession,
  SessionEnd,
} from '../../../src/connectors/connector.ts';
import { laneOf } from '../../../src/domain/address.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { InboundMessageEvent } from '../../../src/domain/inbound-event.ts';
import type { OutboundPart } from '../../../src/domain/outbound.ts';
import type { DeliveryOutcome } from '../../../src/domain/outcome.ts';
import { sleep } from '../../../src/lib/clock.ts';
import { type ChatTraits, ChatRefusal, type PostedMessage, textMax, type Update } from './platform.ts';

/** How the adapter reaches the platform; one over HTTP, one within the process. */
export interface ChatApi {
  me(token: string, signal: AbortSignal): Promise<{ readonly name: string }>;
  /** Waits a while for news when there is none. */
  updates(token: string, position: number, signal: AbortSignal): Promise<readonly Update[]>;
  post(token: string, message: Omit<PostedMessage, 'id'>, signal: AbortSignal): Promise<PostedMessage>;
  find(token: string, key: string, signal: AbortSignal): Promise<PostedMessage | undefined>;
}

/** A call that came to no answer. */
export class ChatUnreachable extends Error {
  /** False when the request surely never arrived. */
  readonly sent: boolean;

  constructor(sent: boolean) {
    super(sent ? 'the answer was lost' : 'not reached');
    this.sent = sent;
  }
}

const Config = z.looseObject({ baseUrl: z.string().optional() });
export type ChatConfig = z.infer<typeof Config>;

const idempotentSendMs = 60_000;
const repeatLabel = '(repeat?) ';

/** The connector for the fake chat platform, written as an outsider would write one. */
export function createChatAdapter(
  traits: ChatTraits,
  apiOf: (host: ConnectorHost<ChatConfig>) => ChatApi,
): ConnectorAdapter<ChatConfig> {
  return {
    kind: 'chat',
    title: 'Fake chat',
    configSchema: Config,
    needsSecret: true,
    capabilities: {
      operations: capabilities(),
      inbound: ['message.created'],
      // A repeat has to fit with its label.
      textMax: textMax - repeatLabel.length,
      idempotentSendMs: traits.idempotentKeys ? idempotentSendMs : 0,
    },
    canonicalIdentity(entity, raw) {
      const id = raw
        .trim()
        .replace(new RegExp(`^chat:${entity}:`), '')
        .replace(/^<@(.*)>$/, '$1');
      if (!/^[a-z0-9-]{1,80}$/.test(id)) throw new AppError('invalid_request', `That is no ${entity}.`);
      return entity === 'user' || entity === 'role' || entity === 'guild' ? `chat:${entity}:${id}` : id;
    },

    async open(host, signal) {
      const api = apiOf(host);
      const token = (await host.secret()).reveal();
      let account: string;
      try {
        account = (await api.me(token, signal)).name;
      } catch (error) {
        if (error instanceof ChatRefusal && error.status === 401)
          throw new AppError('unauthenticated', 'The platform refuses the token.');
        throw new AppError('unavailable', 'The platform cannot be reached.', { cause: error });
      }
      host.takeAccount(account);
      return createSession(host, api, traits);
    },
  };
}

function createSession(host: ConnectorHost<ChatConfig>, api: ChatApi, traits: ChatTraits): ConnectorSession {
  const closing = new AbortController();
  const end = Promise.withResolvers<SessionEnd>();
  const polling = poll(host, api, closing.signal).then(end.resolve);
  return {
    closed: end.promise,

    async sendOutbound(part, signal) {
      const token = (await host.secret()).reveal();
      return send(api, token, part, AbortSignal.any([signal, closing.signal]));
    },

    ...(traits.lookUp
      ? {
          resolveUnknown: async (part: OutboundPart, signal: AbortSignal) => {
            const found = await api.find((await host.secret()).reveal(), part.key, signal);
            return found ? { kind: 'delivered', platformIds: [found.id] } : { kind: 'absent' };
          },
        }
      : {}),

    async close() {
      closing.abort();
      await polling;
    },
  };
}

/** Reads from the cursor on. A batch that cannot be stored is asked for again. */
async function poll(host: ConnectorHost<ChatConfig>, api: ChatApi, signal: AbortSignal): Promise<SessionEnd> {
  try {
    let position = Number((await host.loadCursor()) ?? 0);
    const token = (await host.secret()).reveal();
    while (!signal.aborted) {
      const updates = await api.updates(token, position, signal);
      const last = updates.at(-1);
      if (!last) continue;
      try {
        await host.accept(
          updates.map((update) => toEvent(update, host)),
          String(last.position),
        );
        position = last.position;
      } catch (error) {
        if (AppError.from(error).code === 'lease_lost') return { kind: 'closed' };
        await sleep(host.clock, 200, signal);
      }
    }
    return { kind: 'closed' };
  } catch (error) {
    if (signal.aborted) return { kind: 'closed' };
    return {
      kind: 'lost',
      code: 'session_failed',
      detail: error instanceof Error ? error.message : 'failed',
    };
  }
}

async function send(
  api: ChatApi,
  token: string,
  part: OutboundPart,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { address, operation, key } = part;
  if (operation.op !== 'send')
    return {
      kind: 'rejected',
      code: 'operation_unsupported',
      detail: 'The platform has no such thing.',
      scope: 'message',
    };
  try {
    const posted = await api.post(
      token,
      {
        key,
        conversation: address.conversation,
        text: `${part.possibleDuplicate ? repeatLabel : ''}${operation.text}`,
        ...(address.thread === undefined ? {} : { thread: address.thread }),
        ...(address.message === undefined ? {} : { replyTo: address.message }),
      },
      signal,
    );
    return { kind: 'delivered', platformIds: [posted.id] };
  } catch (error) {
    if (error instanceof ChatRefusal) return outcomeOfRefusal(error);
    if (error instanceof ChatUnreachable && !error.sent) {
      return { kind: 'retry', code: 'transient_network', scope: 'lane', deferral: false };
    }
    return { kind: 'unknown', code: 'answer_lost' };
  }
}

function outcomeOfRefusal({ status, message, retryAfterMs }: ChatRefusal): DeliveryOutcome {
  if (status === 429)
    return {
      kind: 'retry',
      code: 'rate_limited',
      scope: 'lane',
      deferral: true,
      ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }),
    };
  if (status === 401)
    return { kind: 'rejected', code: 'unauthenticated', detail: message, scope: 'connector' };
  return { kind: 'rejected', code: 'platform_rejected', detail: message, scope: 'message' };
}

function toEvent({ message }: Update, host: ConnectorHost<ChatConfig>): InboundMessageEvent {
  const { conversation, thread, id, sender, text } = message;
  const address = {
    connector: host.connectorId,
    conversation,
    message: id,
    ...(thread === undefined ? {} : { thread }),
  };
  return {
    type: 'message.created',
    source: host.connectorId,
    dedupeKey: `message:${id}`,
    lane: laneOf(address),
    occurredAt: 0,
    address,
    sender: { id: `chat:user:${sender}`, display: sender, kind: 'human', verified: true, roles: [] },
    direct: true,
    text,
    attachments: [],
    mentions: { self: false, everyone: false, users: [] },
    broadcast: false,
  };
}

function capabilities(): Record<ConnectorOperation, Capability> {
  const entry = (name: ConnectorOperation): [ConnectorOperation, Capability] => {
    const supported = name === 'send' || name === 'reply' || name === 'thread';
    return [
      name,
      {
        supported,
        ...(supported ? {} : { reason: 'The platform has no such thing.' }),
        policyAction: `channel.message.${name}`,
        approval: 'none',
        risk: 'low',
        auditType: `message.${name}`,
        permissions: [],
      },
    ];
  };
  const names = ['send', 'reply', 'thread', 'edit', 'delete', 'react', 'typing', 'read', 'search'] as const;
  return Object.fromEntries(names.map(entry)) as Record<ConnectorOperation, Capability>;
}
