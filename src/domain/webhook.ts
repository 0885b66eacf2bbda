import type { DeliveryId, EventId, IntegrationId } from './ids.ts';
import type { ReasonCode } from './reasons.ts';

/** A secret that makes valid signatures; several may be active while it is rotated. */
export interface IntegrationSecret {
  readonly ref: string;
  /** Unix ms after which it no longer counts. */
  readonly notAfter?: number;
}

export interface IntegrationRecord {
  readonly id: IntegrationId;
  readonly provider: string;
  /** The unguessable part of the address. */
  readonly token: string;
  /** The address before the last rotation, good until `previousTokenUntil`. */
  readonly previousToken?: string;
  readonly previousTokenUntil?: number;
  readonly enabled: boolean;
  readonly secrets: readonly IntegrationSecret[];
  /** Settings of the provider, e.g. header and template of `generic-hmac`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Empty means every event. */
  readonly allowedEvents: readonly string[];
  /** CIDR blocks; empty means every address. */
  readonly allowedSources: readonly string[];
  readonly payloadBytesMax: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type Verdict = 'accepted' | 'duplicate' | 'challenge' | 'ignored' | 'rejected';

/** One HTTP request as it came in. Headers in wire order, as name and value in turn. */
export interface NewDelivery {
  readonly id: DeliveryId;
  readonly integration: IntegrationId;
  readonly at: number;
  readonly remoteAddress: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly verdict: Verdict;
  readonly reason: ReasonCode;
  /** What a reader needs to mend it; never a secret. */
  readonly detail?: string;
  readonly providerEvent?: string;
  /** Which of the integration's secrets made the signature. */
  readonly secretRef?: string;
  /** Sender's clock minus ours, where the request is time-stamped. */
  readonly skewMs?: number;
}

export interface DeliveryRecord extends Omit<NewDelivery, 'body'> {
  readonly bodyBytes: number;
  readonly event?: EventId;
}
