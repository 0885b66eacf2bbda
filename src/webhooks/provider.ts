import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';

export const hashNames = ['sha1', 'sha256', 'sha512'] as const;
export type HashName = (typeof hashNames)[number];

export const encodings = ['hex', 'base64', 'base64url'] as const;
export type Encoding = (typeof encodings)[number];

/** How the text of a secret becomes a key: as it is, decoded, or decoded after `whsec_`. */
export const secretForms = ['text', 'hex', 'base64', 'whsec'] as const;
export type SecretForm = (typeof secretForms)[number];

/** RFC 6901, into the payload: JSON, or the fields of a form. Only own properties are ever followed. */
export type Pointer = `/${string}`;

export type ValueSource = { readonly header: string } | { readonly body: Pointer };

/** How the signature header is laid out. What is neither ours nor readable in it is passed over. */
export type SignatureFormat =
  /** One signature after `prefix`, or several between `separator`s: `sha256=…`, `v1,… v1,…`. */
  | { readonly kind: 'list'; readonly prefix: string; readonly separator?: string }
  /** Named fields, of which those called `signature` are signatures: `t=…,v1=…,v1=…`. */
  | { readonly kind: 'fields'; readonly separator: string; readonly signature: string };

export interface TimestampRule {
  /** `field` is one of the signature header's. */
  readonly from: { readonly header: string } | { readonly field: string };
  readonly unit: 's' | 'ms';
  /** How far it may be off, in the past and in the future alike. */
  readonly toleranceMs: number;
}

/** A question by which the provider checks the address. Answered only to a good, timely signature. */
export interface ChallengeRule {
  readonly when: { readonly body: Pointer; readonly equals: string };
  /** What to answer, as plain text. */
  readonly answer: Pointer;
}

/** A payload for trying things out. Two seeds make two payloads that are not duplicates of each other. */
export interface Sample {
  readonly event: string;
  body(seed: SampleSeed): unknown;
}

export interface SampleSeed {
  readonly id: string;
  readonly event: string;
  readonly now: number;
}

/**
 * How a provider signs, and where its requests say what they are: all the engine needs, as data.
 * Every header that is named here must stand alone in a request.
 */
export interface WebhookScheme {
  readonly signature: {
    readonly header: string;
    readonly format: SignatureFormat;
    readonly hash: HashName;
    readonly encoding: Encoding;
    /** What is signed: text in which `{id}`, `{timestamp}` and `{body}` stand for the request's own. */
    readonly content: string;
  };
  readonly secret: SecretForm;
  /** Only a time that is part of the signed content; another one proves nothing. */
  readonly timestamp?: TimestampRule;
  /** The provider's id of what happened, the same in every retry. In a header it is only trusted when signed. */
  readonly id?: ValueSource;
  /** Deduplicates by an id that is not signed alone: for senders whose different events look the same. */
  readonly trustUnsignedId?: boolean;
  /** The first that has a value names the event. */
  readonly event: readonly ValueSource[];
  /**
   * Names the thing whose events must stay in order, from the large to the small: for each step the first
   * pointer that has a value. Without a value for the first step, or at all, a delivery stands alone.
   */
  readonly lane?: readonly (readonly Pointer[])[];
  /** When it happened. Default: the signed timestamp, or when it came in. */
  readonly occurredAt?: { readonly body: Pointer; readonly unit: 's' | 'ms' | 'rfc3339' };
  readonly challenge?: ChallengeRule;
  /** Headers to blank out when a request is kept, besides those that look like credentials. */
  readonly secretHeaders?: readonly string[];
  readonly sample: Sample;
}

/** For a provider whose scheme the operator describes. */
export interface ProviderSettings {
  readonly schema: z.ZodType;
  /** @throws AppError `invalid_request` that names the setting. */
  toScheme(settings: unknown): WebhookScheme;
}

interface ProviderFacts {
  readonly id: string;
  readonly title: string;
  /** The page on which the provider explains its signatures. */
  readonly docs: string;
  /** The largest body by default. */
  readonly payloadBytesMax: number;
  /** `provider` when secrets are always made there, and making one here is of no use. */
  readonly secretFrom: 'provider' | 'either';
}

export type WebhookProvider = ProviderFacts &
  ({ readonly scheme: WebhookScheme } | { readonly settings: ProviderSettings });

/** What is stored of an integration for its provider. */
export type Settings = Readonly<Record<string, unknown>>;

/** @throws AppError `invalid_request` for settings that the provider does not have or that do not fit. */
export function schemeOf(provider: WebhookProvider, settings: Settings = {}): WebhookScheme {
  if ('settings' in provider) return provider.settings.toScheme(settings);
  const [name] = Object.keys(settings);
  if (name !== undefined) {
    throw new AppError('invalid_request', `Provider ${provider.id} has no settings. Take them out.`);
  }
  return provider.scheme;
}

export function defineSettings<Schema extends z.ZodType>(
  schema: Schema,
  toScheme: (settings: z.output<Schema>) => WebhookScheme,
): ProviderSettings {
  return {
    schema,
    toScheme(settings) {
      const parsed = schema.safeParse(settings);
      if (parsed.success) return toScheme(parsed.data);
      const [issue] = parsed.error.issues;
      const where = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}`;
      throw new AppError('invalid_request', `Webhook settings${where}: ${issue?.message ?? 'not valid'}.`);
    },
  };
}

/** The headers that the scheme reads, each of which must not come twice. */
export function headersOf(scheme: WebhookScheme): readonly string[] {
  const { signature, timestamp, id, event } = scheme;
  const sources = [...(timestamp ? [timestamp.from] : []), ...(id ? [id] : []), ...event];
  return [signature.header, ...sources.flatMap((source) => ('header' in source ? [source.header] : []))];
}

/** Whether the signature covers the id, so that nobody but the provider can change or drop it. */
export function isIdSigned({ id, signature }: WebhookScheme): boolean {
  return id !== undefined && ('body' in id || signature.content.includes('{id}'));
}
