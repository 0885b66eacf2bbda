import type { Receipt } from '../../core/webhook-receiver.ts';
import { reasonTable, type ReasonCode } from '../../domain/reasons.ts';

export interface IngressAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

const retryAfterSeconds = 30;

/** What the sender of a webhook gets to hear. 2xx only for what is on disk. */
export function answerOf(receipt: Receipt): IngressAnswer {
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate':
      return json(202, { status: receipt.kind, delivery: receipt.delivery, event: receipt.event });
    case 'ignored':
      return json(202, { status: receipt.kind, delivery: receipt.delivery, reason: receipt.reason });
    case 'challenge':
      return { status: receipt.status, contentType: receipt.contentType, body: receipt.body };
    case 'rejected':
      return problem(statusOf(receipt.reason), receipt.reason, receipt.detail ?? reasonTable[receipt.reason].meaning, receipt.delivery);
    case 'unavailable':
      return { ...problem(503, receipt.reason, reasonTable[receipt.reason].meaning), retryAfterSeconds };
  }
}

export function problem(status: number, code: string, detail: string, delivery?: string): IngressAnswer {
  const body = { type: `urn:palyra:error:${code}`, title: detail, status, code, detail, delivery };
  return {
    status,
    contentType: 'application/problem+json',
    body: `${JSON.stringify(body)}\n`,
    ...(status === 503 ? { retryAfterSeconds } : {}),
  };
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
