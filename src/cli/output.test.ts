import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { createOutput, facts, plural, printable, table, time, words } from './output.ts';

const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

function capture(json: boolean): {
  out: ReturnType<typeof createOutput>;
  stdout: string[];
  stderr: string[];
} {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const into = (lines: string[]) => ({ write: (text: string) => lines.push(text) });
  return { out: createOutput({ stdout: into(stdout), stderr: into(stderr) }, json), stdout, stderr };
}

describe('an output', () => {
  it('shows people the text, and remarks beside it', () => {
    const { out, stdout, stderr } = capture(false);

    out.show({ a: 1 }, () => 'one');
    out.showLine({ a: 2 }, () => 'two');
    out.note('by the way');

    expect(stdout).toEqual(['one\n', 'two\n']);
    expect(stderr).toEqual(['by the way\n']);
  });

  it('shows programs the data, whole or a line each, and nothing else', () => {
    const { out, stdout, stderr } = capture(true);

    out.show({ a: 1 }, () => 'one');
    out.showLine({ a: 2 }, () => 'two');
    out.note('by the way');

    expect(stdout).toEqual(['{\n  "a": 1\n}\n', '{"a":2}\n']);
    expect(stderr).toEqual([]);
  });

  it('writes JSON that says the same and moves no terminal, whatever the text is', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const { out, stdout } = capture(true);

        out.show([text], () => '');

        const [written = ''] = stdout;
        expect(written.replaceAll('\n', '')).not.toMatch(unsafe);
        expect(JSON.parse(written)).toEqual([text]);
      }),
    );
  });
});

describe('printable', () => {
  it.each([
    ['plain text — ünïcode 😀 👩‍👩‍👧', 'plain text — ünïcode 😀 👩‍👩‍👧'],
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b]0;title\x07after', 'after'],
    ['a\r\nb\tc', 'a  b c'],
    ['\u202egpj.exe', ' gpj.exe'],
    ['\u0085\u2028', '  '],
  ])('makes %j harmless', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('leaves nothing in any text that moves a terminal', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(printable(text)).not.toMatch(unsafe);
      }),
    );
  });
});

describe('a table', () => {
  it('has columns as wide as they need to be, and no blanks at the ends of lines', () => {
    const text = table(
      ['id', 'on'],
      [
        ['long-name', true],
        ['x', undefined],
      ],
    );

    expect(text).toBe('ID         ON\nlong-name  yes\nx          –');
  });

  it('says so when there is nothing in it', () => {
    expect(table(['id'], [], 'Nobody.')).toBe('Nobody.');
  });

  it('stays a table, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText(), fc.integer(), fc.boolean())), (rows) => {
        const lines = table(['text', 'number', 'truth'], rows).split('\n');

        expect(lines).toHaveLength(rows.length === 0 ? 1 : rows.length + 1);
        for (const line of lines) expect(line).not.toMatch(unsafe);
      }),
    );
  });
});

describe('facts', () => {
  it('stand under each other, and those that are absent are left out', () => {
    expect(
      facts([
        ['a', 1],
        ['longer', 'x'],
        ['absent', undefined],
      ]),
    ).toBe('a       1\nlonger  x');
  });
});

describe('words', () => {
  it('say what is there, and times as times', () => {
    const text = words({
      code: 'rate_limited',
      part: 1,
      retry_at: 1_795_690_662_014,
      waitingSince: 1_795_690_662_014,
      ids: ['a', 'b'],
      more: { deep: true },
      yes: true,
      no: false,
      none: null,
      empty: '',
    });

    expect(text).toBe(
      'code=rate_limited part=1 retry_at=2026-11-26 10:57:42Z waitingSince=2026-11-26 10:57:42Z ids=a,b more={"deep":true} yes=true',
    );
  });

  it('are harmless, however deep the text is', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(words({ plain: text, list: [text], deep: { text } })).not.toMatch(unsafe);
      }),
    );
  });
});

it('shows times in UTC, and says so', () => {
  expect([time(0), time(undefined)]).toEqual(['1970-01-01 00:00:00Z', '–']);
});

it('counts in words', () => {
  expect([plural(0, 'part'), plural(1, 'part'), plural(2, 'part')]).toEqual(['0 parts', '1 part', '2 parts']);
});
