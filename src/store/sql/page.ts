import { AppError } from '../../domain/errors.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import type { Sql } from '../../lib/sql.ts';
import type { Tx } from './tx.ts';

/**
 * One page, newest first. `query` gets the `seq` below which to read, and a limit that is one more than
 * asked for, so that the last page is known to be the last.
 */
export async function readPage<Row extends { seq: number }, Item>(
  tx: Tx,
  page: PageRequest,
  query: (before: number | undefined, limit: number) => Sql,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const rows = await tx.all<Row>(query(parseCursor(page.cursor), page.limit + 1));
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), ...(rows.length > page.limit && last ? { next: String(last.seq) } : {}) };
}

function parseCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (!/^\d{1,15}$/.test(cursor)) throw new AppError('invalid_request', 'The page cursor is not one that this API gave out.');
  return Number(cursor);
}
