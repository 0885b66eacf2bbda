import type { IncomingMessage } from 'node:http';
import type { Clock } from '../lib/clock.ts';

/** Bytes of bodies in memory over all requests, so that many large ones at once cannot exhaust it. */
export class BodyBudget {
  readonly #bytesMax: number;
  #taken = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get taken(): number {
    return this.#taken;
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

export type BodyResult =
  | { readonly kind: 'body'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'no_room' }
  /** The sender went away or broke the protocol; nobody is left to answer. */
  | { readonly kind: 'aborted' };

/** Reads a body exactly as sent, and stops as soon as it is over `bytesMax`, whatever its length header says. */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
  budget: BodyBudget,
): Promise<BodyResult> {
  if (declaredLength(request) > bytesMax) return Promise.resolve({ kind: 'too_large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: BodyResult): void => {
      request.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
      if (result.kind !== 'body') budget.give(size);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      if (size + chunk.length > bytesMax) {
        finish({ kind: 'too_large' });
        return;
      }
      if (!budget.take(chunk.length)) {
        finish({ kind: 'no_room' });
        return;
      }
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      finish({ kind: 'body', bytes: joined(chunks, size), release: () => budget.give(size) });
    };
    const onAbort = (): void => finish({ kind: 'aborted' });
    request.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort);
  });
}

/**
 * In memory of their own: the chunks, and what `Buffer.concat` makes of them, are windows into larger blocks,
 * which go along as a whole when the bytes go to another thread.
 */
function joined(chunks: readonly Buffer[], size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(bytes, offset);
  return bytes;
}

/** What the sender says; 0 when it says nothing. */
export function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}

const discardBytesMax = 8 * 1024 * 1024;
const discardMsMax = 2_000;

/**
 * Reads the rest of a body and throws it away. A connection that is closed while the sender still writes
 * is reset, and the sender never sees the answer; but nobody may hold it open for long either.
 */
export function discardBody(request: IncomingMessage, clock: Clock): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let size = 0;
    const finish = (): void => {
      cancel();
      request.off('data', onData).off('end', finish).off('error', finish).off('close', finish);
      resolve();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > discardBytesMax) finish();
    };
    const cancel = clock.after(discardMsMax, finish);
    request.on('data', onData).on('end', finish).on('error', finish).on('close', finish);
  });
}
