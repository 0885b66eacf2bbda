import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { Redactor } from './redact.ts';

/** How far a request had come when it failed; what a caller needs to know before it repeats it. */
export type EgressFailure =
  /** The guard refused it, or a redirect that it met. A repeat is refused too. */
  | 'refused'
  /** It surely was not sent: a repeat does no harm. */
  | 'not_sent'
  /** It may have been sent, and no complete answer came: perhaps applied, perhaps not. */
  | 'answer_lost';

const failures = new WeakMap<AppError, EgressFailure>();

/** An error of the guarded fetch, as `egressFailureOf` reads it. */
export function egressError(
  failure: EgressFailure,
  code: ErrorCode,
  message: string,
  options?: { cause?: unknown },
): AppError {
  const error = new AppError(code, message, options);
  failures.set(error, failure);
  return error;
}

/** How far the request had come; undefined for anything that the guarded fetch did not throw. */
export function egressFailureOf(thrown: unknown): EgressFailure | undefined {
  return thrown instanceof AppError ? failures.get(thrown) : undefined;
}

/** What is known of a request while it runs, for the error that it may end in. */
export interface Progress {
  host: string;
  /** Stays true over redirects: the first hop may have done what was asked. */
  sent: boolean;
}

/** What a request's error means, in words that hold nothing of the request but its host. */
export function toFailure(
  thrown: unknown,
  { host, sent }: Progress,
  signal: AbortSignal,
  redactor: Redactor,
): AppError {
  if (thrown instanceof AppError && egressFailureOf(thrown) !== undefined) return thrown;
  const failure = sent ? 'answer_lost' : 'not_sent';
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    const code = reason instanceof AppError ? reason.code : 'unavailable';
    const message = reason instanceof AppError ? reason.message : `The request to ${host} was stopped.`;
    return egressError(failure, code, redactor.redact(message));
  }
  const code = codeOf(thrown);
  const cause = toCause(thrown, redactor);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    const message = `The request to ${host} has a method, path or header that HTTP does not allow.`;
    return egressError('refused', 'invalid_request', message, { cause });
  }
  const what = sent
    ? `The connection to ${host} broke before its answer was complete`
    : `No connection to ${host}`;
  const message = code === undefined ? `${what}.` : `${what} (${code}).`;
  return egressError(failure, code === 'UND_ERR_CONNECT_TIMEOUT' ? 'timeout' : 'unavailable', message, {
    cause,
  });
}

function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

/** The words of an error without its belongings: undici hangs sockets and pieces of the response on its own. */
function toCause(thrown: unknown, redactor: Redactor): Error | undefined {
  if (!(thrown instanceof Error)) return undefined;
  return new Error(redactor.redact(`${thrown.name}: ${thrown.message}`));
}
