import type { Snowflake } from './api-types.ts';

/** Snowflakes count from the first second of 2015: https://docs.discord.com/developers/reference#snowflakes */
const epochAt = 1_420_070_400_000n;
const largest = (1n << 64n) - 1n;

/** Written in the one way: decimal, without leading zeros, within 64 bits. */
export function isSnowflake(text: string): boolean {
  return /^[1-9]\d{0,19}$/.test(text) && BigInt(text) <= largest;
}

/** When the platform made this id, in Unix ms. */
export function snowflakeTime(id: Snowflake): number {
  return Number((BigInt(id) >> 22n) + epochAt);
}

/** The smallest id of this millisecond: what is older has a smaller one. `0` before the platform began. */
export function snowflakeAt(at: number): Snowflake {
  const since = BigInt(Math.floor(at)) - epochAt;
  return (since <= 0n ? 0n : since << 22n).toString();
}

/** Negative when `a` is older. As text they do not sort: they differ in length. */
export function compareSnowflakes(a: Snowflake, b: Snowflake): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
