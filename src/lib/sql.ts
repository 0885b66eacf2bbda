/** What a parameter may be on every driver. Booleans are stored as 0 and 1. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A statement and its parameters. `text` depends only on the call site, so drivers prepare it once. */
export interface Sql {
  /** Pieces between parameters: one more than `values`. */
  readonly pieces: readonly string[];
  readonly values: readonly SqlValue[];
}

/**
 * An interpolated value becomes a parameter; an interpolated `Sql` becomes part of the statement. Without any
 * of the latter, `pieces` is the very array of the call site, by which a driver knows the statement again.
 */
export function sql(strings: TemplateStringsArray, ...items: readonly (SqlValue | Sql | undefined)[]): Sql {
  if (!items.some(isSql)) return { pieces: strings, values: items.map((item) => (item ?? null) as SqlValue) };
  const pieces: string[] = [strings[0] ?? ''];
  const values: SqlValue[] = [];
  const append = (text: string): void => void pieces.push(`${pieces.pop() ?? ''}${text}`);
  items.forEach((item, index) => {
    if (isSql(item)) {
      const [first = '', ...more] = item.pieces;
      append(first);
      pieces.push(...more);
      values.push(...item.values);
    } else {
      pieces.push('');
      values.push(item ?? null);
    }
    append(strings[index + 1] ?? '');
  });
  return { pieces, values };
}

/** Joins with `separator`; nothing at all for an empty list. */
export function sqlJoin(parts: readonly Sql[], separator: string): Sql {
  return parts.reduce((joined, part, index) => (index === 0 ? part : concat(joined, separator, part)), sql``);
}

/** All the conditions, or none. */
export function sqlWhere(conditions: readonly (Sql | undefined)[]): Sql {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql`` : concat(sql`where `, '', sqlJoin(given, ' and '));
}

function concat(left: Sql, separator: string, right: Sql): Sql {
  const seam = `${left.pieces.at(-1) ?? ''}${separator}${right.pieces[0] ?? ''}`;
  return {
    pieces: [...left.pieces.slice(0, -1), seam, ...right.pieces.slice(1)],
    values: [...left.values, ...right.values],
  };
}

function isSql(item: SqlValue | Sql | undefined): item is Sql {
  return typeof item === 'object' && item !== null && 'pieces' in item;
}
