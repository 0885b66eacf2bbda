import type { ConnectorId } from './ids.ts';

/**
 * Where a message lives on a platform. Minted by the adapter when the event comes in, carried as it is
 * to the outbox, and never derived again from anything else.
 */
export interface Address {
  readonly connector: ConnectorId;
  readonly conversation: string;
  readonly thread?: string;
  /** The message that an operation is about, or that a new one replies to. */
  readonly message?: string;
  /**
   * A way to answer there that ends soon, e.g. to the press of a button. Names it, and is no secret; only the
   * adapter that minted it knows what it stands for. It is no part of the place: lanes do not tell by it.
   */
  readonly handle?: string;
}

/** The key that orders rows: the narrowest conversation. Different addresses never share one by accident. */
export function laneOf(address: Address): string {
  const place = [
    address.connector,
    address.conversation,
    ...(address.thread === undefined ? [] : [address.thread]),
  ];
  return place.map(encodeSegment).join('/');
}

/** So that none of `/`, `#` and `%` stands in a segment by itself, nor anything that a database may refuse. */
function encodeSegment(segment: string): string {
  return segment.replace(
    /[%/#\p{Cc}\p{Cs}]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
