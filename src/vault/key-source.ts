import type { MasterKey } from './master-key.ts';

/** Where the operator keeps the master key. */
export type KeySourceConfig =
  /** Made at the first start. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly variable: string }
  /** A program and its arguments, run without a shell; the key is the first line of what it prints. */
  | { readonly kind: 'command'; readonly argv: readonly string[] };

interface LoadRequest {
  /** The master key that the store's secrets are under. Absent in a new store. */
  readonly wantedId: string | undefined;
  /** False when a new key could not open what is there. */
  readonly mayCreate: boolean;
}

/** What a place that keeps the master key can do. Nothing it says or throws holds a key. */
export interface KeySource {
  /** As messages call it, e.g. `the key file /var/lib/palyra/master.key`. */
  readonly name: string;

  /**
   * The key that is there, which need not be the wanted one. Where a rotation was cut short, the one of
   * its two keys that is wanted; the rotation is brought to its end then.
   * @throws AppError `config_invalid` or `timeout` when there is no usable key; the message says what to do.
   */
  load(request: LoadRequest): Promise<MasterKey>;

  /**
   * The key to rotate to, kept such that `load` finds it after a crash. May answer `current`, when nobody
   * has provided another. `handedIn` comes from the operator, where the source cannot get a new key itself.
   * @throws AppError as `load`, and `invalid_request` when a key is handed in or missing against the rule.
   */
  prepare(current: MasterKey, handedIn: string | undefined): Promise<MasterKey>;

  /**
   * Puts the key that `prepare` gave in the place of the old one, once every secret is under it.
   * Never throws, because there is no way back; answers what is left for the operator to do, if anything.
   */
  finish(next: MasterKey): Promise<string | undefined>;
}
