import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { isLoopback, RateLimiter } from './rate-limit.ts';

function limiter(): { clock: ManualClock; takes: (address: string, times: number) => number } {
  const clock = new ManualClock();
  const rate = new RateLimiter(clock, { requestsPerSecond: 2, requestsPerSecondLoopback: 5 });
  const isLet = (address: string): boolean => {
    try {
      rate.take(address);
      return true;
    } catch {
      return false;
    }
  };
  return {
    clock,
    takes: (address, times) => Array.from({ length: times }, () => isLet(address)).filter(Boolean).length,
  };
}

describe('the rate of an address', () => {
  it('is twice itself at once, and then itself', () => {
    const { clock, takes } = limiter();

    const atOnce = takes('198.51.100.7', 100);
    clock.advance(1_000);
    const second = takes('198.51.100.7', 100);
    clock.advance(250);
    const quarter = takes('198.51.100.7', 100);
    clock.advance(250);
    const half = takes('198.51.100.7', 100);
    clock.advance(3_600_000);
    const hour = takes('198.51.100.7', 100);

    expect([atOnce, second, quarter, half, hour]).toEqual([4, 2, 0, 1, 4]);
  });

  it('is its own', () => {
    const { takes } = limiter();

    expect([takes('198.51.100.7', 9), takes('198.51.100.8', 9), takes('127.0.0.1', 99)]).toEqual([4, 4, 10]);
  });

  it('is forgotten of those who came first, when there are very many', () => {
    const { takes } = limiter();
    takes('10.0.0.1', 9);

    for (let n = 0; n < 10_000; n++) takes(`10.1.${n >> 8}.${n & 255}`, 1);

    expect(takes('10.0.0.1', 9)).toBe(4);
    expect(takes('10.1.39.15', 9)).toBe(3);
  });
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::', false],
    ['127.evil.example', false],
    ['', false],
  ])('is %s: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});
