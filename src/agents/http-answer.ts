import { AppError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';
import type { GuardedResponse } from '../lib/guarded-fetch.ts';
import type { TurnMessage } from './agent.ts';
import { retryAfterMs } from './retry-after.ts';
import { parseTurnMessage } from './turn-message.ts';
import { retryLater } from './turn-output.ts';

export type HttpAnswer =
  | { readonly kind: 'messages'; readonly messages: readonly TurnMessage[] }
  /** 202: the messages are posted later. */
  | { readonly kind: 'awaiting' };

/**
 * What an agent's HTTP answer means. Reads it to its end before it gives out anything but drafts, so that
 * half an answer is none. `onDraft` hears how many messages come before. `now` is for dates in Retry-After.
 * @throws AppError as `Agent.run` does. Its message tells the status, and nothing of the body.
 */
export async function readAnswer(
  response: GuardedResponse,
  now: number,
  onDraft: (text: string, ahead: number) => void,
): Promise<HttpAnswer> {
  const { status, headers } = response;
  if (status === 200) return { kind: 'messages', messages: await readMessages(response, onDraft) };
  response.discard();
  if (status === 204) return { kind: 'messages', messages: [] };
  if (status === 202) return { kind: 'awaiting' };
  throw failureOf(status, retryAfterMs(headers['retry-after'], now));
}

function failureOf(status: number, afterMs: number | undefined): AppError {
  const answered = `The agent answered ${status}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const code = status === 429 ? 'rate_limited' : 'unavailable';
    return afterMs === undefined
      ? new AppError(code, `${answered}.`)
      : retryLater(code, `${answered}.`, afterMs);
  }
  if (status >= 400) {
    const hint =
      status === 401 || status === 403 ? ' Check that it has the signing secret that secretRef names.' : '';
    return new AppError('invalid_request', `${answered}, which refuses the turn for good.${hint}`);
  }
  if (status >= 300)
    return new AppError(
      'invalid_request',
      `${answered}, a redirect. Set url to the address that it leads to.`,
    );
  return new AppError(
    'unsupported',
    `${answered}, which has no meaning here. Use 200, 202 or 204: see docs/agents.md.`,
  );
}

async function readMessages(
  response: GuardedResponse,
  onDraft: (text: string, ahead: number) => void,
): Promise<readonly TurnMessage[]> {
  const type = response.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return parseList(await response.bytes());
  if (type === 'application/x-ndjson') return readStream(response, onDraft);
  response.discard();
  throw new AppError(
    'unsupported',
    'The agent answered 200 with another content type than application/json or application/x-ndjson. Without messages, answer 204.',
  );
}

function parseList(body: Uint8Array): readonly TurnMessage[] {
  const list = parseJson(body, 'The answer of the agent');
  if (!Array.isArray(list))
    throw new AppError(
      'unsupported',
      'The agent answered JSON that is not a list of messages. See docs/agents.md.',
    );
  if (list.length > limits.turnMessagesMax) throw tooMany();
  return list.map((value, index) => parseTurnMessage(value, `Message ${index + 1} of the answer`));
}

async function readStream(
  response: GuardedResponse,
  onDraft: (text: string, ahead: number) => void,
): Promise<readonly TurnMessage[]> {
  const { headers, body } = response;
  // Without either, the end of the connection is the end of the body, and a crash looks like an end.
  if (
    headers['content-length'] === undefined &&
    !headers['transfer-encoding']?.toLowerCase().includes('chunked')
  ) {
    response.discard();
    throw new AppError(
      'unsupported',
      'The agent streamed without Transfer-Encoding: chunked or Content-Length, so that nobody can tell whether the stream is whole. Use HTTP/1.1.',
    );
  }
  const messages: TurnMessage[] = [];
  const draft = new Draft();
  let number = 0;
  for await (const line of linesOf(body)) {
    number += 1;
    if (line.length === 0 || line.equals(carriageReturn)) continue;
    const where = `Line ${number} of the answer`;
    const value = parseJson(line, where);
    if (draft.take(value)) {
      onDraft(draft.text, messages.length);
      continue;
    }
    if (messages.length >= limits.turnMessagesMax) throw tooMany();
    messages.push(parseTurnMessage(value, where));
    draft.text = '';
  }
  return messages;
}

/** How the next message looks so far. A draft replaces it or adds to it; one that cannot be read is no harm. */
class Draft {
  text = '';

  /** False when the value is no draft. */
  take(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !('op' in value) || value.op !== 'draft') return false;
    if ('text' in value && typeof value.text === 'string') this.text = value.text;
    if ('append' in value && typeof value.append === 'string') this.text += value.append;
    return true;
  }
}

/** The longest text there may be, every character of it escaped, with as much again for extras. */
const lineBytesMax = 1024 * 1024;
const carriageReturn = Buffer.from('\r');

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  const add = (piece: Uint8Array): void => {
    size += piece.length;
    if (size > lineBytesMax)
      throw new AppError('too_large', `A line of the agent's answer is over ${lineBytesMax} bytes.`);
    pieces.push(piece);
  };
  const take = (): Buffer => {
    const line = Buffer.concat(pieces);
    pieces = [];
    size = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (size > 0) yield take();
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    // The parser's own words would repeat a piece of the answer.
    throw new AppError('unsupported', `${what} is not JSON in UTF-8.`);
  }
}

function tooMany(): AppError {
  return new AppError('too_large', `The agent answered more than ${limits.turnMessagesMax} messages.`);
}
