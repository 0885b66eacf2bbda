import { expect, it } from 'vitest';
import { formatCursor, parseCursor } from './cursor.ts';

const points = { '0/1': { sessionId: 's', seq: 7, resumeUrl: 'wss://gateway.example' } };

it('reads back what it wrote', () => {
  const cursor = { heardAt: 1_750_000_000_000, begunAs: '1 513 true', points };

  expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
});

it('reads one that does not say how its sessions were begun', () => {
  const text = JSON.stringify({ version: 1, heardAt: 5, points });

  expect(parseCursor(text)).toEqual({ heardAt: 5, begunAs: undefined, points });
});

it.each([undefined, '', 'x', 'null', '{}', JSON.stringify({ version: 2, heardAt: 5, points })])(
  'takes %j for no cursor',
  (text) => {
    expect(parseCursor(text)).toBeUndefined();
  },
);
