import { Secret } from '../lib/secret.ts';
import { decodeSecret, encodeSecret } from './encoding.ts';
import { schemeOf, type Settings, type WebhookProvider, type WebhookScheme } from './provider.ts';
import { samplePayload } from './sample.ts';
import { signScheme } from './sign.ts';
import { digestBytesOf } from './signed-content.ts';
import { formatTimestamp } from './timestamp.ts';
import { type Verification, verify } from './verify.ts';

export interface Sent {
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface Letter {
  readonly body?: Uint8Array;
  readonly secret?: string;
  readonly key?: Uint8Array;
  readonly id?: string;
  readonly event?: string;
  /** Unix ms. */
  readonly at?: number;
  /** Instead of the time in `at`, whatever it looks like. */
  readonly timestamp?: string;
}

/** A provider as it would be on the other side: signs what it is given, and can be made to misbehave. */
export class ContractSender {
  readonly now = 1_700_000_000_000;
  readonly scheme: WebhookScheme;
  readonly #subject: { readonly provider: WebhookProvider; readonly settings?: Settings };

  constructor(subject: { readonly provider: WebhookProvider; readonly settings?: Settings }) {
    this.#subject = subject;
    this.scheme = schemeOf(subject.provider, subject.settings);
  }

  /** A secret of the right form, another one for each number from 1 to 255. */
  secret(seed = 1): string {
    const { secret } = this.scheme;
    return secret === 'text' ? `the contract's secret ${seed}` : encodeSecret(Buffer.alloc(32, seed), secret);
  }

  body(id = 'evt-1', event = 'sample_event'): Uint8Array {
    return samplePayload({ ...this.#subject, id, event, now: this.now }).body;
  }

  send(letter: Letter = {}): Sent {
    const { id = 'evt-1', event = 'sample_event', at = this.now, secret = this.secret() } = letter;
    const body = letter.body ?? this.body(id, event);
    const unit = this.scheme.timestamp?.unit;
    const timestamp = letter.timestamp ?? (unit && formatTimestamp(at, unit));
    const key = letter.key ?? decodeSecret(secret, this.scheme.secret) ?? Buffer.alloc(0);
    return { headers: signScheme(this.scheme, key, { body, id, event, timestamp }), body };
  }

  receive(
    { headers, body }: Sent,
    secrets: readonly string[] = [this.secret()],
    receivedAt = this.now,
  ): Verification {
    const active = secrets.map((secret, index) => ({
      ref: `secret-${index + 1}`,
      value: new Secret(secret),
    }));
    return verify({ ...this.#subject, headers, body, secrets: active, receivedAt });
  }

  /** The text of the signature that stands last in its header. */
  signature({ headers }: Sent): string {
    const { hash, encoding } = this.scheme.signature;
    const { length } = Buffer.alloc(digestBytesOf(hash)).toString(encoding);
    return valueIn(headers, this.scheme.signature.header).slice(-length);
  }

  withSignature(sent: Sent, text: string): Sent {
    const { header } = this.scheme.signature;
    const value = valueIn(sent.headers, header);
    return {
      ...sent,
      headers: replaced(sent.headers, header, value.slice(0, -this.signature(sent).length) + text),
    };
  }

  /** Changes the timestamp after the request was signed. */
  withTimestamp(sent: Sent, text: string): Sent {
    const from = this.scheme.timestamp?.from;
    if (!from) return sent;
    if ('header' in from) return { ...sent, headers: replaced(sent.headers, from.header, text) };
    const { header, format } = this.scheme.signature;
    const { separator = ',' } = format;
    const [, ...rest] = valueIn(sent.headers, header).split(separator);
    const value = [`${from.field}=${text}`, ...rest].join(separator);
    return { ...sent, headers: replaced(sent.headers, header, value) };
  }
}

export function valueIn(headers: readonly string[], name: string): string {
  const index = headers.findIndex((text, at) => at % 2 === 0 && text === name);
  return headers[index + 1] ?? '';
}

export function replaced(headers: readonly string[], name: string, value: string): readonly string[] {
  return headers.map((text, index) => (index % 2 === 1 && headers[index - 1] === name ? value : text));
}

export function without(headers: readonly string[], name: string): readonly string[] {
  return headers.filter((text, index) => (index % 2 === 0 ? text : headers[index - 1]) !== name);
}
