import { describe, expect, it } from 'vitest';
import { connector } from '../../test/support/events.ts';
import type { MessageId, PartId } from '../domain/ids.ts';
import type { OutboundOperation } from '../domain/outbound.ts';
import type { LeasedPart, PartRecord } from '../store/outbox-store.ts';
import { aimPart, asOwnMessage, asUncertain, targetOf } from './aim-part.ts';

const edit = { op: 'edit', text: 'whole', of: 'draft' } as const;

function leased(operation: OutboundOperation): LeasedPart {
  return {
    ...{ id: 'prt_1' as PartId, message: 'msg_1' as MessageId, key: 'key', part: 1, parts: 1, attempt: 1 },
    ...{ leaseId: 'lse_1', lane: 'echo:default/room', source: connector },
    ...{ createdAt: 0, firstAttemptAt: 0, attempts: 1, deferrals: 0 },
    ...{ uncertain: false, possibleDuplicate: false },
    address: { connector, conversation: 'room', message: 'replied-to' },
    operation,
  };
}

/** What is known of the part that is to be changed. */
function target(fields: Partial<PartRecord>): PartRecord {
  return {
    ...{ id: 'prt_0' as PartId, message: 'msg_0' as MessageId, key: 'draft', part: 1, parts: 1 },
    ...{ connector, lane: 'echo:default/room', state: 'dead', attempts: 3, deferrals: 0 },
    ...{ uncertain: false, possibleDuplicate: false, createdAt: 7, platformIds: [] },
    origin: { kind: 'api', principal: 'tok_test' },
    address: { connector, conversation: 'room' },
    operation: { op: 'send', text: 'who', draft: true },
    ...fields,
  };
}

describe('a change of the message of another part', () => {
  it.each<OutboundOperation>([edit, { op: 'delete', of: 'draft' }])(
    'goes to that message: %o',
    (operation) => {
      const there = target({ state: 'delivered', platformIds: ['m7', 'm8'] });

      expect(targetOf(leased(operation))).toBe('draft');
      expect(aimPart(leased(operation), there)).toEqual({
        ...leased(operation),
        address: { connector, conversation: 'room', message: 'm7' },
      });
    },
  );

  it.each<readonly [string, Partial<PartRecord> | undefined]>([
    ['was never there', undefined],
    ['is not there yet', { state: 'pending', platformIds: [] }],
    ['could not be sent', { state: 'dead', platformIds: ['m7'] }],
    ['may be there', { state: 'held', platformIds: [] }],
    ['is there under no name', { state: 'delivered', platformIds: [] }],
  ])('is a message of its own when that one %s, and replies to the same', (_what, known) => {
    const aimed = aimPart(leased({ ...edit, extras: { flags: 4 } }), known && target(known));

    expect(aimed).toEqual(leased({ op: 'send', text: 'whole', extras: { flags: 4 } }));
  });

  it('is nothing when what it should delete is not there', () => {
    expect(aimPart(leased({ op: 'delete', of: 'draft' }), undefined)).toBeUndefined();
  });

  it('goes to the message that was found, although it was given up', () => {
    const found = { kind: 'delivered', platformIds: ['m9'] } as const;

    const aimed = aimPart(leased(edit), target({ uncertain: true }), found);

    expect(aimed).toMatchObject({ operation: edit, address: { message: 'm9' } });
  });
});

describe('anything else', () => {
  it.each<OutboundOperation>([
    { op: 'send', text: 'hello' },
    { op: 'edit', text: 'hello' },
    { op: 'delete' },
    { op: 'react', emoji: '👍', remove: false },
  ])('is as it is, and nobody is asked: %o', (operation) => {
    expect(targetOf(leased(operation))).toBeUndefined();
    expect(aimPart(leased(operation), undefined)).toEqual(leased(operation));
    expect(asOwnMessage(leased(operation))).toBeUndefined();
  });
});

describe('a part that was given up', () => {
  it('is looked for where it may be there all the same', () => {
    const { id, message, address, operation } = target({});

    expect(asUncertain(target({ uncertain: true }))).toEqual({
      ...{ id, message, address, operation, key: 'draft', part: 1, parts: 1, attempt: 3 },
      ...{ firstAttemptAt: 7, possibleDuplicate: false, uncertain: true },
    });
  });

  it.each<readonly [string, Partial<PartRecord>]>([
    ['surely was not applied', { uncertain: false }],
    ['was delivered after a doubt', { state: 'delivered', uncertain: true }],
  ])('is not when it %s', (_what, fields) => {
    expect(asUncertain(target(fields))).toBeUndefined();
  });

  it('is not when retention has removed what it was', () => {
    const { address: _address, operation: _operation, ...bare } = target({ uncertain: true });

    expect(asUncertain(bare)).toBeUndefined();
  });
});
