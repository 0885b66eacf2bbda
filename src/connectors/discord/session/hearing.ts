import type { Reception } from '../../connector.ts';
import type { ShardState } from '../gateway/contract.ts';

/** What waits for longer to be stored is as good as not heard. */
const waitMsMax = 60_000;

interface Down {
  readonly since: number;
  readonly detail: string;
}

/** Whether a session hears its platform, by what its connections tell of themselves. */
export class Hearing {
  /** The connections that are down. */
  readonly #down = new Map<string, Down>();
  /** Those of them that wait for their first turn to begin a session. */
  readonly #queued = new Set<string>();
  /** Those that have had one, or needed none. */
  readonly #begun = new Set<string>();
  /** What each waits out at the moment, if anything. */
  readonly #whyNow = new Map<string, () => string | undefined>();
  /** When the last connection came up. */
  #upAt = 0;

  /** There is one more connection, which has yet to come up. `whyNow` says what it waits out when asked, if anything. */
  expect(name: string, at: number, whyNow: () => string | undefined): void {
    this.#whyNow.set(name, whyNow);
    this.#down.set(name, { since: at, detail: 'It has not come up yet.' });
  }

  /** It waits for its turn to begin a session. */
  queued(name: string): void {
    if (!this.#begun.has(name)) this.#queued.add(name);
  }

  /**
   * Its turn has come at `at`, or it gets none. With its first turn it counts from there, and so do all that are
   * behind it: by the rule of the platform a large bot takes minutes to start, and nothing is amiss while it does.
   */
  turned(name: string, at?: number): void {
    const isFirst = this.#queued.has(name);
    if (isFirst && at !== undefined)
      for (const queued of this.#queued)
        this.#down.set(queued, { since: at, detail: 'It has not come up yet.' });
    this.#leaveQueue(name);
  }

  note(name: string, state: ShardState): void {
    this.#leaveQueue(name);
    if (state.state === 'disconnected') {
      this.#down.set(name, { since: state.at, detail: state.detail });
      return;
    }
    this.#down.delete(name);
    this.#upAt = state.at;
  }

  /** As it is `now`, when something has waited since `waitingSince` to be stored. */
  receptionAt(now: number, waitingSince: number): Reception {
    const { reception } = this;
    if (!reception.ok || now - waitingSince <= waitMsMax) return reception;
    return { ok: false, since: waitingSince, detail: 'What the gateway tells cannot be stored, and waits.' };
  }

  get reception(): Reception {
    const [first] = [...this.#down].toSorted(([, one], [, other]) => one.since - other.since);
    if (!first) return { ok: true, since: this.#upAt };
    const [name, { since, detail }] = first;
    const count = `${this.#down.size} of ${this.#whyNow.size} connections to the gateway`;
    const why = this.#whyNow.get(name)?.() ?? detail;
    return { ok: false, since, detail: `${count} down, the first ${name}: ${why}` };
  }

  #leaveQueue(name: string): void {
    this.#queued.delete(name);
    this.#begun.add(name);
  }
}
