import { schemeOf, type Settings, type WebhookProvider } from './provider.ts';

export interface SampleRequest {
  readonly provider: WebhookProvider;
  readonly settings?: Settings;
  /** Makes this payload another happening than the one before. */
  readonly id: string;
  /** Default: the one of the sample. */
  readonly event?: string;
  /** Unix ms. */
  readonly now: number;
}

/** A payload to sign and send, and the event that it stands for. */
export function samplePayload({ provider, settings, id, event, now }: SampleRequest): {
  event: string;
  body: Uint8Array;
} {
  const { sample } = schemeOf(provider, settings);
  const named = event ?? sample.event;
  const json = JSON.stringify(sample.body({ id, event: named, now }));
  return { event: named, body: Buffer.from(json, 'utf8') };
}
