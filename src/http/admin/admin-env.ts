import type { Context } from 'hono';
import type { IncomingMessage } from 'node:http';

/** What a request to the admin listener carries along. */
export interface AdminEnv {
  readonly Bindings: { readonly incoming: IncomingMessage };
  readonly Variables: {
    readonly requestId: string;
    /** Who asked, once it is known. */
    readonly actor?: string;
  };
}

export type AdminContext = Context<AdminEnv>;
