import type { ReasonCode } from '../domain/reasons.ts';
import type { Secret } from '../lib/secret.ts';
import { decodeSecret } from './encoding.ts';
import {
  type DedupeKeys,
  dedupeKeysOf,
  eventOf,
  laneOf,
  occurredAtOf,
  type VerifiedRequest,
} from './event-facts.ts';
import { type RawHeaders, valueOf, valuesOf } from './headers.ts';
import { nameAt, readPayload } from './payload.ts';
import { headersOf, schemeOf, type Settings, type WebhookProvider, type WebhookScheme } from './provider.ts';
import { isReencoded } from './reencoded.ts';
import { parseSignatureHeader } from './signature-header.ts';
import {
  canBeSigned,
  includesMac,
  macOf,
  sha256Of,
  signedContent,
  type SignedValues,
} from './signed-content.ts';
import { parseTimestamp, windowFault } from './timestamp.ts';

export interface ActiveSecret {
  readonly ref: string;
  readonly value: Secret;
}

export interface VerifyRequest {
  readonly provider: WebhookProvider;
  /** What the operator set, for a provider that has settings. */
  readonly settings?: Settings;
  readonly headers: RawHeaders;
  /** The bytes of the body as they came in. */
  readonly body: Uint8Array;
  /** All that may sign today. While one is being replaced there are several. */
  readonly secrets: readonly ActiveSecret[];
  /** Unix ms: when the request came in, which is what its timestamp is held against. */
  readonly receivedAt: number;
  /** Instead of the scheme's. `Infinity` leaves time out: only for a request that is run again on demand. */
  readonly toleranceMs?: number;
}

export interface Verified extends DedupeKeys {
  readonly kind: 'verified';
  readonly event: string;
  /** The thing whose events must stay in order, within the integration. Absent: it stands alone. */
  readonly lane?: string;
  /** Unix ms by the provider's word. Only to be shown. */
  readonly occurredAt: number;
  /** Which secret made the signature. */
  readonly secretRef: string;
  /** The sender's clock minus ours, where the request is time-stamped. */
  readonly skewMs?: number;
}

export interface Challenge {
  readonly kind: 'challenge';
  readonly status: 200;
  readonly contentType: string;
  readonly body: string;
  readonly secretRef: string;
  readonly skewMs?: number;
}

export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: ReasonCode;
  /** What a reader needs to mend it. Holds no secret, and nothing that the sender wrote. */
  readonly detail?: string;
  readonly skewMs?: number;
}

export type Verification = Verified | Challenge | Rejected;

/**
 * Decides whether a request comes from the provider, and says what it is. Pure, and for any headers and
 * body whatsoever it answers instead of throwing. Nothing that a body says counts before its signature does.
 *
 * Keep the request's own bytes: the signature covers those, and no other spelling of the same content.
 *
 * @throws AppError `invalid_request` when the settings do not fit the provider.
 */
export function verify(request: VerifyRequest): Verification {
  const scheme = schemeOf(request.provider, request.settings);
  const claim = readClaim(scheme, request.headers);
  if ('kind' in claim) return claim;

  const skew = claim.at === undefined ? {} : { skewMs: claim.at - request.receivedAt };
  const signed: SignedValues = { id: claim.id, timestamp: claim.timestamp, body: request.body };
  const secretRef = findSigner(request.secrets, scheme, claim, signed);
  if (typeof secretRef !== 'string') return { ...secretRef, ...skew };

  const { toleranceMs = scheme.timestamp?.toleranceMs ?? Infinity } = request;
  const fault = skew.skewMs === undefined ? undefined : windowFault(skew.skewMs, toleranceMs);
  if (fault) return { ...rejected(fault, `Allowed are ${toleranceMs} ms.`), ...skew };

  const verified: VerifiedRequest = { scheme, headers: request.headers, payload: readPayload(request.body) };
  const challenge = answerChallenge(verified);
  if (challenge?.kind === 'challenge') return { ...challenge, secretRef, ...skew };
  if (challenge) return { ...challenge, ...skew };
  const lane = laneOf(verified);
  return {
    kind: 'verified',
    ...dedupeKeysOf(verified, () => sha256Of(signedContent(scheme.signature.content, signed))),
    event: eventOf(verified),
    ...(lane === undefined ? {} : { lane }),
    occurredAt: occurredAtOf(verified, claim.at ?? request.receivedAt),
    secretRef,
    ...skew,
  };
}

/** What a request says of itself, well-formed and not yet proven. */
interface Claim {
  readonly candidates: readonly Uint8Array[];
  readonly id?: string;
  readonly timestamp?: string;
  readonly at?: number;
}

