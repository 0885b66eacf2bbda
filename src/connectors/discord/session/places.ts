import { isAppError } from '../../../domain/errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { Snowflake } from '../api-types.ts';
import type { Directory } from '../inbound/directory.ts';
import type { Dispatch } from '../inbound/inbound-context.ts';
import type { Rest } from '../rest/rest.ts';
import { ask, type Patience, type Told } from './ask.ts';

const patience: Patience = { triesMax: 6, waitMsMin: 250, waitMsMax: 5_000 };
const closedMax = 10_000;
/** After so many places in a row of which it does not tell, the platform is not asked for any for a while. */
const unansweredMax = 2;
const pauseMs = 30_000;

export interface PlacesDeps {
  readonly rest: Pick<Rest, 'call'>;
  readonly directory: Directory;
  readonly clock: Clock;
}

/** Finds out where a dispatch happened, when the gateway has not told: after a resume in a new process. */
export class Places {
  readonly #deps: PlacesDeps;
  /** What the platform will not tell. */
  readonly #closed = new RecentMap<Snowflake, true>(closedMax);
  /** Until when there is no use in asking for a place again, on the monotonic clock. */
  readonly #unanswered = new RecentMap<Snowflake, number>(closedMax);
  #unansweredCount = 0;
  #pausedUntil = -Infinity;

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  isMissing(dispatch: Dispatch): boolean {
    const { channel, guild } = this.#missing(dispatch);
    return channel !== undefined || guild !== undefined;
  }

  /**
   * Fills in what is missing for a dispatch. What the platform refuses to tell stays unknown. False when it does
   * not answer: a thread taken for a channel would be judged by the wrong rules, so the dispatch has to wait.
   * @throws AppError `unauthenticated` when the token is refused; the reason of `signal`.
   */
  async learn(dispatch: Dispatch, signal: AbortSignal): Promise<boolean> {
    const { channel, guild } = this.#missing(dispatch);
    if (channel !== undefined && !(await this.#learnChannel(channel, signal))) return false;
    return guild === undefined || this.#learnRoles(guild, signal);
  }

  async #learnChannel(channel: Snowflake, signal: AbortSignal): Promise<boolean> {
    const told = await this.#ask(channel, '/channels/{channel}', { channel }, signal);
    if (told?.kind === 'told' && !this.#deps.directory.learnChannel(told.body))
      this.#closed.set(channel, true);
    return told !== undefined;
  }

  async #learnRoles(guild: Snowflake, signal: AbortSignal): Promise<boolean> {
    const told = await this.#ask(guild, '/guilds/{guild}/roles', { guild }, signal);
    if (told?.kind === 'told') this.#deps.directory.learnRoles(guild, told.body);
    return told !== undefined;
  }

  #missing(dispatch: Dispatch): { readonly channel?: Snowflake; readonly guild?: Snowflake } {
    const { channel, guild } = this.#deps.directory.missing(dispatch);
    return {
      ...(channel === undefined || this.#closed.get(channel) ? {} : { channel }),
      ...(guild === undefined || this.#closed.get(guild) ? {} : { guild }),
    };
  }

  /** Undefined when there is no answer. */
  async #ask(
    id: Snowflake,
    route: string,
    params: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Told | undefined> {
    const { clock } = this.#deps;
    if (clock.monotonic() < Math.max(this.#pausedUntil, this.#unanswered.get(id) ?? -Infinity))
      return undefined;
    const question = { method: 'GET', route, params, priority: 'interaction', auth: 'bot' } as const;
    try {
      const told = await ask(question, patience, this.#deps, signal);
      this.#unansweredCount = 0;
      if (told.kind === 'refused') this.#closed.set(id, true);
      return told;
    } catch (error) {
      if (signal.aborted || !isAppError(error, 'unavailable')) throw error;
      const until = clock.monotonic() + pauseMs;
      this.#unanswered.set(id, until);
      if (++this.#unansweredCount >= unansweredMax) this.#pausedUntil = until;
      return undefined;
    }
  }
}
