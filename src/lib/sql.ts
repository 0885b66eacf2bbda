/** What a parameter may be on every driver. Booleans are stored as 0 and 1. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A statement and its parameters. `text` depends only on the call site, so drivers prepare it once. */
export interface Sql {
  /** Pieces between parameters: one more than `values`. */
  readonly pieces: readonly string[];
  readonly values: readonly SqlValue[];
}

/** An interpolated value becomes a parameter; an interpolated `Sql` becomes part of the statement. */
export function sql(strings: TemplateStringsArray, ...items: readonly (SqlValue | Sql | undefined)[]): Sql {
  return items.reduce<Sql>(
    (statement, item, index) => {
      const following = { pieces: [strings[index + 1] ?? ''], values: [] };
      const part = isSql(item) ? item : { pieces: ['', ''], values: [item ?? null] };
      return concat(concat(statement, '', part), '', following);
    },
    { pieces: [strings[0] ?? ''], values: [] },
  );
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
