import type { DeliveryOutcome } from '../../../domain/outcome.ts';
import { idOf, fieldsOf } from '../untrusted.ts';
import { errorRowOf } from './error-table.ts';
import type { RestAnswer } from './request.ts';

/** What a request was to do. Doing any but `create` twice comes to the same. */
export type Effect = 'create' | 'edit' | 'delete' | 'react' | 'unreact' | 'typing';

/** What an answer means for the part that it belongs to. */
export function outcomeOf(answer: RestAnswer, effect: Effect): DeliveryOutcome {
  switch (answer.kind) {
    case 'ok':
      return outcomeOfSuccess(answer.body, effect);
    case 'wait': {
      const { afterMs, scope, sent } = answer;
      // What is held back here for a moment holds back nobody else.
      const isForAll = scope === 'budget' || (scope === 'global' && sent);
      return {
        kind: 'retry',
        code: 'rate_limited',
        afterMs,
        scope: isForAll ? 'connector' : 'lane',
        deferral: true,
        detail: `${sent ? 'Discord asked to wait' : 'Held back'}: ${waits[scope]}.`,
      };
    }
    case 'refused':
      return outcomeOfRefusal(answer, effect);
    case 'failed':
      return outcomeOfFailure(answer, effect);
  }
}

const waits = {
  bucket: 'the limit of this kind of request',
  global: 'the limit over all requests',
  shared: 'the limit of the channel or server',
  budget: 'too many requests were refused lately',
} as const;

function outcomeOfSuccess(body: unknown, effect: Effect): DeliveryOutcome {
  if (effect !== 'create') return { kind: 'delivered', platformIds: [] };
  const id = idOf(fieldsOf(body)?.id);
  if (id !== undefined) return { kind: 'delivered', platformIds: [id] };
  return { kind: 'unknown', code: 'answer_lost', detail: 'The answer names no message.' };
}

function outcomeOfRefusal(
  { status, code, detail, afterMs }: Extract<RestAnswer, { kind: 'refused' }>,
  effect: Effect,
): DeliveryOutcome {
  const row = errorRowOf(status, code);
  const { scope, reason } = row;
  const wait = afterMs ?? row.afterMs;
  switch (row.outcome) {
    case 'rejected':
      return { kind: 'rejected', code: reason, detail, scope };
    case 'retry':
    case 'deferral':
      return {
        kind: 'retry',
        code: reason,
        scope,
        deferral: row.outcome === 'deferral',
        detail,
        ...(wait === undefined ? {} : { afterMs: wait }),
      };
    case 'gone':
      return effect === 'delete' || effect === 'unreact'
        ? { kind: 'delivered', platformIds: [] }
        : { kind: 'rejected', code: reason, detail, scope };
    case 'unknown':
      return { kind: 'unknown', code: reason, detail };
  }
}

function outcomeOfFailure(
  { sent, detail, status, afterMs, forbidden }: Extract<RestAnswer, { kind: 'failed' }>,
  effect: Effect,
): DeliveryOutcome {
  if (forbidden === true)
    return { kind: 'rejected', code: 'connector_misconfigured', detail, scope: 'connector' };
  if (!sent) return { kind: 'retry', code: 'transient_network', scope: 'lane', deferral: true, detail };
  const code = status === undefined || status < 300 ? 'answer_lost' : 'platform_error';
  if (effect === 'create') return { kind: 'unknown', code, detail };
  const wait = afterMs === undefined ? {} : { afterMs };
  return { kind: 'retry', code, scope: 'lane', deferral: false, detail, ...wait };
}
