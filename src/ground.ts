import type { BlobFiles } from './lib/blob-files.ts';
import type { Config } from './config.ts';
import type { ConnectorAdapter } from './connectors/connector.ts';
import type { AdapterRegistry } from './connectors/registry.ts';
import type { Identity } from './core/platform/status.ts';
import type { AppError } from './domain/errors.ts';
import type { NextId } from './domain/ids.ts';
import { type Clock } from './lib/clock.ts';
import type { createGuardedFetch } from './lib/guarded-fetch.ts';
import { type Logger, type LogSink } from './lib/logger.ts';
import type { Redactor } from './lib/redact.ts';
import { type ConnectSocket } from './lib/socket.ts';
import type { Environment, Place } from './place.ts';
import type { Store } from './store/store.ts';
import { type Vault } from './vault/vault.ts';

export interface DaemonOptions {
  readonly place: Place;
  readonly config: Config;
  readonly env: Environment;
  readonly version: string;
  readonly logTo: LogSink;
  /** The daemon cannot go on, e.g. because its store is gone. */
  readonly onFatal: (error: AppError) => void;
  /** The connector kinds; a test puts its own beside. */
  readonly adapters?: readonly ConnectorAdapter[];
  /** Puts something around the store; a test makes it fail or die at a chosen step. */
  readonly wrapStore?: (store: Store) => Store;
}

/** What the parts are put together from. */
export interface Ground {
  readonly options: DaemonOptions;
  readonly store: Store;
  readonly vault: Vault;
  readonly adapters: AdapterRegistry;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly random: () => number;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly fetch: ReturnType<typeof createGuardedFetch>;
  readonly connectSocket: ConnectSocket;
  readonly files: BlobFiles;
  readonly identity: { current: Identity };
}
