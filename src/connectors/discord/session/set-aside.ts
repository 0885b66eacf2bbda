import { AppError, type ErrorCode } from '../../../domain/errors.ts';
import type { ConversationRecord } from '../../../domain/conversation.ts';
import type { GapRecord } from '../../../domain/gap.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import type { AcceptedEvent, ConnectorHost } from '../../connector.ts';
import type { Snowflake } from '../api-types.ts';
import type { Dispatch } from '../inbound/inbound-context.ts';
import { compareSnowflakes } from '../snowflake.ts';
import { fieldsOf } from '../untrusted.ts';
import { placeScope, whereIs } from './missed-places.ts';

/** What comes of the thing itself, and will again: not of the store, the vault or the claim. */
const ownFault: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'invalid_request',
  'conflict',
  'too_large',
  'unsupported',
]);

export function isOwnFault(error: unknown): boolean {
  return ownFault.has(AppError.from(error).code);
}

const hourMs = 3_600_000;
/** More faults than that are not in what was dispatched. */
const perHourMax = 5;
/** For so long it is remembered what was set aside: a batch that is offered again must not be counted again. */
const rememberedMs = 24 * hourMs;
const noteKey = 'set-aside';
const namesMax = 200;
const namedMax = 5;
const failedMax = 1_000;
const placesMax = 10_000;

/** One line of the ledger, for what was left out in one place for one reason within an hour. */
interface Entry {
  readonly gap: GapRecord;
  named: readonly string[];
  count: number;
}

interface Remembered {
  readonly key: string;
  /** Unix ms. */
  readonly at: number;
}

/** Decides what may be left out for a fault of its own, and writes down for good what is left out. */
export class SetAside {
  readonly #host: Pick<ConnectorHost<unknown>, 'gaps' | 'notes' | 'clock' | 'log'>;
  readonly #counts = new Map<string, number>();
  readonly #entries = new RecentMap<string, Entry>(namesMax);
  #storedCount = 0;
  /** By key, how much had been stored when it failed first. */
  readonly #failed = new RecentMap<string, number>(failedMax);
  /** By channel, the newest message that was told of and is not in the inbox. */
  readonly #told = new RecentMap<Snowflake, Snowflake>(placesMax);

  constructor(host: Pick<ConnectorHost<unknown>, 'gaps' | 'notes' | 'clock' | 'log'>) {
    this.#host = host;
  }

  /** How many dispatches were left out, by their names. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Something was accepted. Only what was not there before shows that the store takes events. */
  stored(accepted: readonly AcceptedEvent[]): void {
    if (accepted.some(({ duplicate }) => !duplicate)) this.#storedCount++;
  }

  failed(key: string): void {
    if (this.#failed.get(key) === undefined) this.#failed.set(key, this.#storedCount);
  }

  /** Whether something was stored since it failed first: then the fault is its own. */
  isProven(key: string): boolean {
    return this.#storedCount > (this.#failed.get(key) ?? Infinity);
  }

  /**
   * Sets one thing aside, under a name that it has for life. Resolves when that is on disk. Rejects with `error`
   * when its fault is not proven, or there have been too many within the hour: nothing may be passed over then.
   */
  async put(key: string, dispatch: Dispatch, error: unknown): Promise<void> {
    if (!this.isProven(key)) throw error;
    const { notes, clock } = this.#host;
    const now = clock.now();
    const known = (await this.#remembered()).filter(({ at }) => now - at < rememberedMs);
    if (known.some((one) => one.key === key)) return;
    if (known.filter(({ at }) => now - at < hourMs).length >= perHourMax) throw error;
    await this.leaveOut(dispatch, `could not be stored: ${AppError.from(error).message}`, error);
    const value = JSON.stringify([...known, { key, at: now }]);
    await notes.put({ key: noteKey, value, expiresAt: now + rememberedMs });
  }

  /** Writes down that something is left out for good, and why, as the end of a sentence. */
  async leaveOut(dispatch: Dispatch, why: string, error?: unknown): Promise<void> {
    const { gaps, clock, log } = this.#host;
    const where = whereIs(dispatch);
    const type = nameOf(dispatch.type);
    const place = `${where.channel ?? where.guild}`;
    const entry = await this.#entryOf(`${place} ${why}`, placeScope(where) ?? 'dispatches', why);
    const named = [...entry.named, ...(where.message === undefined ? [type] : [`${type} ${where.message}`])];
    const count = entry.count + 1;
    const shown = [...new Set(named)].slice(0, namedMax);
    const more = count > shown.length ? ` (${count} in all)` : '';
    const detail = `Left out in ${place}: ${shown.join(', ')}${more}.`;
    await gaps.update(entry.gap.id, { state: 'skipped', toAt: clock.now(), skipped: count, detail });
    Object.assign(entry, { named: shown, count });
    log.error('gateway.dispatch_set_aside', { type, channel: where.channel, message: where.message, error });
    if (this.#counts.has(type) || this.#counts.size < namesMax)
      this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
    this.told(dispatch);
  }

  /** The gateway has told of a message, which is not in the inbox now: it is not deaf. */
  told(dispatch: Dispatch): void {
    const { channel, message } = whereIs(dispatch);
    if (dispatch.type !== 'MESSAGE_CREATE' || channel === undefined || message === undefined) return;
    const known = this.#told.get(channel);
    if (known === undefined || compareSnowflakes(message, known) > 0) this.#told.set(channel, message);
  }

  /** How far the gateway has told of each conversation, and not only how far it was stored. */
  asTold(heard: readonly ConversationRecord[]): readonly ConversationRecord[] {
    return heard.map((record) => {
      const told = this.#told.get(record.thread ?? record.conversation);
      return told !== undefined && compareSnowflakes(told, record.position) > 0
        ? { ...record, position: told }
        : record;
    });
  }

  async #entryOf(key: string, scope: string, why: string): Promise<Entry> {
    const { gaps, clock } = this.#host;
    const now = clock.now();
    const known = this.#entries.get(key);
    if (known && now - known.gap.fromAt < hourMs) return known;
    const gap = await gaps.open({ scope, fromAt: now, cause: `Something ${why}` });
    const entry = { gap, named: [], count: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #remembered(): Promise<readonly Remembered[]> {
    const note = await this.#host.notes.get(noteKey);
    const list: unknown = note === undefined ? [] : JSON.parse(note);
    return Array.isArray(list) ? list.filter(isRemembered) : [];
  }
}

function isRemembered(value: unknown): value is Remembered {
  const fields = fieldsOf(value);
  return typeof fields?.key === 'string' && typeof fields.at === 'number';
}

/** The platform's name, if it looks like one. */
function nameOf(type: string): string {
  return /^[A-Z][A-Z_]{0,63}$/.test(type) ? type : 'OTHER';
}