function readClaim(scheme: WebhookScheme, headers: RawHeaders): Claim | Rejected {
  const twice = headersOf(scheme).find((name) => valuesOf(headers, name).length > 1);
  if (twice !== undefined) return rejected('signature_duplicated', `Header ${twice} came more than once.`);

  const { signature } = scheme;
  const value = valueOf(headers, signature.header);
  if (value === undefined) return rejected('signature_missing', `Header ${signature.header} is missing.`);
  const parsed = parseSignatureHeader(value, signature);
  if (!parsed) {
    const what = `${signature.hash} signature in ${signature.encoding}`;
    return rejected('signature_malformed', `Header ${signature.header} holds no ${what}, or too many.`);
  }

  const id = readSignedId(scheme, headers);
  if (typeof id === 'object') return id;
  const time = readTimestamp(scheme, headers, parsed.fields);
  if ('kind' in time) return time;
  return { candidates: parsed.candidates, ...time, ...(id === undefined ? {} : { id }) };
}

function readSignedId({ signature, id }: WebhookScheme, headers: RawHeaders): string | Rejected | undefined {
  if (!id || !('header' in id) || !signature.content.includes('{id}')) return undefined;
  const value = valueOf(headers, id.header);
  if (value === undefined)
    return rejected('signature_malformed', `Header ${id.header} is missing, which is signed too.`);
  if (canBeSigned(value, signature.content)) return value;
  return rejected('signature_malformed', `Header ${id.header} holds characters that no signed id may have.`);
}

function readTimestamp(
  { timestamp, signature }: WebhookScheme,
  headers: RawHeaders,
  fields: ReadonlyMap<string, readonly string[]>,
): Pick<Claim, 'timestamp' | 'at'> | Rejected {
  if (!timestamp) return {};
  const { from } = timestamp;
  const where =
    'header' in from ? `Header ${from.header}` : `Field ${from.field} of header ${signature.header}`;
  const values = 'header' in from ? valuesOf(headers, from.header) : (fields.get(from.field) ?? []);
  const [text = ''] = values;
  if (text === '') return rejected('timestamp_missing', `${where} is missing.`);
  if (values.length > 1) return rejected('signature_duplicated', `${where} came more than once.`);
  const at = parseTimestamp(text, timestamp.unit);
  if (at !== undefined) return { timestamp: text, at };
  return rejected(
    'timestamp_malformed',
    `${where} is no whole number of ${timestamp.unit === 's' ? 'seconds' : 'milliseconds'}.`,
  );
}

function findSigner(
  secrets: readonly ActiveSecret[],
  scheme: WebhookScheme,
  { candidates }: Claim,
  signed: SignedValues,
): string | Rejected {
  const { hash, content } = scheme.signature;
  const keys = secrets.flatMap(({ ref, value }) => {
    const key = decodeSecret(value.reveal(), scheme.secret);
    return key ? [{ ref, key }] : [];
  });
  if (keys.length === 0) {
    return rejected(
      'secret_not_found',
      secrets.length === 0 ? 'There is no active secret.' : 'No active secret is usable.',
    );
  }
  const pieces = signedContent(content, signed);
  const signers = keys.filter(({ key }) => includesMac(macOf(hash, key, pieces), candidates));
  const [signer] = signers;
  if (signer) return signer.ref;
  if (isReencoded({ scheme, keys: keys.map(({ key }) => key), candidates, signed }))
    return rejected('body_reencoded');
  const padded = secrets.some(({ value }) => /^\s|\s$/.test(value.reveal()));
  const hint = padded ? ' A secret begins or ends with white space.' : '';
  return rejected('signature_mismatch', `Tried active secrets: ${keys.length}.${hint}`);
}

function answerChallenge({
  scheme,
  payload,
}: VerifiedRequest): Omit<Challenge, 'secretRef'> | Rejected | undefined {
  const { challenge } = scheme;
  if (!challenge || nameAt(payload, challenge.when.body) !== challenge.when.equals) return undefined;
  const body = nameAt(payload, challenge.answer)?.toWellFormed();
  if (body === undefined)
    return rejected('payload_invalid', 'It asks for an answer to a challenge that it does not hold.');
  return { kind: 'challenge', status: 200, contentType: 'text/plain; charset=utf-8', body };
}

function rejected(reason: ReasonCode, detail?: string): Rejected {
  return { kind: 'rejected', reason, ...(detail === undefined ? {} : { detail }) };
}
