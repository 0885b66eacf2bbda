import { createHash } from 'node:crypto';

/** https://docs.discord.com/developers/resources/message#create-message */
const lengthMax = 25;

/**
 * The name of a part for Discord, which makes one message of all creates that give the same: the same in
 * every attempt and after every restart.
 */
export function nonceOf(key: string): string {
  return createHash('sha256')
    .update(key)
    .digest('base64url')
    .slice(0, lengthMax - 1);
}
