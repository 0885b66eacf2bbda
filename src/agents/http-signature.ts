import { createHmac } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../lib/secret.ts';

const prefix = 'whsec_';

/** The `webhook-signature` of https://www.standardwebhooks.com: over id, timestamp (Unix seconds) and body. */
export function signWebhook(secret: Secret, id: string, timestamp: number, body: string): string {
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body, 'utf8');
  return `v1,${mac.digest('base64')}`;
}

/** After `whsec_` the key is base64, as the standard has it; any other secret is the key as it stands. */
function keyOf(secret: Secret): Buffer {
  const value = secret.reveal();
  if (!value.startsWith(prefix)) return Buffer.from(value, 'utf8');
  const key = Buffer.from(value.slice(prefix.length), 'base64');
  if (key.length === 0) {
    throw new AppError(
      'config_invalid',
      'The signing secret of the agent has no base64 key after whsec_. Store a good one: palyra secrets set.',
    );
  }
  return key;
}
