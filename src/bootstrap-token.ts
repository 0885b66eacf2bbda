import type { Tokens } from './core/platform/tokens.ts';
import { isAppError } from './domain/errors.ts';
import type { Redactor } from './lib/redact.ts';
import { readBootstrapToken, writeBootstrapToken } from './daemon-file.ts';

const bootstrapName = 'bootstrap';

/**
 * Makes sure that whoever can read the state directory has a token that works. A token whose file is gone
 * stops working: taking the file away takes the access away.
 */
export async function ensureBootstrapToken(
  stateDir: string,
  tokens: Tokens,
  redactor: Redactor,
): Promise<void> {
  const kept = readBootstrapToken(stateDir);
  if (kept !== undefined) redactor.add(kept);
  if (kept !== undefined && (await isGood(kept, tokens))) return;
  for (const { id, name, revokedAt } of await tokens.list())
    if (name === bootstrapName && revokedAt === undefined) await tokens.revoke(id);
  const { token } = await tokens.create(bootstrapName, ['admin']);
  writeBootstrapToken(stateDir, token);
}

async function isGood(token: string, tokens: Tokens): Promise<boolean> {
  try {
    return (await tokens.authenticate(token)).scopes.has('admin');
  } catch (error) {
    if (isAppError(error, 'unauthenticated')) return false;
    throw error;
  }
}
