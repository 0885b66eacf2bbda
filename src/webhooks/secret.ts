import { randomBytes } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { Secret } from '../lib/secret.ts';
import { decodeSecret, encodeSecret } from './encoding.ts';
import {
  schemeOf,
  type SecretForm,
  type Settings,
  type WebhookProvider,
  type WebhookScheme,
} from './provider.ts';

/** As long as the digest of SHA-256, and within the 24 to 64 bytes that Standard Webhooks asks for. */
const keyBytes = 32;

/** A new secret, in the spelling in which the provider wants it pasted. */
export function generateSecret(
  provider: WebhookProvider,
  settings?: Settings,
  random: (bytes: number) => Uint8Array = randomBytes,
): Secret {
  const { secret } = schemeOf(provider, settings);
  const key = random(keyBytes);
  return new Secret(secret === 'text' ? Buffer.from(key).toString('base64url') : encodeSecret(key, secret));
}

/**
 * Ask this before a secret is stored or an integration is called ready.
 * @throws AppError `invalid_request` when no signature could ever be made with it.
 */
export function checkSecret(provider: WebhookProvider, settings: Settings | undefined, secret: Secret): void {
  requireKey(provider, schemeOf(provider, settings), secret);
}

const expected: Readonly<Record<SecretForm, string>> = {
  text: 'It is empty.',
  hex: 'It must be hex digits.',
  base64: 'It must be base64.',
  whsec: 'It must be whsec_ and then base64.',
};

/** @throws AppError `invalid_request`, see `checkSecret`. */
export function requireKey(provider: WebhookProvider, scheme: WebhookScheme, secret: Secret): Uint8Array {
  const key = decodeSecret(secret.reveal(), scheme.secret);
  if (key) return key;
  throw new AppError(
    'invalid_request',
    `This secret cannot be used with ${provider.id}. ${expected[scheme.secret]}`,
  );
}
