import type { AppError } from '../../domain/errors.ts';
import { errorTable } from '../../domain/errors.ts';

/** The one place that turns an error into a response: RFC 9457, with the code that the tables know. */
export function problemResponse(error: AppError, requestId: string): Response {
  const { status, meaning } = errorTable[error.code];
  const body = {
    type: `urn:palyra:error:${error.code}`,
    title: meaning,
    status,
    code: error.code,
    detail: error.message,
    request_id: requestId,
  };
  return Response.json(body, {
    status,
    headers: { 'content-type': 'application/problem+json', ...headersFor(error) },
  });
}

function headersFor(error: AppError): Record<string, string> {
  switch (error.code) {
    case 'rate_limited':
    case 'unavailable':
    case 'timeout':
    case 'vault_locked':
      return { 'retry-after': '1' };
    case 'unauthenticated':
      return { 'www-authenticate': 'Bearer' };
    // What is left of the body would stand in the way of the next request.
    case 'too_large':
      return { connection: 'close' };
    default:
      return {};
  }
}
