import { InvalidArgumentError } from '@commander-js/extra-typings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { parseJsonObject, spanOf, timeoutOption, wholeNumber } from './options.ts';

/** Undefined for what is refused as a usage error; throws anything else. */
function parsed(parse: (text: string) => number, text: string): number | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

const timeout = (text: string): number => timeoutOption('', 30).parseArg?.(text, 0) as number;

describe('a whole number', () => {
  it.each([
    ['1', 1],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
    ['0', undefined],
    ['-1', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    [' 1', undefined],
    ['', undefined],
    ['١', undefined],
    ['9999999999999999', undefined],
  ])('is read from %j as %j', (text, number) => {
    expect(parsed(wholeNumber(), text)).toBe(number);
  });

  it('may begin where it is told to', () => {
    expect([parsed(wholeNumber(0), '0'), parsed(wholeNumber(-5), '-5'), parsed(wholeNumber(3), '2')]).toEqual(
      [0, -5, undefined],
    );
  });
});

describe('a timeout', () => {
  it.each([
    ['30', 30_000],
    ['0.5', 500],
    ['0.0001', 1],
    ['604800', 604_800_000],
    ['604801', undefined],
    ['0', undefined],
    ['Infinity', undefined],
    ['-1', undefined],
    ['.5', undefined],
  ])('of %j seconds is %j ms', (text, ms) => {
    expect(parsed(timeout, text)).toBe(ms);
  });

  it('shows its default as it would be written', () => {
    const option = timeoutOption('how long', 30);

    expect([option.defaultValue, option.defaultValueDescription]).toEqual([30_000, '30']);
  });
});

describe('a span', () => {
  it.each([
    ['24', 86_400_000],
    ['0.5', 1_800_000],
    ['0', 0],
    ['x', undefined],
    ['99999999999999999999', undefined],
  ])('of %j hours is %j ms', (text, ms) => {
    expect(parsed(spanOf(3_600_000, 'zero'), text)).toBe(ms);
  });

  it('may have to be more than nothing', () => {
    expect(parsed(spanOf(86_400_000, 'more'), '0')).toBeUndefined();
  });
});

it('reads no text as a number that is not one, and never fails otherwise', () => {
  const parsers = [wholeNumber(), wholeNumber(0), timeout, spanOf(3_600_000, 'zero')];
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String)), (text) => {
      for (const parse of parsers) {
        const value = parsed(parse, text) ?? 0;
        expect(Number.isSafeInteger(value)).toBe(true);
      }
    }),
  );
});

describe('a JSON object', () => {
  it('is read', () => {
    expect(parseJsonObject('{"a":[1]}', '--config')).toEqual({ a: [1] });
  });

  it.each(['', '[]', 'null', '"x"', '1', '{', '{"a":}'])('is not %j', (text) => {
    expect(() => parseJsonObject(text, '--config')).toThrow(
      new AppError('invalid_request', '--config is not a JSON object.'),
    );
  });

  it('is not shown when it is none: it may hold a secret', () => {
    expect(() => parseJsonObject('{"token": "hush"', '--config')).toThrow(
      /^--config is not a JSON object\.$/,
    );
  });
});
