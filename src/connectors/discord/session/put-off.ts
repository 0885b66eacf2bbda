import type { GapRecord } from '../../../domain/gap.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { Dispatch } from '../inbound/inbound-context.ts';
import { snowflakeTime } from '../snowflake.ts';
import { placeScope, whereIs } from './missed-places.ts';
import type { ReadBack } from './read-back.ts';
import type { SetAside } from './set-aside.ts';

export interface PutOffDeps {
  readonly host: Pick<ConnectorHost<unknown>, 'gaps' | 'clock' | 'log'>;
  readonly readBack: Pick<ReadBack, 'owe'>;
  readonly setAside: Pick<SetAside, 'leaveOut' | 'told'>;
}

const placesMax = 10_000;
/** Whose place it is does not matter: only that place is read. */
const anyShard = [0, 1] as const;

/** Puts off what the gateway tells of a place that cannot be looked up now, so that it holds up no other place. */
export class PutOff {
  readonly #deps: PutOffDeps;
  /** The gaps that are owed, one for each place. */
  readonly #owed = new RecentMap<Snowflake, GapRecord>(placesMax);

  constructor(deps: PutOffDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when it is on disk that a message has to be read back from the history of its place, by a later
   * session too; or that something is lost which no history tells.
   * @throws AppError `unavailable` when nothing can be written now.
   */
  async take(dispatch: Dispatch): Promise<void> {
    const { host, setAside } = this.#deps;
    const { channel, guild, message } = whereIs(dispatch);
    if (dispatch.type !== 'MESSAGE_CREATE' || channel === undefined || message === undefined) {
      await setAside.leaveOut(dispatch, 'came from a channel that could not be looked up.');
      return;
    }
    const gap = this.#owed.get(channel) ?? (await this.#owe(channel, guild, message));
    await host.gaps.update(gap.id, { toAt: host.clock.now() });
    setAside.told(dispatch);
    host.log.warn('gateway.message_put_off', { channel, message, gap: gap.id });
  }

  async #owe(channel: Snowflake, guild: Snowflake | undefined, message: Snowflake): Promise<GapRecord> {
    const { host, readBack } = this.#deps;
    const gap = await host.gaps.open({
      scope: placeScope({ channel, guild }) ?? channel,
      // Before the message itself, by the clock of the platform.
      fromAt: snowflakeTime(message) - 1,
      cause: `Channel ${channel} could not be looked up, so what is said there is put off.`,
    });
    this.#owed.set(channel, gap);
    readBack.owe(Promise.resolve(gap), anyShard, Promise.resolve(), () => this.#owed.delete(channel));
    return gap;
  }
}
