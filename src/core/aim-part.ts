import type { LeasedPart, PartRecord } from '../store/outbox-store.ts';

/**
 * Gives a change `of` another part's message the id of that message. Where there is no such message, an edit
 * becomes a message of its own, and for a deletion nothing is left to do: undefined.
 */
export async function aimPart(
  part: LeasedPart,
  getPartByKey: (key: string) => Promise<PartRecord | undefined>,
): Promise<LeasedPart | undefined> {
  const { operation, address } = part;
  if (!('of' in operation)) return part;
  const target = await getPartByKey(operation.of);
  const message = target?.state === 'delivered' ? target.platformIds[0] : undefined;
  if (message !== undefined) return { ...part, address: { ...address, message } };
  return asOwnMessage(part);
}

/** The same text as a new message; undefined for what does not bring a message `of` another part to its end. */
export function asOwnMessage(part: LeasedPart): LeasedPart | undefined {
  const { operation } = part;
  if (operation.op !== 'edit' || operation.of === undefined) return undefined;
  const { of: _of, ...rest } = operation;
  return { ...part, operation: { ...rest, op: 'send' } };
}
