import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fitsPayload,
  heartbeatPayload,
  identifyPayload,
  parseReady,
  parseReceived,
  resumePayload,
} from './payload.ts';

describe('what the gateway says', () => {
  it.each([
    ['{"op":0,"t":"X","s":5,"d":{"a":1}}', { kind: 'dispatch', type: 'X', seq: 5, data: { a: 1 } }],
    ['{"op":0,"t":"RESUMED","s":null,"d":null}', { kind: 'dispatch', type: 'RESUMED', data: null }],
    ['{"op":10,"d":{"heartbeat_interval":41250}}', { kind: 'hello', heartbeatMs: 41_250 }],
    ['{"op":10,"d":{"heartbeat_interval":1}}', { kind: 'hello', heartbeatMs: 250 }],
    ['{"op":10,"d":{"heartbeat_interval":1e12}}', { kind: 'hello', heartbeatMs: 600_000 }],
    ['{"op":1,"d":null}', { kind: 'heartbeat' }],
    ['{"op":11}', { kind: 'heartbeat_ack' }],
    ['{"op":7,"d":null}', { kind: 'reconnect' }],
    ['{"op":9,"d":true}', { kind: 'invalid_session', resumable: true }],
    ['{"op":9,"d":false}', { kind: 'invalid_session', resumable: false }],
    ['{"op":9}', { kind: 'invalid_session', resumable: false }],
    ['{"op":31,"d":{}}', { kind: 'other', op: 31 }],
  ])('is understood: %s', (text, received) => {
    expect(parseReceived(text)).toEqual(received);
  });

  it.each([
    ['', 'opcode'],
    ['null', 'opcode'],
    ['[]', 'opcode'],
    ['{"op":"0"}', 'opcode'],
    ['{"op":0,"s":1,"d":{}}', 'type'],
    ['{"op":0,"t":"","s":1}', 'type'],
    ['{"op":0,"t":"X","s":-1}', 'sequence'],
    ['{"op":0,"t":"X","s":1.5}', 'sequence'],
    ['{"op":0,"t":"X","s":"1"}', 'sequence'],
    ['{"op":10}', 'heartbeat'],
    ['{"op":10,"d":{"heartbeat_interval":0}}', 'heartbeat'],
    ['{"op":10,"d":{"heartbeat_interval":"1"}}', 'heartbeat'],
  ])('cannot be read: %s', (text, what) => {
    expect(parseReceived(text)).toEqual({ kind: 'unreadable', detail: expect.stringContaining(what) });
  });

  it('never makes the parser throw', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .record({
              op: fc.oneof(fc.nat(12), fc.anything()),
              d: fc.anything(),
              s: fc.anything(),
              t: fc.anything(),
            })
            .map((value) => {
              try {
                return JSON.stringify(value);
              } catch {
                return '{';
              }
            }),
        ),
        (text) => {
          expect(parseReceived(text).kind).toBeTypeOf('string');
        },
      ),
    ));
});

describe('READY', () => {
  it.each([
    [
      { session_id: 's', resume_gateway_url: 'wss://x' },
      { sessionId: 's', resumeUrl: 'wss://x' },
    ],
    [{ session_id: 's' }, { sessionId: 's' }],
    [{ session_id: 's', resume_gateway_url: 'w'.repeat(2_049) }, { sessionId: 's' }],
    [{ session_id: '' }, undefined],
    [{ session_id: 's'.repeat(513) }, undefined],
    [{}, undefined],
    [null, undefined],
  ])('names its session: %j', (data, ready) => {
    expect(parseReady(data)).toEqual(ready);
  });
});

describe('what we say', () => {
  it('identifies with intents, shard and properties', () => {
    const payload: unknown = JSON.parse(identifyPayload('made-up', { intents: 513, shard: [0, 2] }));

    expect(payload).toMatchObject({ op: 2, d: { token: 'made-up', intents: 513, shard: [0, 2] } });
    expect(payload).toMatchObject({ d: { properties: { browser: 'palyra', device: 'palyra' } } });
  });

  it('resumes behind a sequence number', () => {
    expect(JSON.parse(resumePayload('made-up', 'session', 7))).toEqual({
      op: 6,
      d: { token: 'made-up', session_id: 'session', seq: 7 },
    });
  });

  it.each([
    [null, '{"op":1,"d":null}'],
    [0, '{"op":1,"d":0}'],
  ])('beats with %j', (seq, text) => {
    expect(heartbeatPayload(seq)).toBe(text);
  });

  it('may have 4096 bytes, however many characters those are', () => {
    expect(fitsPayload('é'.repeat(2_048))).toBe(true);
    expect(fitsPayload(`${'é'.repeat(2_048)}x`)).toBe(false);
  });
});
