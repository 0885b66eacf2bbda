import type { UncertainPart } from '../domain/outbound.ts';
import type { ResolvedUnknown } from '../domain/outcome.ts';
import type { LeasedPart, PartRecord } from '../store/outbox-store.ts';

/** The key of the part whose message this one changes. */
export function targetOf({ operation }: LeasedPart): string | undefined {
  return 'of' in operation ? operation.of : undefined;
}

/** As what a part has to be looked for on the platform that was given up and may be there all the same. */
export function asUncertain(target: PartRecord): UncertainPart | undefined {
  const { id, message, key, part, parts, possibleDuplicate, address, operation } = target;
  if (target.state === 'delivered' || !target.uncertain || !address || !operation) return undefined;
  return {
    ...{ id, message, key, part, parts, possibleDuplicate, address, operation },
    attempt: target.attempts,
    firstAttemptAt: target.createdAt,
    uncertain: true,
  };
}

/**
 * Gives a change `of` another part's message the id of that message; `found` is what looking for it came to.
 * Where there is no such message, an edit becomes a message of its own, and for a deletion nothing is left to
 * do: undefined.
 */
export function aimPart(
  part: LeasedPart,
  target: PartRecord | undefined,
  found: ResolvedUnknown = { kind: 'absent' },
): LeasedPart | undefined {
  if (targetOf(part) === undefined) return part;
  const known = target?.state === 'delivered' ? target : found.kind === 'delivered' ? found : undefined;
  const message = known?.platformIds[0];
  if (message !== undefined) return { ...part, address: { ...part.address, message } };
  return asOwnMessage(part);
}

/** The same text as a new message; undefined for what does not bring a message `of` another part to its end. */
export function asOwnMessage(part: LeasedPart): LeasedPart | undefined {
  const { operation } = part;
  if (operation.op !== 'edit' || operation.of === undefined) return undefined;
  const { of: _of, ...rest } = operation;
  return { ...part, operation: { ...rest, op: 'send' } };
}
