import type { AppError } from '../../../domain/errors.ts';
import type { SessionEnd } from '../../connector.ts';
import { closeCodeOf, fatalDetail } from './close-codes.ts';
import { budgetWaitOf } from './identify-gate.ts';
import type { Identity } from './payload.ts';

/** How one connection, or the try to open one, came to its end. */
export type ConnectionEnd =
  /** We were asked to stop. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'closed'; readonly code: number }
  /** The gateway wants us to connect again. */
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'invalid_session'; readonly resumable: boolean }
  /** A heartbeat was not acknowledged. */
  | { readonly kind: 'zombie' }
  /** What we waited for did not come in time. */
  | { readonly kind: 'silent'; readonly detail: string }
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** There was no connection. */
  | { readonly kind: 'unreachable'; readonly error: AppError }
  /** What is needed to go on could not be had. */
  | { readonly kind: 'unprepared'; readonly what: 'url' | 'token' | 'turn'; readonly error: AppError }
  | { readonly kind: 'not_committed'; readonly error: AppError }
  /** A bug of ours. */
  | { readonly kind: 'failed'; readonly error: AppError };

export interface Verdict {
  /** Words for the status and the log. */
  readonly detail: string;
  /** Whether the session may still be resumed. */
  readonly keepSession: boolean;
  /** Set when there is to be no further connection. */
  readonly end?: SessionEnd;
  /** Before the next connection, whatever the backoff says. */
  readonly waitMsMin: number;
  /** The first time, no wait at all: the gateway asked for it. */
  readonly atOnce: boolean;
  /** How much it speaks against the session that the connection brought nothing. */
  readonly doubt: 'strong' | 'weak' | 'none';
}

/** What follows from the end of a connection. Pure. */
export function judgeEnd(end: ConnectionEnd, identity: Identity, random: () => number): Verdict {
  switch (end.kind) {
    case 'stopped':
      return verdict('The daemon closed the connection.', { end: { kind: 'closed' } });
    case 'closed':
      return judgeClose(end.code, identity);
    case 'reconnect':
      return verdict('The gateway asked for a new connection.', { atOnce: true });
    case 'invalid_session':
      return judgeInvalid(end.resumable, random);
    case 'zombie':
      return verdict('A heartbeat was not acknowledged.', { doubt: 'weak' });
    case 'silent':
    case 'unreadable':
      return verdict(end.detail, { doubt: 'strong' });
    case 'unreachable':
      return verdict(end.error.message, {});
    case 'unprepared':
      return judgeUnprepared(end.what, end.error);
    case 'not_committed': {
      if (end.error.code === 'unauthenticated') return judgeUnprepared('token', end.error);
      const detail = `What the gateway sent could not be stored. ${end.error.message}`;
      return verdict(detail, { end: { kind: 'lost', code: 'session_failed', detail } });
    }
    case 'failed': {
      const detail = end.error.message;
      return verdict(detail, { end: { kind: 'lost', code: 'internal_error', detail } });
    }
  }
}

function judgeClose(code: number, identity: Identity): Verdict {
  const { then, meaning, reason = 'session_failed', waitMsMin = 0 } = closeCodeOf(code);
  if (then === 'fatal') {
    const detail = fatalDetail(code, identity);
    return verdict(detail, { keepSession: false, end: { kind: 'blocked', code: reason, detail } });
  }
  return verdict(`The connection was closed with ${code}: ${meaning}.`, {
    keepSession: then === 'resume',
    // That is what a broken network looks like, too.
    doubt: code === 1006 ? 'weak' : 'strong',
    waitMsMin,
  });
}

/** https://docs.discord.com/developers/events/gateway-events#invalid-session; by custom 1 to 5 s pass before the next identify. */
function judgeInvalid(resumable: boolean, random: () => number): Verdict {
  return resumable
    ? verdict('The gateway could not go on with the session for now.', { doubt: 'strong' })
    : verdict('The gateway does not know the session any more.', {
        keepSession: false,
        waitMsMin: Math.round(1_000 + random() * 4_000),
      });
}

function judgeUnprepared(what: 'url' | 'token' | 'turn', error: AppError): Verdict {
  const detail = error.message;
  switch (error.code) {
    case 'unauthenticated':
      return verdict(detail, { end: { kind: 'blocked', code: 'unauthenticated', detail } });
    case 'not_found':
      return verdict(detail, {
        end: {
          kind: 'blocked',
          code: what === 'token' ? 'credential_missing' : 'connector_misconfigured',
          detail,
        },
      });
    case 'forbidden':
    case 'config_invalid':
    case 'invalid_request':
      return verdict(detail, { end: { kind: 'blocked', code: 'connector_misconfigured', detail } });
    case 'vault_locked':
      return verdict(detail, { end: { kind: 'lost', code: 'vault_locked', detail } });
    default:
      return verdict(detail, { waitMsMin: budgetWaitOf(error) ?? 0 });
  }
}

function verdict(detail: string, given: Partial<Verdict>): Verdict {
  return { detail, keepSession: true, waitMsMin: 0, atOnce: false, doubt: 'none', ...given };
}
