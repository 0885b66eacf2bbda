import type { Receipt } from '../../core/webhook-receiver.ts';
import { type ErrorCode, errorTable } from '../../domain/errors.ts';
import { isReasonCode, reasonTable, type ReasonCode } from '../../domain/reasons.ts';

export interface IngressAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly retryAfterSeconds?: number;
  /** The methods that would do, with 405. */
  readonly allow?: string;
}

const retryAfterSeconds = 30;

/** What the sender of a webhook gets to hear. 2xx only for what is on disk. */
export function answerOf(receipt: Receipt): IngressAnswer {
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate': {
      const { kind, ...facts } = receipt;
      return json(202, { status: kind, ...facts });
    }
    case 'ignored':
      return json(202, { status: receipt.kind, delivery: receipt.delivery, reason: receipt.reason });
    case 'challenge':
      return { status: receipt.status, contentType: receipt.contentType, body: receipt.body };
    case 'rejected':
      return problem(
        statusOf(receipt.reason),
        receipt.reason,
        receipt.detail ?? reasonTable[receipt.reason].meaning,
        receipt.delivery,
      );
    case 'unavailable':
      return problem(503, receipt.reason, reasonTable[receipt.reason].meaning);
  }
}

/** RFC 9457. A title is the same for every problem of a kind; what is particular stands in `detail`. */
export function problem(
  status: number,
  code: ReasonCode | ErrorCode,
  detail: string,
  delivery?: string,
): IngressAnswer {
  const body = { type: `urn:palyra:error:${code}`, title: titleOf(code), status, code, detail, delivery };
  return {
    status,
    contentType: 'application/problem+json',
    body: `${JSON.stringify(body)}\n`,
    ...(status === 503 ? { retryAfterSeconds } : {}),
  };
}

function titleOf(code: ReasonCode | ErrorCode): string {
  return isReasonCode(code) ? reasonTable[code].meaning : errorTable[code].meaning;
}

function statusOf(reason: ReasonCode): number {
  switch (reason) {
    case 'payload_too_large':
      return 413;
    case 'payload_invalid':
    case 'signature_duplicated':
      return 400;
    case 'source_not_allowed':
    case 'integration_disabled':
      return 403;
    default:
      return 401;
  }
}

function json(status: number, body: object): IngressAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
