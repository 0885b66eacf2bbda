import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import { type LogFields, type Logger, silentLogger } from '../lib/logger.ts';
import { Redactor } from '../lib/redact.ts';
import { createKeySource } from './create-key-source.ts';
import type { KeySourceConfig } from './key-source.ts';
import type { SealedSecretStore } from './sealed-secret-store.ts';
import { openVault, type Vault } from './vault.ts';

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'palyra-vault-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Time stands still until somebody moves it. */
export class TestClock implements Clock {
  #now = 1_000;
  readonly #alarms = new Map<symbol, { readonly at: number; readonly action: () => void }>();

  get pending(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const id = Symbol('alarm');
    this.#alarms.set(id, { at: this.#now + ms, action });
    return () => this.#alarms.delete(id);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [id, alarm] of [...this.#alarms]) {
      if (alarm.at > this.#now || !this.#alarms.delete(id)) continue;
      alarm.action();
    }
  }
}

/** Keeps the lines, each as `event` and its fields in JSON. */
export function recordingLogger(lines: string[]): Logger {
  const record = (event: string, fields: LogFields = {}): number =>
    lines.push(`${event} ${JSON.stringify(fields)}`);
  return { debug: record, info: record, warn: record, error: record, with: () => recordingLogger(lines) };
}

export interface VaultOptions {
  readonly store: SealedSecretStore;
  readonly source: KeySourceConfig;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly redactor?: Redactor;
  readonly log?: Logger;
}

/** Starts a vault as the daemon does. It is closed after the test. */
export async function startVault(options: VaultOptions): Promise<Vault> {
  const { clock = new TestClock(), redactor = new Redactor(), log = silentLogger } = options;
  const source = createKeySource(options.source, { env: options.env ?? {}, clock });
  const vault = await openVault({ store: options.store, source, clock, redactor, log });
  onTestFinished(() => vault.close());
  return vault;
}

/** A real store and a place for a key file, in a directory of their own. */
export interface World {
  readonly directory: string;
  readonly keyPath: string;
  readonly store: SealedSecretStore;
  /** Starts a vault on them, with the key file as its source. */
  readonly start: (options?: Partial<VaultOptions>) => Promise<Vault>;
}

/** How a store is opened comes from the test, because the vault may not know the folder of the store. */
export type OpenStore = (
  file: string,
  now: number,
) => { readonly store: { readonly secrets: SealedSecretStore; close(): Promise<void> } };

export function createWorld(openStore: OpenStore): World {
  const directory = temporaryDirectory();
  const { store } = openStore(join(directory, 'palyra.sqlite'), 0);
  onTestFinished(() => store.close());
  const keyPath = join(directory, 'master.key');
  const source = { kind: 'file', path: keyPath } as const;
  return {
    directory,
    keyPath,
    store: store.secrets,
    start: (options) => startVault({ store: store.secrets, source, ...options }),
  };
}

export async function reveal(vault: Vault, ref: VaultRef): Promise<string> {
  return (await vault.resolve(ref)).reveal();
}

export function revealAll(vault: Vault, refs: readonly VaultRef[]): Promise<readonly string[]> {
  return Promise.all(refs.map((ref) => reveal(vault, ref)));
}

const refs = [
  'global/a',
  'channel:slack:team/token',
  'webhook:stripe/signing',
  'principal:ann@example.org/x',
].map(parseVaultRef);

/** A world with a few secrets in it. */
export interface FullWorld extends World {
  readonly vault: Vault;
  readonly previousId: string;
  readonly refs: readonly VaultRef[];
  /** One for each of `refs`. */
  readonly values: readonly string[];
}

export async function createFullWorld(
  openStore: OpenStore,
  options?: Partial<VaultOptions>,
): Promise<FullWorld> {
  const world = createWorld(openStore);
  const start: World['start'] = (more) => world.start({ ...options, ...more });
  const vault = await start();
  const values = refs.map((_, index) => `value ${index}`);
  for (const [index, ref] of refs.entries()) await vault.put(ref, `value ${index}`);
  return { ...world, start, vault, previousId: (await world.store.getMasterKeyId()) ?? '', refs, values };
}

/** The master keys that the store and its secrets name, each once. */
export async function masterKeyIds(store: SealedSecretStore): Promise<readonly (string | undefined)[]> {
  const ids = (await store.listSecrets()).map(({ masterKeyId }) => masterKeyId);
  return [...new Set([...ids, await store.getMasterKeyId()])];
}

/** The files beside a key file in which keys wait for the end of a rotation. */
export function waitingFiles(keyPath: string): readonly string[] {
  const names = readdirSync(dirname(keyPath)).filter((name) => name.endsWith('.next'));
  return names.map((name) => join(dirname(keyPath), name));
}
