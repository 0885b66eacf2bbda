import type { Store } from '../store.ts';

/**
 * Gives a handle on the database of one case. The first is on an empty database; each further one is what
 * another daemon on the same database, or the same daemon after a restart, would have.
 */
export type OpenStore = () => Promise<Store>;

/** One promise of the store, proven. Cases do not depend on each other, nor on a test runner. */
export interface StoreCase {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Uses two handles at the same time, which a driver on the caller's own thread cannot serve. */
  readonly concurrent?: true;
  /** Rejects with an `AssertionError` when the store does otherwise. Closes nothing: that is the fixture's. */
  readonly run: (open: OpenStore) => Promise<void>;
}

/** The cases of one part of the store. */
export interface StoreCaseGroup {
  readonly part: string;
  readonly cases: readonly StoreCase[];
}

/** The database of one case. */
export interface StoreFixture {
  readonly open: OpenStore;
  /** Closes the handles and removes the database, whatever state a failed case has left them in. */
  readonly cleanup: () => Promise<void>;
}

/** What a driver has to bring in order to be proven. */
export interface StoreDriver {
  readonly name: string;
  /** Whether two handles can work at the same time. Without it, the `concurrent` cases are left out. */
  readonly concurrentHandles: boolean;
  /** Makes an empty database that no other case sees. */
  readonly createFixture: () => Promise<StoreFixture>;
}

/** Runs a case on a database of its own. Rejects with what the case found wrong. */
export async function runStoreCase(driver: StoreDriver, storeCase: StoreCase): Promise<void> {
  const fixture = await driver.createFixture();
  try {
    await storeCase.run(fixture.open);
  } finally {
    await fixture.cleanup();
  }
}
