import { AppError } from './errors.ts';

/** `<scope>/<key>`: the only way a secret is named outside the vault. */
export interface VaultRef {
  readonly scope: string;
  readonly key: string;
}

const segment = '[A-Za-z0-9._-]{1,128}';
const scopePattern = new RegExp(
  `^(global|channel:[a-z][a-z0-9_]{0,31}:${segment}|webhook:${segment}|principal:[A-Za-z0-9._:@-]{1,128})$`,
);
const keyPattern = new RegExp(`^${segment}$`);

/** @throws AppError `invalid_request`; the text is not repeated, because it might be the secret itself. */
export function parseVaultRef(text: string): VaultRef {
  const slash = text.indexOf('/');
  const ref = { scope: text.slice(0, Math.max(slash, 0)), key: text.slice(slash + 1) };
  if (slash < 0 || !scopePattern.test(ref.scope) || !keyPattern.test(ref.key)) {
    throw new AppError(
      'invalid_request',
      'Not a vault reference. Write <scope>/<key>, where the scope is global, channel:<kind>:<account>, webhook:<id> or principal:<id>.',
    );
  }
  return ref;
}

export function formatVaultRef(ref: VaultRef): string {
  return `${ref.scope}/${ref.key}`;
}
