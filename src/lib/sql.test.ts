import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Sql, sql, sqlJoin, sqlWhere } from './sql.ts';

describe('a statement', () => {
  it('has a parameter for each value, and null for what is absent', () => {
    expect(textOf(sql`a ${1} b ${undefined} c ${'x'}`)).toEqual(['a ? b ? c ?', [1, null, 'x']]);
  });

  it('takes other statements into itself, with their parameters in their places', () => {
    const inner = sql`x = ${1} and y = ${2}`;

    const outer = sql`${sql``}where ${inner} or z = ${3} ${sql`limit 1`}`;

    expect(textOf(outer)).toEqual(['where x = ? and y = ? or z = ? limit 1', [1, 2, 3]]);
  });

  it('reads the same however it was put together', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 6 }), (numbers) => {
        const parts = numbers.map((number) => sql`n = ${number}`);

        const nested = parts.reduce((left, right) => sql`${left} or ${right}`, sql`false`);

        const joined = sqlJoin([sql`false`, ...parts], ' or ');
        expect(textOf(nested)).toEqual(textOf(joined));
        expect(joined.values).toEqual(numbers);
      }),
    );
  });

  it('from one place in the code has the same pieces each time, and not from two', () => {
    const select = (id: number): Sql => sql`select * from t where id = ${id}`;

    expect(select(1).pieces).toBe(select(2).pieces);
    expect(sql`select * from t where id = ${1}`.pieces).not.toBe(select(1).pieces);
  });
});

describe('conditions', () => {
  it('are all of those that are given, or none', () => {
    expect(textOf(sqlWhere([sql`a = ${1}`, undefined, sql`b = ${2}`]))).toEqual([
      'where a = ? and b = ?',
      [1, 2],
    ]);
    expect(textOf(sqlWhere([undefined]))).toEqual(['', []]);
  });
});

function textOf({ pieces, values }: Sql): [string, Sql['values']] {
  return [pieces.join('?'), values];
}
