import type { Context } from 'hono';

/** What a request to the admin listener carries along. */
export interface AdminEnv {
  readonly Bindings: { readonly incoming: { readonly socket: { readonly remoteAddress?: string } } };
  readonly Variables: {
    readonly requestId: string;
    /** Who asked, once it is known. */
    readonly actor?: string;
  };
}

export type AdminContext = Context<AdminEnv>;
