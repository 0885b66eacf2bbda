import type { ReadAnswer } from '../../connectors/operations.ts';
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';

/** What a refusal means for whoever asks. A credential of ours that is not good is no fault of theirs. */
const codeByReason: Partial<Readonly<Record<ReasonCode, ErrorCode>>> = {
  message_gone: 'not_found',
  destination_unavailable: 'not_found',
  permission_missing: 'forbidden',
  message_invalid: 'invalid_request',
  operation_unsupported: 'unsupported',
};

/** The error for a question to a platform that was not answered. */
export function readFailure(answer: Exclude<ReadAnswer<never>, { kind: 'found' }>): AppError {
  if (answer.kind === 'refused')
    return new AppError(codeByReason[answer.code] ?? 'unavailable', answer.detail);
  if (answer.code !== 'rate_limited')
    return new AppError('unavailable', 'The platform could not be asked. Try again in a moment.');
  return new AppError(
    'rate_limited',
    `The platform asks to wait for ${Math.ceil(answer.afterMs / 1_000)} s.`,
  );
}
