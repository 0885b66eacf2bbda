import { describe, expect, it } from 'vitest';
import { message } from '../../test/support/events.ts';
import { ScriptedAdapter } from '../../test/support/scripted-adapter.ts';
import type { Address } from '../domain/address.ts';
import type { EventId, MessageId, PartId, TurnId } from '../domain/ids.ts';
import type { OutboundOperation } from '../domain/outbound.ts';
import type { NewPart, PartRecord, PartState } from '../store/outbox-store.ts';
import type { PlanDeps } from './plan.ts';
import { draftKey, finishDrafts, markInterrupted, planDraft } from './plan-draft.ts';

const turn = 'turn_1' as TurnId;
const eventId = 'evt_1' as EventId;
const address = { connector: 'echo:default', conversation: 'room', message: 'm1' } as Address;

let ids = 0;
function deps(adapter = new ScriptedAdapter({ textMax: 20 })): PlanDeps {
  return {
    findAdapter: () => adapter,
    configOf: () => undefined,
    nextId: ((kind: string) => `${kind}_${++ids}`) as PlanDeps['nextId'],
  };
}

function part(slot: number, nth = 1, operation: OutboundOperation = { op: 'send', text: 'whole' }): NewPart {
  return {
    id: `prt_${slot}_${nth}` as PartId,
    message: `msg_${slot}` as MessageId,
    key: `${turn}:${slot}:${nth - 1}`,
    address,
    operation,
    part: nth,
    parts: 2,
    origin: { kind: 'turn', turn, event: eventId, slot },
  };
}

function record(key: string, operation: OutboundOperation, fields: Partial<PartRecord> = {}): PartRecord {
  return {
    id: `prt_${key}` as PartId,
    message: `msg_${key}` as MessageId,
    key,
    connector: address.connector,
    lane: 'lane',
    part: 1,
    parts: 1,
    state: 'delivered',
    attempts: 1,
    deferrals: 0,
    uncertain: false,
    possibleDuplicate: false,
    createdAt: 0,
    platformIds: ['p1'],
    origin: { kind: 'turn', turn, event: eventId, slot: 0 },
    address,
    operation,
    ...fields,
  };
}

function draft(slot = 0, fields: Partial<PartRecord> = {}): PartRecord {
  const origin = { kind: 'turn', turn, event: eventId, slot } as const;
  return record(draftKey(turn, slot), { op: 'send', text: 'wh', draft: true }, { origin, ...fields });
}

const operations = (parts: readonly NewPart[]): readonly unknown[] => parts.map(({ operation }) => operation);

describe('the answer of a turn', () => {
  it('changes its draft in place, and what does not fit comes behind it', () => {
    const parts = finishDrafts([part(0), part(0, 2)], [draft()], deps());

    expect(operations(parts)).toEqual([
      { op: 'edit', text: 'whole', of: draftKey(turn, 0) },
      { op: 'send', text: 'whole' },
    ]);
    expect(parts[0]).toMatchObject({ key: `${turn}:0:0`, address });
  });

  it('takes back the drafts of which nothing came', () => {
    const parts = finishDrafts([part(0)], [draft(0), draft(1)], deps());

    expect(operations(parts)).toEqual([
      { op: 'edit', text: 'whole', of: draftKey(turn, 0) },
      { op: 'delete', of: draftKey(turn, 1) },
    ]);
  });

  it.each([
    ['has more than text', { op: 'send', text: 'x', extras: { poll: {} } }],
    ['is no message', { op: 'react', emoji: '👍', remove: false }],
  ] as const)('that %s takes its draft back', (_what, operation) => {
    const parts = finishDrafts([part(0, 1, operation)], [draft()], deps());

    expect(operations(parts)).toEqual([operation, { op: 'delete', of: draftKey(turn, 0) }]);
  });

  it('that goes to another place takes its draft back from where it was', () => {
    const elsewhere = { ...part(0), address: { ...address, conversation: 'hall' } };

    const parts = finishDrafts([elsewhere], [draft()], deps());

    expect(parts).toMatchObject([
      { operation: { op: 'send' }, address: { conversation: 'hall' } },
      { operation: { op: 'delete', of: draftKey(turn, 0) }, address },
    ]);
  });

  it('is as it was where nothing was drafted', () => {
    const parts = [part(0), part(0, 2), part(1)];
    const earlier = [record(`${turn}:acknowledgement:0`, { op: 'react', emoji: '👀', remove: false })];

    expect(finishDrafts(parts, earlier, deps())).toEqual(parts);
  });
});

describe('what is left of a turn that died', () => {
  it('says that it was interrupted', () => {
    const parts = markInterrupted([draft()], deps());

    expect(parts).toMatchObject([
      { operation: { op: 'edit', text: '(The answer was interrupted.)', of: draftKey(turn, 0) }, address },
    ]);
  });

  it.each<[PartState, number]>([
    ['pending', 1],
    ['delivered', 1],
    ['dead', 0],
    ['discarded', 0],
    ['held', 0],
  ])('is marked where its draft is %s: %i', (state, count) => {
    expect(markInterrupted([draft(0, { state })], deps())).toHaveLength(count);
  });

  it.each<PartState>(['dead', 'held', 'discarded'])(
    'is marked where its draft is %s and may be there all the same',
    (state) => {
      expect(markInterrupted([draft(0, { state, uncertain: true })], deps())).toHaveLength(1);
    },
  );

  it('says so again when it is replayed and dies again', () => {
    const [first] = markInterrupted([draft()], deps());
    const second = markInterrupted([draft(), record(first!.key, first!.operation)], deps());

    expect(second).toHaveLength(1);
    expect(second[0]?.key).not.toBe(first?.key);
  });

  it('says nothing where retention has removed what it was', () => {
    const { address: _address, ...bare } = draft();

    expect(markInterrupted([bare], deps())).toEqual([]);
    expect(finishDrafts([], [bare], deps())).toEqual([]);
  });
});

describe('the first revision of a message', () => {
  const toPlan = { turn, eventId, event: message({}), slot: 2, text: 'one two three four five six' };

  it('is the beginning of it, under a name of its own', () => {
    expect(planDraft(toPlan, deps())).toMatchObject({
      key: `${turn}:2:draft`,
      operation: { op: 'send', text: 'one two three four', draft: true },
      address: toPlan.event.address,
      origin: { slot: 2 },
    });
  });

  it('is not shown where the platform shows by itself that an answer is coming', () => {
    const event = { ...toPlan.event, address: { ...toPlan.event.address, handle: 'interaction:1' } };

    expect(planDraft({ ...toPlan, event }, deps())).toBeUndefined();
  });

  it('is not shown where it could not be changed', () => {
    const adapter = new ScriptedAdapter({ unsupported: ['edit'] });

    expect(planDraft(toPlan, deps(adapter))).toBeUndefined();
  });
});
