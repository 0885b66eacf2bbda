import type { Context } from 'hono';
import { AppError } from '../../domain/errors.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { StoredJournalEntry } from '../../store/journal-store.ts';
import type { Store } from '../../store/store.ts';

export interface EventStreamDeps {
  readonly store: Pick<Store, 'journal' | 'watch'>;
  readonly clock: Clock;
  /** Aborts when the daemon stops, so that streams end. */
  readonly stopping: AbortSignal;
}

const batchMax = 200;
/** Proxies cut connections that are silent for longer. */
const keepAliveMs = 15_000;
export const streamsMax = 100;

/**
 * The flight recorder as server-sent events: each entry once, in order, resumable by `Last-Event-ID`.
 * A slow reader holds up nobody: the entries wait in the store, not in memory.
 */
export function createEventStream({ store, clock, stopping }: EventStreamDeps): (c: Context) => Promise<Response> {
  let open = 0;
  return async (c) => {
    const after = c.req.header('last-event-id') ?? c.req.query('after');
    if (after !== undefined && !/^\d{1,15}$/.test(after)) throw new AppError('invalid_request', 'Last-Event-ID is not one that this stream gave out.');
    if (open >= streamsMax) throw new AppError('unavailable', `There are ${streamsMax} open streams, which is the most.`);
    const filter = { ...pick('source', c.req.query('source')), ...pick('kind', c.req.query('kind')) };
    const closed = new AbortController();
    const ended = AbortSignal.any([stopping, c.req.raw.signal, closed.signal]);
    open++;
    const lines = tail({ store, clock, after: after ?? (await store.journal.getJournalHead()), filter, ended });
    const onEnd = (): void => {
      open--;
      closed.abort();
    };
    return new Response(toStream(lines, onEnd), {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
  };
}

async function* tail(options: {
  readonly store: Pick<Store, 'journal' | 'watch'>;
  readonly clock: Clock;
  readonly after: string;
  readonly filter: { readonly source?: string; readonly kind?: string };
  readonly ended: AbortSignal;
}): AsyncGenerator<string> {
  const { store, clock, filter, ended } = options;
  let after = options.after;
  let news = new AbortController();
  const unwatch = store.watch((topics) => {
    if (topics.has('journal')) news.abort();
  });
  try {
    yield ': connected\n\n';
    while (!ended.aborted) {
      news = new AbortController();
      const entries = await store.journal.readJournal({ ...filter, after, limit: batchMax });
      for (const entry of entries) yield toMessage(entry);
      after = entries.at(-1)?.id ?? after;
      if (entries.length > 0) continue;
      await sleep(clock, keepAliveMs, AbortSignal.any([news.signal, ended]));
      if (!news.signal.aborted && !ended.aborted) yield ': still here\n\n';
    }
  } finally {
    unwatch();
  }
}

function toMessage(entry: StoredJournalEntry): string {
  return `id: ${entry.id}\nevent: ${entry.kind}\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** Pulls the next line only when the reader has taken the last. */
function toStream(lines: AsyncGenerator<string>, onEnd: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await lines.next();
        if (done === true) {
          onEnd();
          controller.close();
        } else {
          controller.enqueue(encoder.encode(value));
        }
      },
      async cancel() {
        onEnd();
        await lines.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function pick<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: string });
}
