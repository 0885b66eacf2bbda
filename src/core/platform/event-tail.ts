import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { StoredJournalEntry } from '../../store/journal-store.ts';
import type { Store } from '../../store/store.ts';

export interface EventFilter {
  readonly source?: string;
  readonly kind?: string;
}

export interface EventTailDeps {
  readonly store: Pick<Store, 'journal' | 'watch'>;
  readonly clock: Clock;
}

export interface EventTailRequest {
  /** The id of the entry after which to begin; absent: what comes from now on. */
  readonly after?: string | undefined;
  readonly filter: EventFilter;
  /** With nothing new for this long, the tail says that it is still there. */
  readonly idleMs: number;
  /** Ends the tail. */
  readonly signal: AbortSignal;
}

const batchMax = 200;

/** What came, which may be nothing that the filter lets through; `idle` when nothing came at all for `idleMs`. */
export type EventBatch = readonly StoredJournalEntry[] | 'idle';

/**
 * The flight recorder as it grows: each entry once, in order. Entries wait in the store, not in memory, until
 * they are asked for.
 * @throws AppError `invalid_request` when `after` is no entry that there ever was.
 */
export async function openEventTail(
  { store, clock }: EventTailDeps,
  { after, filter, idleMs, signal }: EventTailRequest,
): Promise<AsyncGenerator<EventBatch, void>> {
  const head = await store.journal.getJournalHead();
  if (after !== undefined && !canHaveBeen(after, head))
    throw new AppError('invalid_request', 'Last-Event-ID is not one that this stream gave out.');
  return tail({ store, clock }, { from: Number(after ?? head), filter, idleMs, signal });
}

async function* tail(
  { store, clock }: EventTailDeps,
  { from, filter, idleMs, signal }: Omit<EventTailRequest, 'after'> & { readonly from: number },
): AsyncGenerator<EventBatch, void> {
  let position = from;
  const bell = new Bell(clock);
  const unwatch = store.watch((topics) => {
    if (topics.has('journal')) bell.ring();
  });
  const ring = (): void => bell.ring();
  signal.addEventListener('abort', ring);
  try {
    while (!signal.aborted) {
      bell.reset();
      // Asked for first: what the filter leaves out is then passed by, and never looked at again.
      const head = await store.journal.getJournalHead();
      const entries = await store.journal.readJournal({
        ...filter,
        after: String(position),
        limit: batchMax,
      });
      yield entries;
      const passedBy = entries.length < batchMax ? Number(head) : 0;
      position = Math.max(position, passedBy, Number(entries.at(-1)?.id ?? 0));
      if (entries.length > 0) continue;
      if (!(await bell.wait(idleMs))) yield 'idle';
    }
  } finally {
    unwatch();
    signal.removeEventListener('abort', ring);
  }
}

/** Wakes the one who waits for it, also when it rang just before. */
class Bell {
  readonly #clock: Clock;
  #hasRung = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#hasRung = true;
    this.#wake();
  }

  reset(): void {
    this.#hasRung = false;
  }

  /** False when it did not ring within `ms`. */
  wait(ms: number): Promise<boolean> {
    if (this.#hasRung) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => this.#wake());
      this.#wake = () => {
        cancel();
        this.#wake = () => undefined;
        resolve(this.#hasRung);
      };
    });
  }
}

/** Retention may have emptied the recorder since; its head is 0 then, and ids go on where they were. */
function canHaveBeen(id: string, head: string): boolean {
  return /^\d{1,15}$/.test(id) && (Number(id) <= Number(head) || head === '0');
}
