import type { Store } from '../store.ts';
import { accessMethods } from './access.ts';
import { artifactMethods } from './artifacts.ts';
import { connectorMethods } from './connectors.ts';
import { inboxMethods } from './inbox.ts';
import { journalMethods } from './journal.ts';
import { maintenanceMethods } from './maintenance.ts';
import { outboxMethods } from './outbox.ts';
import { secretMethods } from './secrets.ts';
import { platformMethods } from './platforms.ts';
import { agentMethods, metaMethods, ruleMethods, tokenMethods } from './settings.ts';
import { deadLetterMethods, statsMethods } from './stats.ts';
import type { Methods, Tx } from './tx.ts';
import { webhookMethods } from './webhooks.ts';

export type StoreParts = Omit<Store, 'watch' | 'close'>;

/** Everything that the store does, once, for every driver. */
export const storeMethods: { readonly [Part in keyof StoreParts]: Methods<StoreParts[Part]> } = {
  inbox: inboxMethods,
  outbox: outboxMethods,
  deadLetters: deadLetterMethods,
  connectors: connectorMethods,
  platforms: platformMethods,
  access: accessMethods,
  artifacts: artifactMethods,
  webhooks: webhookMethods,
  rules: ruleMethods,
  agents: agentMethods,
  tokens: tokenMethods,
  secrets: secretMethods,
  meta: metaMethods,
  journal: journalMethods,
  stats: statsMethods,
  maintenance: maintenanceMethods,
};

/** One call of a store method, as data, so that it can go to another thread. */
export interface Call {
  readonly part: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

type AnyMethod = (tx: Tx, ...args: readonly unknown[]) => Promise<unknown>;

export function methodOf(call: Call): AnyMethod {
  const part = storeMethods[call.part as keyof StoreParts] as unknown as Record<string, AnyMethod>;
  const method = part[call.method];
  if (!method) throw new Error(`The store has no method ${call.part}.${call.method}.`);
  return method;
}

/** The store's methods as its callers see them: each hands its arguments to `call`. */
export function bindStore(call: (call: Call) => Promise<unknown>): StoreParts {
  const parts = Object.entries(storeMethods).map(([part, methods]) => {
    const bound = Object.keys(methods).map((method) => [
      method,
      (...args: unknown[]) => call({ part, method, args }),
    ]);
    return [part, Object.fromEntries(bound) as unknown] as const;
  });
  return Object.fromEntries(parts) as StoreParts;
}
