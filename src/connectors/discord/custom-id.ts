/** What stands behind the id of a component that is good for a while: until when, in Unix ms to the base 36. */
const expiring = /^(?<id>.+)~until:(?<until>[0-9a-z]{8})$/s;

/** By how much `withExpiry` makes an id longer. */
export const expiryLength = '~until:'.length + 8;

/** The expiry is in the message itself, so that it holds for as long as the message is there. `until` is Unix ms. */
export function withExpiry(id: string, until: number): string {
  return `${id}~until:${Math.floor(until).toString(36).padStart(8, '0')}`;
}

/** The id as it was given, and until when (Unix ms) it is good, where that was said. */
export function readCustomId(customId: string): { readonly id: string; readonly until?: number } {
  const { id, until } = expiring.exec(customId)?.groups ?? {};
  return id === undefined || until === undefined ? { id: customId } : { id, until: parseInt(until, 36) };
}
