import { withValue } from '../payload.ts';
import {
  defineSettings,
  type Pointer,
  type SampleSeed,
  type SignatureFormat,
  type TimestampRule,
  type ValueSource,
  type WebhookProvider,
  type WebhookScheme,
} from '../provider.ts';
import { type GenericSettings, Settings } from './generic-hmac-settings.ts';

function toScheme(settings: GenericSettings): WebhookScheme {
  const { header, hash, encoding, prefix, separator, signatureField, lanePointer } = settings;
  const id = sourceOf(settings.idHeader, settings.idPointer);
  const timestamp = timestampOf(settings);
  const format: SignatureFormat =
    signatureField !== undefined && separator !== undefined
      ? { kind: 'fields', separator, signature: signatureField }
      : { kind: 'list', prefix, ...(separator === undefined ? {} : { separator }) };
  const event = [sourceOf(settings.eventHeader, undefined), sourceOf(undefined, settings.eventPointer)];
  return {
    signature: { header, format, hash, encoding, content: settings.template },
    secret: settings.secret,
    ...(timestamp ? { timestamp } : {}),
    ...(id ? { id } : {}),
    ...(settings.dedupe === 'id' ? { trustUnsignedId: true } : {}),
    event: event.filter((source) => source !== undefined),
    ...(lanePointer === undefined ? {} : { lane: [[lanePointer]] }),
    sample: { event: 'example', body: (seed) => sampleBody(settings, seed) },
  };
}

function timestampOf(settings: GenericSettings): TimestampRule | undefined {
  const { timestampHeader: header, timestampField: field, timestampUnit: unit } = settings;
  const toleranceMs = settings.toleranceSeconds * 1_000;
  if (header !== undefined) return { from: { header }, unit, toleranceMs };
  return field === undefined ? undefined : { from: { field }, unit, toleranceMs };
}

function sampleBody({ idPointer, eventPointer }: GenericSettings, { id, event }: SampleSeed): object {
  const named = eventPointer === undefined ? {} : withValue({}, eventPointer, event);
  const identified = idPointer === undefined ? named : withValue(named, idPointer, id);
  return { message: 'A sample event', sample: id, ...identified };
}

function sourceOf(header: string | undefined, body: Pointer | undefined): ValueSource | undefined {
  if (header !== undefined) return { header };
  return body === undefined ? undefined : { body };
}

export const genericHmac: WebhookProvider = {
  id: 'generic-hmac',
  title: 'Any sender that signs with HMAC',
  docs: 'https://www.rfc-editor.org/rfc/rfc2104',
  payloadBytesMax: 1024 * 1024,
  secretFrom: 'either',
  settings: defineSettings(Settings, toScheme),
};
