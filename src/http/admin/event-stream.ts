import type { Context } from 'hono';
import { AppError } from '../../domain/errors.ts';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { Logger } from '../../lib/logger.ts';
import type { EventBatch } from '../../core/platform/event-tail.ts';
import type { StoredJournalEntry } from '../../store/journal-store.ts';
import { StreamQuery } from '../contract/raw.ts';
import type { AuthenticatedCaller } from './authenticate.ts';
import { readQuery, validate } from './input.ts';

export interface EventStreamDeps {
  readonly platform: ChannelPlatform;
  readonly log: Logger;
  /** Aborts when the daemon stops, so that streams end. */
  readonly stopping: AbortSignal;
}

/** Proxies cut connections that are silent for longer. */
const keepAliveMs = 15_000;
export const streamsMax = 100;

/**
 * The flight recorder as server-sent events: each entry once, in order, resumable by `Last-Event-ID`.
 * A slow reader holds up nobody: the entries wait in the store, not in memory.
 */
export function createEventStream({
  platform,
  log,
  stopping,
}: EventStreamDeps): (c: Context, caller: AuthenticatedCaller) => Promise<Response> {
  let open = 0;
  return async (c, caller) => {
    const { after, ...filter } = validate(StreamQuery, readQuery(c), 'query');
    if (open >= streamsMax)
      throw new AppError('unavailable', `There are ${streamsMax} open streams, which is the most.`);
    const closed = new AbortController();
    const end = (): void => closed.abort();
    open++;
    closed.signal.addEventListener('abort', () => {
      open--;
      stopping.removeEventListener('abort', end);
    });
    stopping.addEventListener('abort', end);
    if (stopping.aborted) end();
    try {
      const batches = await platform.follow({
        after: c.req.header('last-event-id') ?? after,
        filter: withoutAbsent(filter),
        idleMs: keepAliveMs,
        signal: closed.signal,
      });
      return new Response(toStream(toLines(batches, caller), closed, log), {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        },
      });
    } catch (error) {
      end();
      throw error;
    }
  };
}

/** Ends when the caller's token does. */
async function* toLines(
  batches: AsyncGenerator<EventBatch, void>,
  caller: AuthenticatedCaller,
): AsyncGenerator<string, void> {
  yield ': connected\n\n';
  for await (const batch of batches) {
    if (!(await caller.isStillGood())) return;
    if (batch === 'idle') yield ': still here\n\n';
    else for (const entry of batch) yield toMessage(entry);
  }
}

function toMessage(entry: StoredJournalEntry): string {
  return `id: ${entry.id}\nevent: ${entry.kind}\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** Pulls the next line only when the reader has taken the last. `closed` aborts once it is over, however it ends. */
function toStream(
  lines: AsyncGenerator<string, void>,
  closed: AbortController,
  log: Logger,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const next = async (): Promise<string | undefined> => {
    try {
      return (await lines.next()).value ?? undefined;
    } catch (error) {
      // The reader comes back with the id of its last entry, and misses nothing.
      log.warn('http.stream_failed', { error });
      return undefined;
    }
  };
  let isLeft = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const line = await next();
        if (isLeft) return;
        if (line !== undefined) {
          controller.enqueue(encoder.encode(line));
          return;
        }
        closed.abort();
        controller.close();
      },
      async cancel() {
        isLeft = true;
        closed.abort();
        await lines.return();
      },
    },
    { highWaterMark: 0 },
  );
}

function withoutAbsent(filter: {
  readonly source?: string | undefined;
  readonly kind?: string | undefined;
}): {
  readonly source?: string;
  readonly kind?: string;
} {
  const { source, kind } = filter;
  return { ...(source === undefined ? {} : { source }), ...(kind === undefined ? {} : { kind }) };
}
