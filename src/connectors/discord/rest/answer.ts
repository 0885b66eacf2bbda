import type { GuardedResponse } from '../../../lib/guarded-fetch.ts';
import { egressFailureOf } from '../../../lib/guarded-fetch-failure.ts';
import { AppError } from '../../../domain/errors.ts';
import { readError } from '../api-read.ts';
import { errorRowOf } from './error-table.ts';
import { numberIn, secondsToMs } from './rate-facts.ts';
import type { RestAnswer } from './request.ts';

/** An answer with its body, or with as much of it as came. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when there is none, or it is no JSON. */
  readonly body: unknown;
  /** Set when the connection broke in the body. */
  readonly broken?: AppError;
}

/** `Index not yet available`: an error that comes as a success. */
const notIndexed = 110_000;
const fieldsShownMax = 5;

/** Reads the body to its end; never throws. */
export async function readAnswer(response: GuardedResponse): Promise<ReadAnswer> {
  const { status, headers } = response;
  try {
    const text = await response.text();
    return { status, headers, body: parseJson(text) };
  } catch (thrown) {
    return { status, headers, body: undefined, broken: AppError.from(thrown) };
  }
}

/** What an answer other than a 429 means. A success whose body is lost may have been applied: nobody can say. */
export function classifyAnswer({ status, headers, body, broken }: ReadAnswer): RestAnswer {
  const error = readError(body);
  const afterMs = secondsToMs(error.retry_after) ?? secondsToMs(numberIn(headers, 'retry-after'));
  const wait = afterMs === undefined ? {} : { afterMs };
  if (status === 202 && error.code === notIndexed)
    return { kind: 'wait', afterMs: Math.max(afterMs ?? 0, 1_000), scope: 'bucket', sent: true };
  if (status < 300 || status === 304) {
    if (broken) return { kind: 'failed', sent: true, detail: broken.message, status };
    return { kind: 'ok', status, body };
  }
  const row = errorRowOf(status, error.code);
  const detail = describe(status, error.code, error.fields, row.hint);
  if (row.outcome === 'unknown') return { kind: 'failed', sent: true, detail, status, ...wait };
  return { kind: 'refused', status, code: error.code, detail, fields: error.fields, sent: true, ...wait };
}

/** How far a request had come that got no answer. */
export function classifyFailure(thrown: unknown): RestAnswer {
  const error = AppError.from(thrown);
  const failure = egressFailureOf(thrown);
  // What the guarded fetch did not throw is a bug of ours, and nobody knows how far it came.
  const sent = failure === undefined || failure === 'answer_lost';
  return {
    kind: 'failed',
    sent,
    detail: error.message,
    ...(failure === 'refused' ? { forbidden: true } : {}),
  };
}

/** In our words: the platform's may quote what somebody wrote. */
function describe(status: number, code: number, fields: readonly string[], hint: string): string {
  const shown = fields.slice(0, fieldsShownMax).join(', ');
  const where = shown === '' ? '' : ` Wrong: ${shown}.`;
  return `${hint}${where} (HTTP ${status}${code === 0 ? '' : `, code ${code}`})`;
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
