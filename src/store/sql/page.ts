import { AppError } from '../../domain/errors.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import { type Sql, sql, sqlWhere } from '../../lib/sql.ts';
import type { Tx } from './tx.ts';

/** What a page is read from. Fixed text, never input, but for the parameters. */
export interface PageSource {
  readonly columns: Sql;
  readonly from: Sql;
  /** Conditions that an index on them and `seq` answers; what they leave out costs nothing. */
  readonly where: readonly (Sql | undefined)[];
  /** Conditions that have to be looked up row by row. */
  readonly filter?: readonly (Sql | undefined)[];
}

/** However rare what a filter looks for, one page looks at no more rows than this. */
export const filteredRowsMax = 20_000;

/**
 * One page, newest first. With a filter, a page may hold less than was asked for, or nothing, and still have
 * a next one.
 */
export async function readPage<Item>(
  tx: Tx,
  page: PageRequest,
  source: PageSource,
  toItem: (row: never) => Item,
): Promise<Page<Item>> {
  const before = page.cursor === undefined ? undefined : parseCursor(page.cursor);
  const within = [...source.where, before === undefined ? undefined : sql`seq < ${before}`];
  const filter = (source.filter ?? []).filter((condition) => condition !== undefined);
  const floor = filter.length === 0 ? undefined : await findFloor(tx, source.from, within);
  const conditions = [...within, floor === undefined ? undefined : sql`seq >= ${floor}`, ...filter];
  const rows = await tx.all<{ seq: number }>(sql`
    select ${source.columns} from ${source.from} ${sqlWhere(conditions)}
    order by seq desc limit ${page.limit + 1}`);
  const shown = rows.slice(0, page.limit);
  const next = rows.length > page.limit ? shown.at(-1)?.seq : floor;
  return {
    items: shown.map((row) => toItem(row as never)),
    ...(next === undefined ? {} : { next: String(next) }),
  };
}

/** @throws AppError `invalid_request` when it is no `seq` that was given out. */
export function parseCursor(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) {
    throw new AppError('invalid_request', 'The page cursor is not one that this API gave out.');
  }
  return Number(cursor);
}

/** The `seq` down to which one page may look; undefined when there is less than that. */
async function findFloor(
  tx: Tx,
  from: Sql,
  within: readonly (Sql | undefined)[],
): Promise<number | undefined> {
  const row = await tx.get<{ seq: number }>(sql`
    select seq from ${from} ${sqlWhere(within)} order by seq desc limit 1 offset ${filteredRowsMax - 1}`);
  return row?.seq;
}
