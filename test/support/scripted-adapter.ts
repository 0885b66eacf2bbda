import { z } from 'zod';
import type {
  Capability,
  ConnectorAdapter,
  ConnectorHost,
  ConnectorOperation,
  ConnectorSession,
  IdentityEntity,
  SessionEnd,
} from '../../src/connectors/connector.ts';
import { connectorOperations } from '../../src/connectors/connector.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { OutboundPart } from '../../src/domain/outbound.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../../src/domain/outcome.ts';

type Host = ConnectorHost<unknown>;
type Send = (part: OutboundPart, signal: AbortSignal) => Promise<DeliveryOutcome>;
type LookUp = (part: OutboundPart, signal: AbortSignal) => Promise<ResolvedUnknown>;

/** A session that does what the test says, and tells what it was asked. */
export class ScriptedSession implements ConnectorSession {
  readonly host: Host;
  readonly sent: OutboundPart[] = [];
  readonly #end = Promise.withResolvers<SessionEnd>();
  readonly closed = this.#end.promise;
  closeCalls = 0;
  send: Send = (part) => Promise.resolve({ kind: 'delivered', platformIds: [`p-${part.key}`] });
  resolveUnknown?: LookUp;
  typing?: NonNullable<ConnectorSession['typing']>;
  revise?: NonNullable<ConnectorSession['revise']>;
  receiving?: NonNullable<ConnectorSession['receiving']>;
  declare read?: NonNullable<ConnectorSession['read']>;
  declare search?: NonNullable<ConnectorSession['search']>;
  onClose: () => Promise<void> = () => Promise.resolve();

  constructor(host: Host) {
    this.host = host;
  }

  sendOutbound(part: OutboundPart, signal: AbortSignal): Promise<DeliveryOutcome> {
    this.sent.push(part);
    return this.send(part, signal);
  }

  /** Ends it from the platform's side. */
  end(end: SessionEnd): void {
    this.#end.resolve(end);
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }

  close(): Promise<void> {
    this.closeCalls++;
    this.#end.resolve({ kind: 'closed' });
    return this.onClose();
  }
}

export interface AdapterScript {
  readonly kind?: string;
  readonly textMax?: number;
  readonly idempotentSendMs?: number;
  readonly unsupported?: readonly ConnectorOperation[];
  readonly approval?: Capability['approval'];
  readonly configSchema?: z.ZodType;
  readonly split?: ConnectorAdapter['split'];
}

/** An adapter whose sessions the test holds in its hands. */
export class ScriptedAdapter implements ConnectorAdapter {
  readonly kind: string;
  readonly title = 'Scripted';
  readonly configSchema: z.ZodType;
  readonly needsSecret = false;
  readonly capabilities: ConnectorAdapter['capabilities'];
  readonly split?: NonNullable<ConnectorAdapter['split']>;
  declare parseLink?: NonNullable<ConnectorAdapter['parseLink']>;
  declare mediaPolicy?: NonNullable<ConnectorAdapter['mediaPolicy']>;
  /** Every session that was opened, the newest last. */
  readonly sessions: ScriptedSession[] = [];
  /** How often a session was asked for. */
  opened = 0;
  /** What opening does; a session by default. */
  onOpen: (host: Host, signal: AbortSignal) => Promise<ConnectorSession> = (host) =>
    Promise.resolve(this.newSession(host));
  /** Prepares each session before it is given out. */
  prepare: (session: ScriptedSession) => void = () => undefined;

  constructor(script: AdapterScript = {}) {
    const {
      kind = 'echo',
      textMax = 100,
      idempotentSendMs = 0,
      unsupported = [],
      approval = 'none',
    } = script;
    this.kind = kind;
    this.configSchema = script.configSchema ?? z.looseObject({});
    this.capabilities = {
      operations: Object.fromEntries(
        connectorOperations.map((name) => [name, capability(name, !unsupported.includes(name), approval)]),
      ) as Record<ConnectorOperation, Capability>,
      inbound: ['message.created'],
      textMax,
      idempotentSendMs,
    };
    if (script.split) this.split = script.split;
  }

  /** The newest session. */
  get session(): ScriptedSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error('No session has been opened.');
    return session;
  }

  open(host: Host, signal: AbortSignal): Promise<ConnectorSession> {
    this.opened++;
    return this.onOpen(host, signal);
  }

  newSession(host: Host): ScriptedSession {
    const session = new ScriptedSession(host);
    this.sessions.push(session);
    this.prepare(session);
    return session;
  }

  /** Knows a raw id, a mention `<@id>`, a link `https://<kind>.example/<entity>/<id>`, and its own spelling. */
  canonicalIdentity(entity: IdentityEntity, raw: string): string {
    const id = raw
      .trim()
      .replace(new RegExp(`^${this.kind}:${entity}:`), '')
      .replace(new RegExp(`^https://${this.kind}\\.example/${entity}/`), '')
      .replace(/^<@(.*)>$/, '$1');
    if (!/^[a-z0-9-]+$/.test(id)) throw new AppError('invalid_request', `That is no ${this.kind} ${entity}.`);
    return entity === 'conversation' || entity === 'thread' ? id : `${this.kind}:${entity}:${id}`;
  }
}

function capability(
  name: ConnectorOperation,
  supported: boolean,
  approval: Capability['approval'],
): Capability {
  return {
    supported,
    ...(supported ? {} : { reason: `It cannot ${name}.` }),
    policyAction: `channel.message.${name}`,
    approval,
    risk: 'low',
    auditType: `message.${name}`,
    permissions: [],
  };
}
