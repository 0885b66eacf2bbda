import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitText } from './split-text.ts';

const codePoints = (text: string): number => Array.from(text).length;

describe('splitText', () => {
  it('leaves a text that fits alone, white space and all', () => {
    const text = '  a\n\n b \n';

    expect(splitText(text, 64)).toEqual([text]);
  });

  it('cuts at line ends before it cuts lines', () => {
    const lines = Array.from({ length: 10 }, (_, index) => `line ${index} ${'x'.repeat(12)}`);

    const parts = splitText(lines.join('\n'), 64);

    expect(parts.flatMap((part) => part.split('\n'))).toEqual(lines);
  });

  it('cuts a long line at spaces', () => {
    const text = Array.from({ length: 40 }, () => 'word').join(' ');

    const parts = splitText(text, 64);

    expect(parts.join(' ')).toBe(text);
    expect(parts.every((part) => part.length <= 64)).toBe(true);
  });

  it('closes a code block in one part and opens it again, with its language, in the next', () => {
    const text = [
      '```ts',
      ...Array.from({ length: 12 }, (_, index) => `const v${index} = ${index};`),
      '```',
      'after',
    ].join('\n');

    const parts = splitText(text, 80);

    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts.slice(0, -1)) expect(part).toMatch(/^```ts\n[\s\S]*\n```$/);
    expect(parts.at(-1)).toMatch(/after$/);
  });

  it('gives up a language that is too long rather than overflow', () => {
    const text = `\`\`\`${'l'.repeat(60)}\n${'code\n'.repeat(30)}\`\`\``;

    const parts = splitText(text, 80);

    expect(parts.every((part) => part.length <= 80)).toBe(true);
    expect(parts[1]).toMatch(/^```\ncode/);
  });

  it('does not take inline code for a block', () => {
    const text = `\`\`\`inline\`\`\` ${'word '.repeat(40)}`;

    const parts = splitText(text, 64);

    expect(parts.slice(1).some((part) => part.startsWith('```'))).toBe(false);
  });

  it('closes and opens again a code block that stands in one line', () => {
    const text = `~~~json ${'{"a": 1} '.repeat(20)}`;

    const parts = splitText(text, 64);

    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts.slice(0, -1)) expect(part).toMatch(/^~~~[^]*\n~~~$/);
  });

  it('does not cut a run of marks in two', () => {
    const text = `${'x'.repeat(62)}\`\`\`${'y'.repeat(60)}`;

    const parts = splitText(text, 64);

    expect(parts.join('')).toContain('```');
  });

  it('takes from the caller what a code block is', () => {
    const bracket = { marker: ']', opening: '[' };
    const text = `[${'word '.repeat(30)}\n]`;

    const parts = splitText(text, 64, undefined, (open, line) =>
      line.startsWith('[') ? bracket : line === ']' ? undefined : open,
    );

    expect(parts.slice(1, -1).every((part) => part.startsWith('[\n') && part.endsWith('\n]'))).toBe(true);
  });

  it('makes one empty part of white space', () => {
    expect(splitText(' \n'.repeat(100), 64)).toEqual(['']);
  });

  const anyText = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 90 }),
      fc.constantFrom(
        '```',
        '```ts',
        '~~~~',
        '~~~',
        '',
        '   indented',
        ' ',
        ' '.repeat(100),
        '`'.repeat(100),
        '~'.repeat(70),
        'x'.repeat(300),
        '👩‍👩‍👧'.repeat(40),
      ),
    ),
    { maxLength: 100, size: 'max' },
  );

  it.each([
    ['UTF-16 units', (text: string) => text.length],
    ['code points', codePoints],
    ['bytes', (text: string) => Buffer.byteLength(text)],
  ])('keeps every part within the limit, in %s', (_unit, measure) => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 64, max: 300 }), (lines, max) => {
        for (const part of splitText(lines.join('\n'), max, measure))
          expect(measure(part)).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('loses nothing but white space at the cuts', () => {
    const plain = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 120 }).filter((line) => !/[`~]/.test(line)),
      { maxLength: 30 },
    );

    fc.assert(
      fc.property(plain, (lines) => {
        const text = lines.join('\n');
        const squeeze = (value: string): string => value.replace(/\s+/g, '');
        expect(squeeze(splitText(text, 64).join(''))).toBe(squeeze(text));
      }),
    );
  });

  it('never cuts a character in two', () => {
    fc.assert(
      fc.property(anyText, (lines) => {
        for (const part of splitText(lines.join('\n'), 64)) expect(part.isWellFormed()).toBe(true);
      }),
    );
  });
});
