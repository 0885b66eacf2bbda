import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboundOperation } from '../../../domain/outbound.ts';
import { nextDiscordFence } from './fences.ts';
import { contentMax, renderMessage } from './render.ts';
import { splitSend } from './split.ts';

type Send = Extract<OutboundOperation, { op: 'send' }>;

function textsOf(text: string): readonly string[] {
  return splitSend({ op: 'send', text }).map((part) => part.text);
}

/** As it goes out when nobody knows whether it is there already. */
function labelled({ text, extras }: Send): string {
  const { json, content } = renderMessage({ text, extras }, { mentions: 'none', possibleDuplicate: true });
  return 'content' in json ? content : '';
}

describe('a message', () => {
  it('that fits is left as it is, white space and extras and all', () => {
    const operation = { op: 'send', text: '  hello \n', extras: { embeds: [{ title: 'x' }] } } as const;

    expect(splitSend(operation)).toEqual([operation]);
  });

  it('leaves room for the label', () => {
    expect(textsOf('x'.repeat(1_980))).toHaveLength(1);
    expect(textsOf('x'.repeat(1_981))).toHaveLength(2);
  });

  it('keeps its extras with the first part', () => {
    const extras = { embeds: [{ title: 'x' }], threadName: 'y', appliedTags: ['123456789012345678'] };

    const [first, ...others] = splitSend({ op: 'send', text: 'word '.repeat(1_000), extras });

    expect(first?.extras).toEqual(extras);
    expect(others.map((part) => part.extras)).toEqual([undefined, undefined]);
  });

  it('is refused for extras that cannot be shown, before anything of it is planned', () => {
    const split = (): unknown => splitSend({ op: 'send', text: 'x', extras: { embeds: [{ title: '' }] } });

    expect(split).toThrow(/extras\.embeds\.0\.title/);
  });

  it('of white space alone is one part, which is refused when it is sent', () => {
    expect(textsOf(' \n'.repeat(3_000))).toEqual(['']);
  });

  it('opens a code block again that began in the middle of a line, with its language', () => {
    const text = `1. See: \`\`\`ts\n${'const a = 1;\n'.repeat(300)}\`\`\` and so on`;

    const parts = textsOf(text);

    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts.slice(1)) expect(part.startsWith('```ts\nconst a = 1;\n')).toBe(true);
    for (const part of parts.slice(0, -1)) expect(part.endsWith('\n```')).toBe(true);
    expect(parts.at(-1)).toMatch(/^``` and so on$/m);
  });

  it('closes and opens again a code block in one line', () => {
    const parts = textsOf(`\`\`\`json\n${'{"a": 1} '.repeat(500)}\n\`\`\``);

    for (const part of parts) expect(part).toMatch(/^```json\n[^]*```$/);
  });
});

describe('a message that is too long for messages', () => {
  const file = { overflow: 'file', overflowAfterParts: 2 } as const;
  const long = `# Report\n${`${'word '.repeat(20)}\n`.repeat(75)}`;

  it('becomes one with the whole text as a file, and its beginning above it', () => {
    const parts = splitSend({ op: 'send', text: long, extras: { flags: ['suppressEmbeds'] } }, file);

    expect(parts).toHaveLength(1);
    expect(parts[0]?.text).toMatch(/^# Report\nword [^]*\n-# The whole text is in message\.md\.$/);
    expect(parts[0]?.extras).toEqual({
      flags: ['suppressEmbeds'],
      files: [{ name: 'message.md', contentType: 'text/markdown', text: long }],
    });
    const { files } = renderMessage(parts[0]!, { mentions: 'none' });
    expect(files[0]?.contentType).toBe('text/markdown; charset=utf-8');
  });

  it('stays messages up to the number that the operator set', () => {
    const parts = splitSend({ op: 'send', text: 'word '.repeat(700) }, file);

    expect(parts).toHaveLength(2);
  });

  it('stays messages when there is no room for another file', () => {
    const files = Array.from({ length: 10 }, (_none, index) => ({ name: `${index}.txt`, text: 'x' }));

    const parts = splitSend({ op: 'send', text: long, extras: { files } }, file);

    expect(parts.length).toBeGreaterThan(2);
  });

  it('fits, also with its label', () =>
    fc.assert(
      fc.property(anyLines, (lines) => {
        const parts = splitSend(
          { op: 'send', text: lines.join('\n') },
          { overflow: 'file', overflowAfterParts: 1 },
        );

        for (const part of parts.filter(({ text }) => text.trim() !== ''))
          expect(labelled(part).length).toBeLessThanOrEqual(contentMax);
      }),
    ));
});

const anyLines = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.constantFrom(
      '```',
      '```ts',
      'inline ``` of it',
      '``````',
      '~~~',
      '`'.repeat(5_000),
      ' ',
      '',
      ' '.repeat(3_000),
      'x'.repeat(5_000),
      '👩‍👩‍👧'.repeat(900),
      'word '.repeat(900),
      `\`\`\`${'l'.repeat(2_500)}`,
    ),
  ),
  { maxLength: 60, size: 'max' },
);

