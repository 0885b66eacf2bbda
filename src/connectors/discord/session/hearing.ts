import type { Reception } from '../../connector.ts';
import type { ShardState } from '../gateway/contract.ts';

/** What waits for longer to be stored is as good as not heard. */
const waitMsMax = 60_000;

/** Whether a session hears its platform, by what its connections tell of themselves. */
export class Hearing {
  /** The connections that are down, since the longest time first. */
  readonly #down = new Map<string, { readonly since: number; readonly detail: string }>();
  #connections = 0;
  /** When the last connection came up. */
  #upAt = 0;

  /** There is one more connection, which has yet to come up. */
  expect(name: string, at: number): void {
    this.#connections++;
    this.#down.set(name, { since: at, detail: 'It has not come up yet.' });
  }

  note(name: string, state: ShardState): void {
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
    const [first] = this.#down;
    if (!first) return { ok: true, since: this.#upAt };
    const [name, { since, detail }] = first;
    const count = `${this.#down.size} of ${this.#connections} connections to the gateway`;
    return { ok: false, since, detail: `${count} down, the first ${name}: ${detail}` };
  }
}
