import type { Bot } from './entities.ts';

/** What a session needs of the connection that it is on. */
export interface SessionLine {
  send(text: string): void;
}

/** Dispatches of one identified client, numbered, kept for replay while it is away. */
export class Session {
  readonly id: string;
  readonly bot: Bot;
  readonly shard: readonly [index: number, count: number];
  readonly intents: number;
  readonly #bufferMax: number;
  readonly #buffer: (Kept | undefined)[] = [];
  #firstSeq = 1;
  #seq = 0;
  line: SessionLine | undefined;
  /** Stops the clock that ends the session while nobody is connected. */
  cancelExpiry: (() => void) | undefined;
  /** A dispatch that has to wait for the next one. */
  held: (() => void) | undefined;

  constructor(given: Pick<Session, 'id' | 'bot' | 'shard' | 'intents'>, bufferMax: number) {
    this.id = given.id;
    this.bot = given.bot;
    this.shard = given.shard;
    this.intents = given.intents;
    this.#bufferMax = bufferMax;
  }

  /** The number of the newest dispatch. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether everything after `seq` can still be replayed. */
  canReplayFrom(seq: number): boolean {
    return seq >= this.#firstSeq - 1 && seq <= this.#seq;
  }

  /** `json` is the data, written out: sessions that see the same share it. */
  dispatch(type: string, json: string, isReplayed = true): void {
    this.#seq += 1;
    this.#buffer.push(isReplayed ? { type, json } : undefined);
    if (this.#buffer.length > this.#bufferMax) {
      const dropped = this.#buffer.splice(0, Math.ceil(this.#bufferMax / 10));
      this.#firstSeq += dropped.length;
    }
    this.line?.send(payloadOf(type, this.#seq, json));
  }

  /** Sends what came after `seq` again, then RESUMED. */
  replay(seq: number, line: SessionLine): void {
    const start = seq - this.#firstSeq + 1;
    this.#buffer.slice(start).forEach((kept, index) => {
      if (kept) line.send(payloadOf(kept.type, seq + 1 + index, kept.json));
    });
    this.line = line;
    this.dispatch('RESUMED', '{"_trace":[]}', false);
  }
}

interface Kept {
  readonly type: string;
  readonly json: string;
}

function payloadOf(type: string, seq: number, json: string): string {
  return `{"t":"${type}","s":${seq},"op":0,"d":${json}}`;
}
