import type { Clock } from '../../../lib/clock.ts';
import { readMessage } from '../api-read-message.ts';
import type { ApiMessage, Snowflake } from '../api-types.ts';
import type { Rest } from '../rest/rest.ts';
import { compareSnowflakes } from '../snowflake.ts';
import { ask, type Patience } from './ask.ts';

export interface HistoryDeps {
  readonly rest: Pick<Rest, 'call'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Said {
  readonly message: ApiMessage;
  readonly raw: object;
}

/** What was said in a channel behind one message and before another, or up to now. */
export interface Stretch {
  readonly channel: Snowflake;
  readonly after: Snowflake;
  readonly before?: Snowflake | undefined;
}

export interface Found {
  /** Oldest first. */
  readonly said: readonly Said[];
  /** The status with which the platform refused to tell more. */
  readonly refused?: number;
  /** There may be more in between, which was not looked at. */
  readonly hasHole?: boolean;
}

/** Whether there is no more of the stretch in the direction in which it was read. */
interface Page extends Found {
  readonly isLast: boolean;
}

/** https://docs.discord.com/developers/resources/message#get-channel-messages */
export const pageMax = 100;
const patience: Patience = { triesMax: 8, waitMsMin: 1_000, waitMsMax: 60_000 };

/** The oldest page of a stretch. @throws AppError as `ask` does. */
export function readOldest(stretch: Stretch, deps: HistoryDeps): Promise<Found> {
  return readPage(stretch, { after: stretch.after }, deps);
}

/**
 * A stretch of up to `max` messages as a whole; of a longer one the newest `max` at least, and what else was seen
 * on the way to them, two pages at most. @throws AppError as `ask` does.
 */
export async function readNewest(stretch: Stretch, max: number, deps: HistoryDeps): Promise<Found> {
  // Nearly always, this page is all there is, and it brings nothing that is known already.
  const oldest = await readPage(stretch, { after: stretch.after }, deps);
  const edge = oldest.said.at(-1)?.message.id;
  if (oldest.isLast || edge === undefined) return oldest;
  let later: readonly Said[] = [];
  for (let { before } = stretch; later.length < max; before = later[0]?.message.id) {
    const rest = { ...stretch, after: edge, before };
    const page = await readPage(rest, before === undefined ? {} : { before }, deps);
    later = [...page.said, ...later];
    if (page.isLast) return { ...page, said: [...oldest.said, ...later] };
  }
  return { said: [...oldest.said, ...later], hasHole: true };
}

async function readPage(
  stretch: Stretch,
  query: Readonly<Record<string, Snowflake>>,
  { rest, clock, signal }: HistoryDeps,
): Promise<Page> {
  const told = await ask(
    {
      method: 'GET',
      route: '/channels/{channel}/messages',
      params: { channel: stretch.channel },
      query: { ...query, limit: String(pageMax) },
      priority: 'background',
      auth: 'bot',
    },
    patience,
    { rest, clock },
    signal,
  );
  return told.kind === 'told' ? toPage(told.body, stretch) : { said: [], isLast: true, refused: told.status };
}

/** A page is the last when it is not full, whether or not everything in it can be read, or reaches out of the stretch. */
function toPage(body: unknown, { after, before }: Stretch): Page {
  const list: readonly unknown[] = Array.isArray(body) ? body : [];
  const read = list.flatMap((raw) => {
    const message = readMessage(raw);
    return message ? [{ message, raw: raw as object }] : [];
  });
  const said = read
    .filter(
      ({ message: { id } }) =>
        compareSnowflakes(id, after) > 0 && (before === undefined || compareSnowflakes(id, before) < 0),
    )
    .toSorted((left, right) => compareSnowflakes(left.message.id, right.message.id));
  // A page that brings nothing new would be asked for without end.
  return { said, isLast: list.length < pageMax || said.length < read.length || said.length === 0 };
}
