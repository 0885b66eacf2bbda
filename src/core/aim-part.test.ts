import { describe, expect, it } from 'vitest';
import { connector } from '../../test/support/events.ts';
import type { MessageId, PartId } from '../domain/ids.ts';
import type { OutboundOperation } from '../domain/outbound.ts';
import type { LeasedPart, PartRecord } from '../store/outbox-store.ts';
import { aimPart, asOwnMessage } from './aim-part.ts';

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
function target(fields: Partial<PartRecord> | undefined) {
  return (key: string): Promise<PartRecord | undefined> =>
    Promise.resolve(key === 'draft' ? (fields as PartRecord | undefined) : undefined);
}

describe('a change of the message of another part', () => {
  it.each<OutboundOperation>([edit, { op: 'delete', of: 'draft' }])(
    'goes to that message: %o',
    async (operation) => {
      const aimed = await aimPart(
        leased(operation),
        target({ state: 'delivered', platformIds: ['m7', 'm8'] }),
      );

      expect(aimed).toEqual({
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
  ])('is a message of its own when that one %s, and replies to the same', async (_what, known) => {
    const aimed = await aimPart(leased({ ...edit, extras: { flags: 4 } }), target(known));

    expect(aimed).toEqual(leased({ op: 'send', text: 'whole', extras: { flags: 4 } }));
  });

  it('is nothing when what it should delete is not there', async () => {
    expect(await aimPart(leased({ op: 'delete', of: 'draft' }), target(undefined))).toBeUndefined();
  });
});

describe('anything else', () => {
  it.each<OutboundOperation>([
    { op: 'send', text: 'hello' },
    { op: 'edit', text: 'hello' },
    { op: 'delete' },
    { op: 'react', emoji: '👍', remove: false },
  ])('is as it is, and nobody is asked: %o', async (operation) => {
    const nobody = () => Promise.reject(new Error('Somebody was asked.'));

    expect(await aimPart(leased(operation), nobody)).toEqual(leased(operation));
    expect(asOwnMessage(leased(operation))).toBeUndefined();
  });
});
