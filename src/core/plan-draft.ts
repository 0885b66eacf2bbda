import { type Address, laneOf } from '../domain/address.ts';
import { type EventId, kindOf, type MessageId, type PartId, type TurnId } from '../domain/ids.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import type { NewPart, PartRecord } from '../store/outbox-store.ts';
import { type PlanDeps, splitOperation } from './plan.ts';

export interface DraftToPlan {
  readonly turn: TurnId;
  readonly eventId: EventId;
  readonly event: ChatEvent;
  readonly slot: number;
  readonly text: string;
}

/**
 * The first revision of a message that is still being written. Undefined where it could not be changed in
 * place afterwards, or where the platform already shows that an answer is coming.
 */
export function planDraft(
  { turn, eventId, event, slot, text }: DraftToPlan,
  deps: PlanDeps,
): NewPart | undefined {
  if (event.address.handle !== undefined) return undefined;
  const adapter = deps.findAdapter(kindOf(event.address.connector));
  if (adapter?.capabilities.operations.edit.supported !== true) return undefined;
  const [first] = splitOperation({ op: 'send', text }, event.address.connector, deps);
  if (first?.op !== 'send') return undefined;
  return {
    ...onePart(deps),
    key: draftKey(turn, slot),
    address: event.address,
    operation: { op: 'send', text: first.text, draft: true },
    origin: { kind: 'turn', turn, event: eventId, slot },
  };
}

/**
 * Brings the answer of a turn together with what is there of it already: the first part of a message changes
 * its draft in place. A draft of which nothing came is taken back; so is one of a message with extras, since
 * what is more than text may not be brought into a message that is there, and one that is elsewhere, since
 * the rule has changed between two attempts.
 */
export function finishDrafts(
  parts: readonly NewPart[],
  drafts: readonly PartRecord[],
  deps: PlanDeps,
): readonly NewPart[] {
  const drafted = new Map(drafts.flatMap((draft) => (isDraft(draft) ? [[slotOf(draft), draft]] : [])));
  const finished = parts.map((part) => {
    const { operation, origin } = part;
    const draft = origin.kind === 'turn' ? drafted.get(origin.slot) : undefined;
    if (!draft || part.part > 1 || operation.op !== 'send' || operation.extras !== undefined) return part;
    if (!draft.address || laneOf(draft.address) !== laneOf(part.address)) return part;
    drafted.delete(slotOf(draft));
    return { ...part, operation: { ...operation, op: 'edit' as const, of: draft.key } };
  });
  return [...finished, ...[...drafted.values()].flatMap((draft) => withdraw(draft, deps))];
}

/** So that nobody takes what was left behind for an answer. `parts` are all of the turn's, of earlier runs too. */
export function markInterrupted(parts: readonly PartRecord[], deps: PlanDeps): readonly NewPart[] {
  return parts.flatMap((draft) =>
    draft.address === undefined || !isDraft(draft) || !mayBeThere(draft)
      ? []
      : [
          {
            ...onePart(deps),
            key: `${draft.key}:interrupted:${parts.filter(({ key }) => key.startsWith(`${draft.key}:`)).length}`,
            address: draft.address,
            operation: { op: 'edit', text: '(The answer was interrupted.)', of: draft.key },
            origin: draft.origin,
          },
        ],
  );
}

function withdraw(draft: PartRecord, deps: PlanDeps): readonly NewPart[] {
  if (draft.address === undefined) return [];
  return [
    {
      ...onePart(deps),
      key: `${draft.key}:withdrawn`,
      address: draft.address satisfies Address,
      operation: { op: 'delete', of: draft.key },
      origin: draft.origin,
    },
  ];
}

function isDraft({ operation }: PartRecord): boolean {
  return operation?.op === 'send' && operation.draft === true;
}

function mayBeThere({ state, uncertain }: PartRecord): boolean {
  return state === 'pending' || state === 'delivered' || uncertain;
}

function slotOf({ origin }: PartRecord): number {
  return origin.kind === 'turn' ? origin.slot : -1;
}

/** What a draft is called for life; the message that comes of it has a name of its own. */
export function draftKey(turn: TurnId, slot: number): string {
  return `${turn}:${slot}:draft`;
}

function onePart({ nextId }: PlanDeps): Pick<NewPart, 'id' | 'message' | 'part' | 'parts'> {
  return { id: nextId<PartId>('prt'), message: nextId<MessageId>('msg'), part: 1, parts: 1 };
}
