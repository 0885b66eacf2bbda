import { stripVTControlCharacters } from 'node:util';

export interface Output {
  readonly json: boolean;
  /** Data as JSON, or what a person would like to read. */
  show(data: unknown, forPeople: () => string): void;
  /** A remark besides the data: on stderr, and never in JSON mode. */
  note(text: string): void;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function createOutput({ stdout, stderr }: Streams, json: boolean): Output {
  return {
    json,
    show: (data, forPeople) => {
      stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${forPeople()}\n`);
    },
    note: (text) => {
      if (!json) stderr.write(`${text}\n`);
    },
  };
}

export type Cell = string | number | boolean | undefined;

/** Columns as wide as they need to be; a line that says so when there are no rows. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  none = 'None.',
): string {
  if (rows.length === 0) return none;
  const cells = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => row.map(toCell))];
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `key  value` a line, for one thing. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const given = pairs.filter(([, value]) => value !== undefined);
  const width = Math.max(...given.map(([key]) => key.length));
  return given.map(([key, value]) => `${key.padEnd(width)}  ${toCell(value)}`).join('\n');
}

/** What users wrote may hold escape sequences that move a terminal's cursor or change its title. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
}

export function time(at: number | undefined): string {
  return at === undefined ? '–' : new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}

function toCell(value: Cell): string {
  if (value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(String(value));
}
