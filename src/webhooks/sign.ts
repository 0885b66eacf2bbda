import { AppError } from '../domain/errors.ts';
import type { Secret } from '../lib/secret.ts';
import { isEventName } from './event-facts.ts';
import { schemeOf, type Settings, type WebhookProvider, type WebhookScheme } from './provider.ts';
import { requireKey } from './secret.ts';
import { formatSignatureHeader } from './signature-header.ts';
import { canBeSigned, macOf, signedContent } from './signed-content.ts';
import { formatTimestamp } from './timestamp.ts';

export interface SignRequest {
  readonly provider: WebhookProvider;
  readonly settings?: Settings;
  readonly secret: Secret;
  readonly body: Uint8Array;
  /** Unix ms. */
  readonly now: number;
  /** For providers that send these in headers. Where the body holds them, nothing is changed in it. */
  readonly id: string;
  readonly event: string;
}

/**
 * The headers that the provider would send with this body, as name and value in turn.
 * @throws AppError `invalid_request` for a secret that cannot sign, or an id or event that cannot be sent.
 */
export function sign({ provider, settings, secret, body, now, id, event }: SignRequest): string[] {
  const scheme = schemeOf(provider, settings);
  const timestamp = scheme.timestamp && formatTimestamp(now, scheme.timestamp.unit);
  const [eventSource] = scheme.event;
  checkHeaderText('id', scheme.id !== undefined && 'header' in scheme.id, id);
  checkHeaderText('event', eventSource !== undefined && 'header' in eventSource, event);
  if (scheme.signature.content.includes('{id}') && !canBeSigned(id, scheme.signature.content)) {
    throw new AppError(
      'invalid_request',
      `The id holds a character that ids of ${provider.id} must not have.`,
    );
  }
  return signScheme(scheme, requireKey(provider, scheme, secret), { body, id, event, timestamp });
}

/** As `sign`, from what a scheme needs, whatever the timestamp may look like. */
export function signScheme(
  { signature, timestamp: rule, id, event }: WebhookScheme,
  key: Uint8Array,
  given: {
    readonly body: Uint8Array;
    readonly id: string;
    readonly event: string;
    readonly timestamp?: string | undefined;
  },
): string[] {
  const mac = macOf(signature.hash, key, signedContent(signature.content, given));
  const { timestamp: text = '' } = given;
  const field = rule && 'field' in rule.from ? { field: rule.from.field, text } : undefined;
  const [eventSource] = event;
  return [
    ...(id && 'header' in id ? [id.header, given.id] : []),
    ...(rule && 'header' in rule.from ? [rule.from.header, text] : []),
    ...(eventSource && 'header' in eventSource ? [eventSource.header, given.event] : []),
    ...[signature.header, formatSignatureHeader(mac.toString(signature.encoding), signature.format, field)],
  ];
}

function checkHeaderText(what: string, isSent: boolean, text: string): void {
  if (
    isSent &&
    !(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && (what !== 'event' || isEventName(text)))
  ) {
    throw new AppError(
      'invalid_request',
      `The ${what} goes into a header. Write it in visible ASCII characters.`,
    );
  }
}
