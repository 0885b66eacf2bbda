import { AppError } from '../domain/errors.ts';

/** Takes the secrets out of a text. */
export type Redact = (text: string) => string;

/** The same error without the secrets in its message. What is no AppError is never shown but in the log. */
export function redactedError(thrown: unknown, redact: Redact): unknown {
  if (!(thrown instanceof AppError)) return thrown;
  const { code, reason } = thrown;
  const message = redact(thrown.message);
  if (message === thrown.message) return thrown;
  return new AppError(code, message, { cause: thrown, ...(reason === undefined ? {} : { reason }) });
}
