import { AppError, isAppError } from '../../domain/errors.ts';
import type { TokenScope } from '../../domain/token.ts';
import type { Caller, Tokens } from '../../core/platform/tokens.ts';

export interface AuthenticatedCaller extends Caller {
  /** False once the token has been revoked or has expired: for what goes on after its request was let in. */
  isStillGood(): Promise<boolean>;
}

/** Who asks, by the bearer token of the request. @throws AppError `unauthenticated`. */
export async function authenticate(header: string | undefined, tokens: Tokens): Promise<AuthenticatedCaller> {
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header ?? '')?.[1];
  if (token === undefined)
    throw new AppError(
      'unauthenticated',
      'Send a token: Authorization: Bearer <token>. See palyra tokens create.',
    );
  const isStillGood = async (): Promise<boolean> => {
    try {
      await tokens.authenticate(token);
      return true;
    } catch (error) {
      if (isAppError(error, 'unauthenticated')) return false;
      throw error;
    }
  };
  return { ...(await tokens.authenticate(token)), isStillGood };
}

/** @throws AppError `forbidden` unless the caller has one of the scopes, or `admin`, which has all. */
export function authorize(caller: Caller, scopes: readonly TokenScope[]): void {
  if (caller.scopes.has('admin') || scopes.some((scope) => caller.scopes.has(scope))) return;
  throw new AppError(
    'forbidden',
    `This needs a token with scope ${scopes.join(' or ')}. Create one: palyra tokens create <name> --scope ${scopes[0] ?? 'admin'}.`,
  );
}
