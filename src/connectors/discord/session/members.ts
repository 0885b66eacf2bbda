import { RecentMap } from '../../../lib/recent-map.ts';
import type { Snowflake } from '../api-types.ts';
import { ask, type AskDeps, type Patience } from './ask.ts';

const rememberedMax = 10_000;
const patience: Patience = { triesMax: 4, waitMsMin: 500, waitMsMax: 30_000 };

/**
 * Who somebody is in a guild. Messages of the history do not tell it, unlike those of the gateway, and rules
 * may let people in by their roles.
 */
export class Members {
  readonly #deps: AskDeps;
  readonly #known = new RecentMap<string, { readonly member: unknown }>(rememberedMax);

  constructor(deps: AskDeps) {
    this.#deps = deps;
  }

  /**
   * The member as the platform writes it; undefined for somebody who has left, or of whom it does not tell.
   * @throws AppError as `ask` does.
   */
  async find(guild: Snowflake, user: Snowflake, signal: AbortSignal): Promise<unknown> {
    const key = `${guild} ${user}`;
    const known = this.#known.get(key);
    if (known) return known.member;
    const told = await ask(
      {
        method: 'GET',
        route: '/guilds/{guild}/members/{user}',
        params: { guild, user },
        priority: 'background',
        auth: 'bot',
      },
      patience,
      this.#deps,
      signal,
    );
    const member = told.kind === 'told' ? told.body : undefined;
    this.#known.set(key, { member });
    return member;
  }
}
