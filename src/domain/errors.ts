import type { ReasonCode } from './reasons.ts';

/**
 * One table from an error's code to its HTTP status, the CLI's exit code and what `docs/errors.md` says of it.
 * Nothing else in the code base chooses a status or an exit code.
 */
export const errorTable = {
  invalid_request: {
    status: 400,
    exit: 64,
    meaning: 'The request cannot be understood. Correct it; a repeat fails too.',
  },
  unauthenticated: {
    status: 401,
    exit: 77,
    meaning: 'The token or credential is missing, wrong or revoked.',
  },
  forbidden: { status: 403, exit: 77, meaning: 'The credential is good, but may not do this.' },
  not_found: { status: 404, exit: 69, meaning: 'There is nothing under that id.' },
  conflict: {
    status: 409,
    exit: 75,
    meaning: 'It clashes with what is there. Look at the current state first.',
  },
  lease_lost: { status: 409, exit: 75, meaning: 'Another worker has taken this over. Nothing to do.' },
  too_large: { status: 413, exit: 65, meaning: 'It is over a limit, which the message names.' },
  unsupported: { status: 422, exit: 65, meaning: 'Understood, but this connector or provider cannot do it.' },
  rate_limited: {
    status: 429,
    exit: 75,
    meaning: 'Too many requests. Repeat after the delay in Retry-After.',
  },
  unavailable: { status: 503, exit: 69, meaning: 'Something it needs is down or full. Repeat later.' },
  timeout: { status: 504, exit: 75, meaning: 'No answer in time.' },
  vault_locked: {
    status: 503,
    exit: 77,
    meaning: 'The vault has no working master key. Provide it; queues wait.',
  },
  config_invalid: {
    status: 500,
    exit: 78,
    meaning: 'The configuration is wrong. The message names the key.',
  },
  internal: { status: 500, exit: 70, meaning: 'A bug. The log line with this request id has the cause.' },
} as const;

export type ErrorCode = keyof typeof errorTable;

/**
 * The only error class this code base throws on purpose. Anything else that is thrown is a bug and
 * is reported as `internal`. `message` is shown to operators, so it never holds a secret or a
 * user's text; the underlying error goes in `cause`.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** What it means for a connector, where its code alone does not say. */
  readonly reason: ReasonCode | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; reason?: ReasonCode } = {}) {
    const { reason, ...cause } = options;
    super(message, cause);
    this.code = code;
    this.reason = reason;
  }

  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    return new AppError('internal', 'Unexpected error. See the log line with this request id.', {
      cause: thrown,
    });
  }
}

export function isAppError(thrown: unknown, ...codes: readonly ErrorCode[]): thrown is AppError {
  return thrown instanceof AppError && (codes.length === 0 || codes.includes(thrown.code));
}
