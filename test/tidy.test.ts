import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const linesMax = 400;

interface Ban {
  readonly what: RegExp;
  readonly instead: string;
  /** Where it is at home. */
  readonly home?: RegExp;
}

const bans: readonly Ban[] = [
  { what: /\bDate\.now\(/, instead: 'the Clock that comes in', home: /^src\/lib\/clock\.ts$/ },
  { what: /\bnew Date\(\)/, instead: 'the Clock that comes in' },
  { what: /\bperformance\.now\(/, instead: 'Clock.monotonic', home: /^src\/lib\/clock\.ts$/ },
  { what: /\bMath\.random\b/, instead: 'the `random` that comes in', home: /^src\/main\.ts$/ },
  { what: /\bset(Timeout|Interval)\(/, instead: 'Clock.after or sleep', home: /^src\/lib\/clock\.ts$/ },
  { what: /\bprocess\.env\b/, instead: 'the environment that comes in' },
  { what: /\bconsole\./, instead: 'the Logger, or the Output of a command' },
  {
    what: /(?<![a-z_])now\(\)\s*(?:at|,|\)|from)/i,
    instead: 'a time from the caller, in SQL',
    home: /\.ts$/,
  },
  { what: /\b(FIXME|TODO|XXX|HACK)\b/, instead: 'an issue' },
  { what: /@ts-(ignore|nocheck|expect-error)/, instead: 'a type that fits' },
];

const sources = files('src').filter(
  (file) => /\.(ts|sql|mjs)$/.test(file) && !/\.(test|fixture)\.ts$/.test(file),
);
const everything = [...files('src'), ...files('test'), ...files('bench')].filter((file) =>
  /\.(ts|mjs)$/.test(file),
);

describe('the source', () => {
  it('has no file longer than a reader can hold', () => {
    const long = everything.filter((file) => read(file).split('\n').length > linesMax);

    expect(long).toEqual([]);
  });

  it.each(bans.map((ban) => [ban.what.source, ban] as const))(
    'has no %s outside its one home',
    (_what, { what, instead, home }) => {
      const found = sources.filter((file) => home?.test(file) !== true && what.test(read(file)));

      expect(found, `Use ${instead}.`).toEqual([]);
    },
  );
});

describe('a ban', () => {
  it.each([
    ['Date.now()', bans[0]],
    ['new Date()', bans[1]],
    ['setTimeout(x)', bans[4]],
    ['process.env.X', bans[5]],
  ])('finds %s', (text, ban) => {
    expect(ban?.what.test(text)).toBe(true);
  });
});

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
