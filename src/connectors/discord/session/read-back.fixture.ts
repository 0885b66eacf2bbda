import type { GapRecord } from '../../../domain/gap.ts';
import type { Snowflake } from '../api-types.ts';
import { toEvents } from '../inbound/to-events.ts';
import { GapLedger } from './ledger.ts';
import { Places } from './places.ts';
import { ReadBack } from './read-back.ts';
import { channel, SessionBench } from './session.fixture.ts';

const minute = 60_000;

/** Gaps that are read back beside a session that is live. */
export class ReadBackBench extends SessionBench {
  readonly readBack: ReadBack;
  readonly ledger = new GapLedger(this.host, this.closing.signal);
  #said = 0;

  constructor(catchUp: object = {}) {
    super({ catchUp });
    const { host, rest, directory, clock, ledger, setAside, contextOf, closing } = this;
    this.readBack = new ReadBack({
      host,
      rest,
      directory,
      places: new Places({ rest, directory, clock }),
      ledger,
      setAside,
      contextOf,
      signal: closing.signal,
    });
  }

  /** A gap of the last ten minutes, as the ledger has it. */
  gap(scope = '0/1'): Promise<GapRecord> {
    return this.gaps.open({ scope, fromAt: this.clock.now() - 10 * minute, cause: 'It broke.' });
  }

  /** A message of the gap, one minute old, in the history of the platform. */
  miss(text: string, where = channel): Snowflake {
    const id = this.idAt(minute, this.#said++);
    const message = this.message(id, { channel_id: where, content: text });
    this.rest.history.set(where, [...(this.rest.history.get(where) ?? []), message]);
    return id;
  }

  /** Has been heard before the gap. */
  async hear(where = channel, agoMs = 20 * minute): Promise<void> {
    const data = this.message(this.idAt(agoMs, this.#said++), {
      channel_id: where,
      content: `heard in ${where}`,
    });
    await this.host.accept(toEvents({ type: 'MESSAGE_CREATE', data }, this.contextOf('live')).kept);
  }

  /** Said just now, as the gateway tells of it. */
  dispatch(text: string, where = channel, fields: object = {}): { type: string; data: object } {
    const data = { ...this.message(this.idAt(0), { channel_id: where, content: text }), ...fields };
    return { type: 'MESSAGE_CREATE', data };
  }

  /** What was read back, without what had been heard before. */
  get read(): readonly string[] {
    return this.texts.filter((text) => !text.startsWith('heard'));
  }

  get state(): string {
    return this.gapRecords.map(({ state }) => state).join(' ');
  }
}
