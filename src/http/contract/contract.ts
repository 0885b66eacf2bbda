import { accessContract } from './access.ts';
import { channelContract } from './channels.ts';
import type { Contract, Endpoint } from './endpoint.ts';
import { messageContract } from './messages.ts';
import { operationContract } from './operations.ts';
import { platformContract } from './platforms.ts';
import { routerContract } from './router.ts';
import { settingsContract } from './settings.ts';
import { systemContract } from './system.ts';
import { webhookContract } from './webhooks.ts';

/** The whole admin API, written once: the server validates with it, OpenAPI is made from it, clients are typed by it. */
export const contract = {
  ...systemContract,
  ...channelContract,
  ...messageContract,
  ...operationContract,
  ...accessContract,
  ...platformContract,
  ...routerContract,
  ...webhookContract,
  ...settingsContract,
} satisfies Contract;

export type Api = typeof contract;
export type Operation = keyof Api;

/** The handlers of a part of the contract: each gets what was validated, and who asks. */
export type HandlersOf<Part extends Contract> = {
  readonly [Key in keyof Part]: (input: HandlerInput<Part[Key]>) => Promise<HandlerOutput<Part[Key]>>;
};

type Infer<Schema> = Schema extends { _zod: { output: infer Output } } ? Output : never;

export interface HandlerInput<E extends Endpoint> {
  readonly params: Infer<E['params']>;
  readonly query: Infer<E['query']>;
  readonly body: Infer<E['body']>;
  /** The token that asks: `<id> (<name>)`. */
  readonly principal: string;
  readonly idempotencyKey: string | undefined;
}

export type HandlerOutput<E extends Endpoint> = DeepReadonly<Infer<E['response']>>;

/** Handlers may answer with what they must not change. */
type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;
