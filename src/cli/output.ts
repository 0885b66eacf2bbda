import { stripVTControlCharacters } from 'node:util';

export interface Output {
  readonly json: boolean;
  /** Data as JSON, or what a person would like to read. */
  show(data: unknown, forPeople: () => string): void;
  /** One of many: as one line of JSON, or what a person would like to read. */
  showLine(data: unknown, forPeople: () => string): void;
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
      stdout.write(json ? `${toJson(data, 2)}\n` : `${forPeople()}\n`);
    },
    showLine: (data, forPeople) => {
      stdout.write(json ? `${toJson(data)}\n` : `${forPeople()}\n`);
    },
    note: (text) => {
      if (!json) stderr.write(`${printable(text)}\n`);
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

/** Below a list that is cut. */
export const more = 'There are more: see --limit.';

/** `key  value` a line, for one thing. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const given = pairs.filter(([, value]) => value !== undefined);
  const width = Math.max(...given.map(([key]) => key.length));
  return given.map(([key, value]) => `${key.padEnd(width)}  ${toCell(value)}`).join('\n');
}

/** `key=value` for each of the data of a step or a log entry that says something. */
export function words(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
    .map(([key, value]) => `${key}=${toWord(key, value)}`)
    .join(' ');
}

/** Turn the text around them, or hide what they stand before. */
const bidi = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const unprintable = new RegExp(`[\\p{Cc}\\u2028\\u2029${bidi}]`, 'gu');

/** What users wrote may hold escape sequences that move a terminal's cursor, change its title or turn text around. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unprintable, ' ');
}

export function time(at: number | undefined): string {
  return at === undefined ? '–' : `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)}Z`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** JSON leaves some of them as they are; escaped, they mean the same to programs and nothing to a terminal. */
function toJson(data: unknown, indent?: number): string {
  return JSON.stringify(data, null, indent).replace(unprintable, (character) =>
    // The only raw ones below U+0020 are the line ends of the layout.
    character === '\n' ? character : escape(character),
  );
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function toWord(key: string, value: unknown): string {
  if (typeof value === 'number' && /_at$|[a-z]At$|^since$|[a-z]Since$/.test(key)) return time(value);
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map((item) => toWord('', item)).join(',');
  return printable(JSON.stringify(value));
}

function toCell(value: Cell): string {
  if (value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(String(value));
}
