import { describe, expect, it } from 'vitest';
import { closeCodeOf, closeCodes, fatalDetail } from './close-codes.ts';

const identity = { intents: (1 << 0) | (1 << 9) | (1 << 15), shard: [2, 4] } as const;

describe('a close code', () => {
  it.each([
    [1000, 'identify'],
    [1001, 'resume'],
    [1002, 'resume'],
    [1005, 'resume'],
    [1006, 'resume'],
    [1007, 'resume'],
    [1009, 'resume'],
    [4000, 'resume'],
    [4001, 'resume'],
    [4002, 'resume'],
    [4003, 'identify'],
    [4004, 'fatal'],
    [4005, 'identify'],
    [4007, 'identify'],
    [4008, 'resume'],
    [4009, 'identify'],
    [4010, 'fatal'],
    [4011, 'fatal'],
    [4012, 'fatal'],
    [4013, 'fatal'],
    [4014, 'fatal'],
  ])('%i means %s', (code, then) => {
    expect(closeCodeOf(code).then).toBe(then);
  });

  it('that is not listed means to resume', () => {
    expect(closeCodeOf(4999).then).toBe('resume');
  });

  it('is in the table above, if it is in that of the program', () => {
    expect(closeCodes.size).toBe(21);
  });

  it('gives a reason where it is fatal, and there only', () => {
    for (const [code, { then, reason }] of closeCodes)
      expect([code, reason !== undefined]).toEqual([code, then === 'fatal']);
  });
});

describe('what a person has to do', () => {
  it.each([
    [4004, /bot token \(4004\).*Developer Portal/],
    [4010, /shard 2 of 4 \(4010\)/],
    [4011, /4 shard\(s\) \(4011\). Raise/],
    [4012, /4012: invalid API version\). Update/],
    [4013, /intents 33281 \(4013\)/],
    [4014, /Switch on Message Content Intent in the Developer Portal/],
  ])('is said for %i', (code, words) => {
    expect(fatalDetail(code, identity)).toMatch(words);
  });

  it('names every privileged intent that is asked for', () => {
    const detail = fatalDetail(4014, { ...identity, intents: (1 << 1) | (1 << 8) | (1 << 15) });

    expect(detail).toContain('Server Members Intent and Presence Intent and Message Content Intent');
  });

  it('is said even when no known intent is privileged', () => {
    expect(fatalDetail(4014, { ...identity, intents: 1 })).toContain('the privileged intents that it uses');
  });
});
