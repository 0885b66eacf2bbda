import type { ConnectorSession, SessionEnd } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import { type Clock, deadline, rejectOnAbort } from '../lib/clock.ts';
import { inConnectorScope } from './connector-scope.ts';

/** Lets go of an adapter that does not listen to its signal; a session that it opens too late is closed. */
export async function openWithin(
  id: ConnectorId,
  opening: Promise<ConnectorSession>,
  signal: AbortSignal,
): Promise<ConnectorSession> {
  try {
    return await rejectOnAbort(opening, signal);
  } catch (error) {
    opening.then((late) => inConnectorScope(id, () => late.close())).catch(() => undefined);
    throw error;
  }
}

/** Lets go of a session that does not manage to close. */
export async function closeWithin(
  id: ConnectorId,
  session: ConnectorSession,
  clock: Clock,
  ms: number,
): Promise<void> {
  const timeout = deadline(clock, ms, () => new AppError('timeout', 'The session did not close in time.'));
  try {
    const closing = inConnectorScope(id, () => session.close());
    await rejectOnAbort(closing, timeout.signal);
  } finally {
    timeout.clear();
  }
}

/** How a session ended by itself. When it says that it was asked to, nobody did: the connector wants a new one. */
export async function endOf(session: ConnectorSession): Promise<SessionEnd> {
  const end = await session.closed;
  if (end.kind !== 'closed') return end;
  return { kind: 'lost', code: 'session_ended', detail: 'The session ended by itself.' };
}

/** The one place that turns an error into what it means for a connector. */
export function sessionEndOf(thrown: unknown): SessionEnd {
  const error = AppError.from(thrown);
  if (error.reason === 'account_taken')
    return { kind: 'blocked', code: 'account_taken', detail: error.message };
  switch (error.code) {
    case 'unauthenticated':
      return { kind: 'blocked', code: 'unauthenticated', detail: error.message };
    case 'not_found':
      return { kind: 'blocked', code: 'credential_missing', detail: error.message };
    case 'forbidden':
    case 'config_invalid':
    case 'invalid_request':
      return { kind: 'blocked', code: 'connector_misconfigured', detail: error.message };
    case 'vault_locked':
      return { kind: 'lost', code: 'vault_locked', detail: error.message };
    default:
      return { kind: 'lost', code: 'session_failed', detail: error.message };
  }
}
