import type { Brand } from './brand.ts';
import { AppError } from './errors.ts';
import { limits } from './limits.ts';

/** One account on a platform: `<kind>:<account>`, e.g. `discord:default`. */
export type ConnectorId = SourceId & Brand<'ConnectorId'>;
/** Where events come from: a connector, or a webhook integration as `webhook:<id>`. */
export type SourceId = Brand<'SourceId'>;
export type ConnectorKind = Brand<'ConnectorKind'>;
/** One accepted inbound event: `evt_<ulid>`. */
export type EventId = Brand<'EventId'>;
/** The handling of one event by an agent. The same for every attempt and replay: `turn_<ulid of the event>`. */
export type TurnId = Brand<'TurnId'>;
/** One outbound message, whole: `msg_<ulid>`. */
export type MessageId = Brand<'MessageId'>;
/** One part of an outbound message, which is one outbox row: `prt_<ulid>`. */
export type PartId = Brand<'PartId'>;
/** One HTTP request that a webhook integration received: `dlv_<ulid>`. */
export type DeliveryId = Brand<'DeliveryId'>;
export type IntegrationId = Brand<'IntegrationId'>;
export type AgentId = Brand<'AgentId'>;
export type RuleId = Brand<'RuleId'>;
export type TokenId = Brand<'TokenId'>;

/** Makes ids that sort by time: `prefix_` and a ULID. A seam, so that simulations are repeatable. */
export type NextId = <Id extends string>(prefix: string) => Id;

const webhookKind = 'webhook';
const kindPattern = /^[a-z][a-z0-9_]{0,31}$/;
const accountPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const slugPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * The id of an account on a platform. Kind and account are trimmed and lower-cased.
 * @throws AppError `invalid_request` when either holds other characters than letters, digits, `.`, `_`, `-`.
 */
export function connectorId(kind: string, account: string): ConnectorId {
  const id = `${kind.trim().toLowerCase()}:${account.trim().toLowerCase()}`;
  return parseConnectorId(id);
}

/** @throws AppError `invalid_request` when `text` is not `<kind>:<account>`, or names a webhook. */
export function parseConnectorId(text: string): ConnectorId {
  const [kind = '', account = '', ...rest] = text.split(':');
  const wellFormed = kindPattern.test(kind) && accountPattern.test(account) && rest.length === 0;
  if (!wellFormed || kind === webhookKind || text.length > limits.connectorIdBytesMax) {
    throw new AppError(
      'invalid_request',
      `"${printable(text)}" is not a connector id. Write <kind>:<account>, e.g. echo:default.`,
    );
  }
  return text as ConnectorId;
}

export function kindOf(id: ConnectorId): ConnectorKind {
  return id.slice(0, id.indexOf(':')) as ConnectorKind;
}

export function accountOf(id: ConnectorId): string {
  return id.slice(id.indexOf(':') + 1);
}

export function webhookSource(id: IntegrationId): SourceId {
  return `${webhookKind}:${id}` as SourceId;
}

/** The integration that a source names, or undefined when the source is a connector. */
export function integrationOf(source: SourceId): IntegrationId | undefined {
  return source.startsWith(`${webhookKind}:`)
    ? (source.slice(webhookKind.length + 1) as IntegrationId)
    : undefined;
}

export function turnIdOf(id: EventId): TurnId {
  return id.replace(/^evt_/, 'turn_') as TurnId;
}

export function eventIdOfTurn(id: TurnId): EventId {
  return id.replace(/^turn_/, 'evt_') as EventId;
}

/** @throws AppError `invalid_request` when `text` is no lower-case name of letters, digits, `.`, `_`, `-`. */
export function parseSlug<Id extends string>(text: string, what: string): Id {
  const slug = text.trim().toLowerCase();
  if (!slugPattern.test(slug)) {
    throw new AppError(
      'invalid_request',
      `"${printable(text)}" is not a valid ${what}. Use up to 64 of a-z, 0-9, ".", "_", "-".`,
    );
  }
  return slug as Id;
}

/** Short and free of control characters, so that it can stand in an error message. */
function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