describe('whatever the text', () => {
  it('no part is over the limit, with the label and both halves of its code blocks, in any unit', () =>
    fc.assert(
      fc.property(anyLines, (lines) => {
        const parts = splitSend({ op: 'send', text: lines.join('\n') });

        for (const part of parts.filter(({ text }) => text.trim() !== '')) {
          const content = labelled(part);
          expect(content.length).toBeLessThanOrEqual(contentMax);
          expect(Array.from(content).length).toBeLessThanOrEqual(contentMax);
        }
      }),
    ));

  it('no part is empty, but that of a text of white space', () =>
    fc.assert(
      fc.property(anyLines, (lines) => {
        const texts = textsOf(lines.join('\n'));

        expect(texts.length).toBeGreaterThan(0);
        expect(texts.length > 1 && texts.some((text) => text.trim() === '')).toBe(false);
      }),
    ));

  it('no character is cut in two', () =>
    fc.assert(
      fc.property(anyLines, (lines) => {
        for (const text of textsOf(lines.join('\n'))) expect(text.isWellFormed()).toBe(true);
      }),
    ));

  it('nothing is lost or added but white space at the cuts, and the marks of code blocks', () =>
    fc.assert(
      fc.property(anyLines, (lines) => {
        const bare = (value: string): string => value.replace(/\s+/g, '');
        const plain = lines.map((line) => line.replace(/`/g, "'")).join('\n');

        expect(bare(textsOf(plain).join(''))).toBe(bare(plain));
      }),
    ));

  it('what stands in a code block stands in one in every part', () =>
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 300 }), {
          maxLength: 60,
          size: 'max',
        }),
        (lines) => {
          const parts = textsOf(['```js', ...lines.map((line) => `>${line}`), '```', 'after'].join('\n'));

          for (const part of parts) {
            const outside = outsideOfBlocks(part);
            expect(outside.filter((line) => line.startsWith('>'))).toEqual([]);
          }
          const inside = parts.flatMap((part) => part.split('\n').filter((line) => line.startsWith('>')));
          expect(inside.map((line) => line.trimEnd())).toEqual(lines.map((line) => `>${line}`.trimEnd()));
        },
      ),
    ));
});

function outsideOfBlocks(part: string): readonly string[] {
  let open: ReturnType<typeof nextDiscordFence>;
  return part.split('\n').filter((line) => {
    const was = open;
    open = nextDiscordFence(open, line);
    return !was;
  });
}

describe('a code block on Discord', () => {
  it.each([
    ['```ts', 'ts'],
    ['- ```c++', 'c++'],
    ['text ```', ''],
    ['```not a language', ''],
  ])('opens with %j', (line, language) => {
    expect(nextDiscordFence(undefined, line)).toEqual({ marker: '```', opening: `\`\`\`${language}` });
  });

  it.each(['``` after', 'before ```', '```'])('closes with %j', (line) => {
    expect(nextDiscordFence({ marker: '```', opening: '```' }, line)).toBeUndefined();
  });

  it.each(['~~~', '``', '```inline``` text', 'no mark'])('does not open with %j', (line) => {
    expect(nextDiscordFence(undefined, line)).toBeUndefined();
  });
});
