import { describe, expect, it } from 'vitest';
import { readRateFacts, readRateWait } from './rate-facts.ts';

/** https://docs.discord.com/developers/topics/rate-limits#header-format */
const limit = {
  'x-ratelimit-limit': '5',
  'x-ratelimit-remaining': '4',
  'x-ratelimit-reset': '1470173023.123',
  'x-ratelimit-reset-after': '64.57',
  'x-ratelimit-bucket': 'abcd1234',
};

describe('the facts of an answer', () => {
  it('are read from its headers', () => {
    expect(readRateFacts(limit)).toEqual({
      bucket: 'abcd1234',
      limit: 5,
      remaining: 4,
      resetAfterMs: 64_570,
      windowEnd: 1_470_173_023_123,
    });
  });

  it.each([
    [{}],
    [{ ...limit, 'x-ratelimit-limit': '0' }],
    [{ ...limit, 'x-ratelimit-limit': 'many' }],
    [{ ...limit, 'x-ratelimit-limit': '-1' }],
    [{ ...limit, 'x-ratelimit-remaining': '' }],
    [{ ...limit, 'x-ratelimit-remaining': '1, 2' }],
    [{ ...limit, 'x-ratelimit-remaining': 'Infinity' }],
  ])('are none where the limit cannot be understood: %j', (headers) => {
    expect(readRateFacts(headers)).toBeUndefined();
  });

  it('do without the end of the window and the name of the bucket', () => {
    const { 'x-ratelimit-limit': most, 'x-ratelimit-remaining': left } = limit;

    const facts = readRateFacts({ 'x-ratelimit-limit': most, 'x-ratelimit-remaining': left });

    expect(facts).toEqual({ limit: 5, remaining: 4, resetAfterMs: 1_000 });
  });
});

describe('what a 429 asks for', () => {
  // The three examples of the documentation.
  it.each([
    [
      'of the bot',
      { ...limit, 'x-ratelimit-remaining': '0', 'retry-after': '65', 'x-ratelimit-scope': 'user' },
      { retry_after: 64.57, global: false },
      { afterMs: 65_000, scope: 'user', sublimit: false },
    ],
    [
      'of the resource',
      { ...limit, 'retry-after': '1337', 'x-ratelimit-scope': 'shared' },
      { retry_after: 1336.57, global: false },
      { afterMs: 1_337_000, scope: 'shared', sublimit: false },
    ],
    [
      'over everything',
      { 'retry-after': '65', 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
      { retry_after: 64.57, global: true },
      { afterMs: 65_000, scope: 'global', sublimit: false },
    ],
  ])('is the longest of what it says: %s', (_which, headers, body, wait) => {
    expect(readRateWait(headers, body)).toEqual(wait);
  });

  it('is rounded up to whole milliseconds', () => {
    expect(readRateWait({}, { retry_after: 0.0001, global: false }).afterMs).toBe(1);
  });

  it('is of one request alone when its bucket has room', () => {
    expect(readRateWait({ ...limit, 'x-ratelimit-scope': 'user', 'retry-after': '5' }, {}).sublimit).toBe(
      true,
    );
  });

  it('is taken for everything when it comes from a proxy that knows of no limits', () => {
    expect(readRateWait({ 'retry-after': '600' }, undefined)).toEqual({
      afterMs: 600_000,
      scope: 'global',
      sublimit: false,
    });
  });

  it('is not taken for everything when it names an error of the API, as that of the commands of a day', () => {
    const body = { message: 'Max number of daily application command creates', code: 30_034, retry_after: 9 };

    expect(readRateWait({ 'retry-after': '9' }, body)).toMatchObject({ afterMs: 9_000, scope: 'user' });
  });

  it('is left open when there is nothing to understand', () => {
    const wait = readRateWait({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, { retry_after: -1 });

    expect(wait.afterMs).toBeUndefined();
  });

  it('is believed up to a week', () => {
    expect(readRateWait({ 'retry-after': '999999999999' }, {}).afterMs).toBe(7 * 24 * 60 * 60 * 1_000);
  });
});
