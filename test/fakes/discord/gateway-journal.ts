/** What happened on the gateway, for tests to look at. */
export type GatewayNote =
  | {
      readonly kind: 'connected';
      readonly url: string;
      readonly host: 'gateway' | 'resume';
      readonly at: number;
    }
  | {
      readonly kind: 'identified';
      readonly sessionId: string;
      readonly shard: readonly [number, number];
      readonly intents: number;
      readonly at: number;
    }
  | {
      readonly kind: 'resumed';
      readonly sessionId: string;
      readonly seq: number;
      readonly replayed: number;
      readonly at: number;
    }
  /** Op 9 to an identify or a resume. */
  | { readonly kind: 'invalidated'; readonly resumable: boolean; readonly why: string; readonly at: number }
  /** `by` the fake or the client; 1006 when the connection was cut. */
  | {
      readonly kind: 'closed';
      readonly code: number;
      readonly by: 'fake' | 'client';
      readonly why: string;
      readonly at: number;
    };

type Unstamped<Note> = Note extends GatewayNote ? Omit<Note, 'at'> : never;
export type NewNote = Unstamped<GatewayNote>;

const notesMax = 10_000;

export class GatewayJournal {
  readonly #now: () => number;
  readonly #notes: GatewayNote[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The newest 10,000, the oldest first. */
  get notes(): readonly GatewayNote[] {
    return this.#notes;
  }

  of<Kind extends GatewayNote['kind']>(kind: Kind): readonly Extract<GatewayNote, { kind: Kind }>[] {
    return this.#notes.filter((note): note is Extract<GatewayNote, { kind: Kind }> => note.kind === kind);
  }

  write(note: NewNote): void {
    this.#notes.push({ ...note, at: this.#now() });
    if (this.#notes.length > notesMax) this.#notes.splice(0, notesMax / 10);
  }
}
