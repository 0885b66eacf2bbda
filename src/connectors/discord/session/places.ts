import type { Clock } from '../../../lib/clock.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { Snowflake } from '../api-types.ts';
import type { Directory } from '../inbound/directory.ts';
import type { Dispatch } from '../inbound/inbound-context.ts';
import type { Rest } from '../rest/rest.ts';
import { ask, type Patience } from './ask.ts';

const patience: Patience = { triesMax: 6, waitMsMin: 250, waitMsMax: 5_000 };
const closedMax = 10_000;

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

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  isMissing(dispatch: Dispatch): boolean {
    const { channel, guild } = this.#missing(dispatch);
    return channel !== undefined || guild !== undefined;
  }

  /**
   * Fills in what is missing for a dispatch. What the platform refuses to tell stays unknown.
   * @throws AppError `unavailable` when it cannot be asked: a thread taken for a channel would be answered in
   *   the wrong place.
   */
  async learn(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
    const { channel, guild } = this.#missing(dispatch);
    if (channel !== undefined) await this.#learnChannel(channel, signal);
    if (guild !== undefined) {
      const roles = await this.#ask(guild, '/guilds/{guild}/roles', { guild }, signal);
      if (roles !== undefined) this.#deps.directory.learnRoles(guild, roles);
    }
  }

  async #learnChannel(channel: Snowflake, signal: AbortSignal): Promise<void> {
    const found = await this.#ask(channel, '/channels/{channel}', { channel }, signal);
    if (found !== undefined && !this.#deps.directory.learnChannel(found)) this.#closed.set(channel, true);
  }

  #missing(dispatch: Dispatch): { readonly channel?: Snowflake; readonly guild?: Snowflake } {
    const { channel, guild } = this.#deps.directory.missing(dispatch);
    return {
      ...(channel === undefined || this.#closed.get(channel) ? {} : { channel }),
      ...(guild === undefined || this.#closed.get(guild) ? {} : { guild }),
    };
  }

  async #ask(
    id: Snowflake,
    route: string,
    params: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const told = await ask(
      { method: 'GET', route, params, priority: 'interaction', auth: 'bot' },
      patience,
      this.#deps,
      signal,
    );
    if (told.kind === 'told') return told.body;
    this.#closed.set(id, true);
    return undefined;
  }
}
