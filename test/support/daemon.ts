import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createClient } from '../../src/cli/client.ts';
import { loadConfig } from '../../src/config.ts';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import { readBootstrapToken } from '../../src/daemon-file.ts';
import { isSettled } from '../../src/domain/trace.ts';
import { type Daemon, startDaemon } from '../../src/main.ts';
import { type Environment, placeOf } from '../../src/place.ts';
import type { Store } from '../../src/store/store.ts';
import { closeLater } from './egress.ts';

export interface TestDaemonOptions {
  /** What stands in `config.json`. */
  readonly config?: object;
  readonly env?: Environment;
  readonly adapters?: readonly ConnectorAdapter[];
  readonly wrapStore?: (store: Store) => Store;
  readonly ingress?: string;
  readonly admin?: string;
  /** One that is there already; it stays. */
  readonly stateDir?: string;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export type Trace = Awaited<ReturnType<typeof traceOf>>;

/** A daemon in this process, on free ports, in a state directory of its own. `closeAll` ends and removes it. */
export class TestDaemon {
  readonly stateDir: string;
  /** Every line that it has logged, as it was written. */
  readonly logged: string[] = [];
  readonly #options: TestDaemonOptions;
  #daemon: Daemon | undefined;

  constructor(options: TestDaemonOptions) {
    this.#options = options;
    this.stateDir = options.stateDir ?? newStateDir();
    if (options.config) writeFileSync(join(this.stateDir, 'config.json'), JSON.stringify(options.config));
  }

  async start(): Promise<this> {
    const { env = {}, adapters, wrapStore, ingress = '127.0.0.1:0', admin = '127.0.0.1:0' } = this.#options;
    const place = placeOf({ stateDir: this.stateDir, ingress, admin }, env);
    this.#daemon = await startDaemon({
      place,
      config: loadConfig(place.stateDir),
      env,
      version: '0.0.0-test',
      logTo: { write: (line) => this.logged.push(line), format: 'json', level: 'debug' },
      onFatal: (error) => {
        throw error;
      },
      ...(adapters === undefined ? {} : { adapters }),
      ...(wrapStore === undefined ? {} : { wrapStore }),
    });
    return this;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  get daemon(): Daemon {
    if (!this.#daemon) throw new Error('It has not been started.');
    return this.#daemon;
  }

  get ingressUrl(): string {
    return this.daemon.identity.ingressUrl;
  }

  get adminUrl(): string {
    return this.daemon.identity.adminUrl;
  }

  /** The bootstrap token, which may do everything. */
  get token(): string {
    return readBootstrapToken(this.stateDir) ?? '';
  }

  get api(): ApiClient {
    return this.apiAs(this.token);
  }

  get lines(): readonly LogLine[] {
    return this.logged.map((line) => JSON.parse(line) as LogLine);
  }

  apiAs(token: string): ApiClient {
    return createClient({ adminUrl: this.adminUrl, token });
  }

  /** A request to the admin listener as it is, with the bootstrap token unless the headers say otherwise. */
  request(
    path: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, ...init.headers };
    return fetch(`${this.adminUrl}${path}`, { ...init, headers });
  }

  trace(id: string): ReturnType<typeof traceOf> {
    return traceOf(this.api, id);
  }

  /** The trace of a thing once it satisfies `isThere`; by default, once nothing more will happen to it by itself. */
  async traceUntil(
    id: string,
    isThere: (trace: Trace) => boolean = ({ state }) => isSettled(state),
  ): Promise<Trace> {
    for (;;) {
      const trace = await this.trace(id);
      if (isThere(trace)) return trace;
      await aMoment();
    }
  }
}

/** Starts a daemon that `closeAll` ends. */
export async function openDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const daemon = new TestDaemon(options);
  closeLater(async () => {
    await daemon.stop();
    if (options.stateDir === undefined) rmSync(daemon.stateDir, { recursive: true, force: true });
  });
  return daemon.start();
}

export function newStateDir(): string {
  return mkdtempSync(join(tmpdir(), 'palyra-http-'));
}

/** Asks again and again until the answer is there. */
export async function until<Value>(
  ask: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    await aMoment();
  }
}

/** The bytes of every file of the database. */
export function databaseBytes(stateDir: string): Buffer {
  const files = ['palyra.sqlite', 'palyra.sqlite-wal'];
  return Buffer.concat(
    files.flatMap((file) => {
      try {
        return [readFileSync(join(stateDir, file))];
      } catch {
        return [];
      }
    }),
  );
}

function traceOf(api: ApiClient, id: string) {
  return api('GET /traces/{id}', { params: { id } });
}

/** Between two looks at something that comes by itself. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
