import type { NextId } from '../domain/ids.ts';
import type { Clock } from './clock.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Ids that sort by time and, within one process, by the order of the calls: a prefix and a ULID in lower
 * case. `random` is in [0, 1).
 */
export function createNextId(clock: Pick<Clock, 'now'>, random: () => number): NextId {
  let lastAt = 0;
  let tail: number[] = [];
  return <Id extends string>(prefix: string) => {
    const now = clock.now();
    if (now > lastAt || tail.length === 0) {
      lastAt = Math.max(now, lastAt);
      tail = Array.from({ length: 16 }, () => Math.floor(random() * 32));
      tail[0] = Math.min(tail[0] ?? 0, 15);
    } else {
      increment(tail);
    }
    return `${prefix}_${encodeTime(lastAt)}${tail.map((digit) => alphabet[digit]).join('')}` as Id;
  };
}

function increment(digits: number[]): void {
  for (let index = digits.length - 1; index >= 0; index--) {
    const digit = (digits[index] ?? 0) + 1;
    digits[index] = digit % 32;
    if (digit < 32) return;
  }
}

function encodeTime(ms: number): string {
  let text = '';
  for (let rest = ms, length = 0; length < 10; length++) {
    text = `${alphabet[rest % 32] ?? '0'}${text}`;
    rest = Math.floor(rest / 32);
  }
  return text;
}
