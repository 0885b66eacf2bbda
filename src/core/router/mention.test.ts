import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { compileMentions } from './mention.ts';

function isFound(pattern: string, text: string): boolean {
  return compileMentions([pattern])(text);
}

describe('a pattern', () => {
  it.each([
    ['@bot', 'hello @bot'],
    ['@bot', '@bot, hello'],
    ['@bot', '(@bot)'],
    ['@bot', 'ask @bot.'],
    ['@bot', 'ask @bot... please'],
    ['@bot', 'ask @bot - now'],
    ['@BOT', 'hello @bOt'],
    ['  @bot ', 'hello @bot'],
    ['bot', 'bot'],
    ['bot', 'a robot and a bot'],
    ['bot', '@bot'],
    ['ünï', 'hallo ÜNÏ!'],
    ['hey bot', 'well, hey bot!'],
    ['a.b', 'see a.b now'],
    ['bot?', 'is it a bot?'],
    ['[x]', 'the [x] mark'],
    ['$^|', 'say $^| now'],
    ['\\d', 'type \\d here'],
  ])('%j is found in %j', (pattern, text) => {
    expect(isFound(pattern, text)).toBe(true);
  });

  it.each([
    ['@bot', '@bottle'],
    ['@bot', 'me@bot'],
    ['@bot', '@bot_2'],
    ['@bot', '@bot-2'],
    ['@bot', '@bot.example'],
    ['bot', 'robot'],
    ['bot', 'my-bot'],
    ['bot', 'my.bot'],
    ['bot', 'bots'],
    ['bot', 'bot1'],
    ['bot', 'boté'],
    ['bot', 'bot\u0301'],
    ['bot', '𝒂bot'],
    ['bot', 'bot𝒂'],
    ['a.b', 'axb'],
    ['.*', 'anything'],
    ['(a+)+', 'aaa'],
    ['bot?', 'bo'],
    ['\\d', '7'],
    ['bot', ''],
    ['bot', '   '],
  ])('%j is not found in %j', (pattern, text) => {
    expect(isFound(pattern, text)).toBe(false);
  });

  it('stands for itself alone, whatever characters it has', () =>
    fc.assert(
      fc.property(anyText(8), (pattern) => {
        const literal = pattern.replaceAll('*', '').replaceAll('@', '').trim();
        if (literal === '') return;

        expect(isFound(literal, `( ${literal} )`)).toBe(true);
      }),
      { numRuns: 500 },
    ));
});

describe('a wildcard', () => {
  it.each([
    ['*', 'anything at all', true],
    ['*', '  ', false],
    ['bot*', 'bottle', true],
    ['bot*', 'robot', false],
    ['*bot', 'robot', true],
    ['*bot', 'robots', false],
    ['hey*bot', 'hey you, bot', true],
    ['hey*bot', 'hey you,\nbot', true],
    ['hey*bot', 'heybot', true],
    ['hey*bot', 'bot hey', false],
    ['hey*bot', 'hey robots', false],
    ['a*b*c', 'a c b', false],
    ['a*b*c', 'a c b c', true],
    ['bot*bot', 'bot', false],
    ['x*y*', 'x and yes', true],
  ])('makes %j on %j %s', (pattern, text, found) => {
    expect(isFound(pattern, text)).toBe(found);
  });

  it('finds what a regular expression would find', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*', ' '), minLength: 1, maxLength: 5 }),
        fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 9 }),
        (pattern, text) => {
          const trimmed = pattern.trim();
          if (trimmed === '' || text.trim() === '') return;
          const body = trimmed.split('*').join('.*');
          const expected = new RegExp(
            `${trimmed.startsWith('*') ? '' : '(?<![ab])'}${body}${trimmed.endsWith('*') ? '' : '(?![ab])'}`,
          );

          expect(isFound(pattern, text)).toBe(expected.test(text));
        },
      ),
      { numRuns: 3_000 },
    ));

  it('costs steps by the length of the text, and not by the ways in which it could be cut up', () => {
    const text = countingText('a'.repeat(20_000));
    const pattern = `${'a*'.repeat(60)}b`;

    const found = compileMentions([pattern])(text.asString);

    expect(found).toBe(false);
    expect(text.searches()).toBeLessThan(100);
  });
});

describe('@everyone and @here', () => {
  it.each([
    [['*'], '@everyone', false],
    [['*'], '@Here @EVERYONE', false],
    [['*'], '@everyone hello', true],
    [['*'], '@hereford', true],
    [['*'], 'we are here', true],
    [['@everyone'], 'hello @everyone', true],
    [['@everyone', '*'], '@here', false],
    [['@here', '*'], '@here', true],
    [['bot'], '@everyone bot', true],
    [['bot'], 'bot@everyone', true],
  ])('with %j, %j is %s', (patterns, text, found) => {
    expect(compileMentions(patterns)(text)).toBe(found);
  });
});

it('finds nothing by no pattern, or by a blank one', () => {
  expect(compileMentions([])('hello')).toBe(false);
  expect(compileMentions(['', '  '])('hello')).toBe(false);
});

/** A text that counts how often it is searched. */
function countingText(value: string): { readonly asString: string; readonly searches: () => number } {
  let searches = 0;
  const counted = Object.assign(Object(value) as object, {
    indexOf: (...args: [string, number]) => {
      searches++;
      return value.indexOf(...args);
    },
    toLowerCase: () => counted,
    replace: () => counted,
  });
  return { asString: counted as unknown as string, searches: () => searches };
}
