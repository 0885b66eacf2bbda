import type { GapId, GapRecord } from '../../../domain/gap.ts';
import type { Snowflake } from '../api-types.ts';
import { GapReading } from './gap-reading.ts';
import { Members } from './members.ts';
import type { Missed } from './missed-places.ts';
import { Places } from './places.ts';
import { channel, connector, SessionBench } from './session.fixture.ts';

export const minute = 60_000;
export const messagesRoute = '/channels/{channel}/messages';

/** A gap that is read back from a history. */
export class ReadingBench extends SessionBench {
  readonly signal = new AbortController();
  readonly reading: GapReading;
  readonly #gap: GapRecord;

  /** A gap of the last ten minutes, unless it is said when it began and ended. */
  constructor(catchUp: object = {}, agoMs = 10 * minute, endedAgoMs = 0) {
    super({ catchUp });
    this.#gap = {
      id: 'gap_1' as GapId,
      connector,
      scope: '0/1',
      fromAt: this.clock.now() - agoMs,
      toAt: this.clock.now() - endedAgoMs,
      cause: 'It broke.',
      state: 'open',
      recovered: 0,
      duplicates: 0,
      skipped: 0,
    };
    this.reading = this.begin();
  }

  /** Another reading of the same gap, as after a restart. */
  begin(): GapReading {
    const { host, rest, directory, clock, setAside, contextOf } = this;
    return new GapReading(this.#gap, {
      host,
      rest,
      policy: host.config.catchUp,
      places: new Places({ rest, directory, clock }),
      members: new Members({ rest, clock }),
      setAside,
      contextOf,
    });
  }

  /** Direct messages, unless a guild is given. */
  place(fields: Partial<Missed> = {}): Missed {
    return { channel, after: this.idAt(10 * minute), ...fields };
  }

  /** So many messages within the gap, whose texts are their numbers; answers with their ids. */
  fill(count: number, where = channel): readonly Snowflake[] {
    const ids = Array.from({ length: count }, (_none, index) => this.idAt(9 * minute, index));
    this.rest.history.set(
      where,
      ids.map((id, index) => this.message(id, { channel_id: where, content: `${index}` })),
    );
    return ids;
  }

  read(place = this.place(), until?: Snowflake): Promise<void> {
    return this.reading.read(place, this.signal.signal, until);
  }

  get pages(): number {
    return this.rest.requests.filter(({ route }) => route === messagesRoute).length;
  }
}

export const numbers = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_none, index) => `${from + index}`);
