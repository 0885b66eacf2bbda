import type { ResumePoint } from './contract.ts';
import type { LiveSession } from './dispatch-queue.ts';
import type { Verdict } from './judge-end.ts';

/** Of so many tries in a row, the last goes to the general URL: that of the session may not work any more. */
const triesPerRound = 4;
/** What one connection that brought nothing adds to the doubt about the session, and how much doubt ends it. */
const doubts = { strong: 4, weak: 1, none: 0 };
const doubtMax = 12;

/** The session that a shard can resume, for as long as there is hope for it. */
export class SessionTrack {
  #session: LiveSession | undefined;
  /** Connections in a row, and tries at one, that brought nothing. */
  #inVain = 0;
  #urlRefused = false;
  #doubt = 0;

  constructor(resume: ResumePoint | undefined) {
    if (!resume) return;
    const { sessionId, resumeUrl, seq } = resume;
    this.#session = { sessionId, resumeUrl, received: seq, committed: seq };
  }

  get session(): LiveSession | undefined {
    return this.#session;
  }

  /** Where to resume; undefined when there is no session, or when another URL is to be tried. */
  get url(): string | undefined {
    const isItsTurn = this.#inVain % triesPerRound !== triesPerRound - 1;
    return isItsTurn && !this.#urlRefused ? this.#session?.resumeUrl : undefined;
  }

  begin(sessionId: string, resumeUrl: string): void {
    this.#forget();
    this.#session = { sessionId, resumeUrl, received: 0, committed: null };
  }

  /** The guard will never let us connect to the URL of the session. */
  urlRefused(): void {
    this.#urlRefused = true;
  }

  /**
   * Draws the consequence of the end of a connection that brought so many dispatches. `asked` when the session
   * had been asked for: before that, its end says little of the session.
   */
  connectionEnded({ keepSession, doubt }: Verdict, dispatches: number, asked: boolean): void {
    if (dispatches > 0) {
      this.#inVain = 0;
      this.#doubt = 0;
    } else {
      this.#inVain++;
      this.#doubt += asked ? doubts[doubt] : Math.min(doubts[doubt], doubts.weak);
    }
    if (!keepSession || this.#doubt >= doubtMax) this.#forget();
  }

  #forget(): void {
    this.#session = undefined;
    this.#inVain = 0;
    this.#doubt = 0;
    this.#urlRefused = false;
  }
}
