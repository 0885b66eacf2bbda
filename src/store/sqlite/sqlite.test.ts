import { afterAll, describe, it } from 'vitest';
import { runStoreCase } from '../contract/store-case.ts';
import { storeContractFor } from '../contract/store-contract.ts';
import { createInlineSqlite, createThreadedSqlite } from './sqlite.fixture.ts';

const threaded = createThreadedSqlite();
afterAll(() => threaded.close());

for (const driver of [threaded, createInlineSqlite()]) {
  for (const { part, cases } of storeContractFor(driver)) {
    describe(`${driver.name}: ${part}`, () => {
      for (const storeCase of cases) it(storeCase.name, () => runStoreCase(driver, storeCase));
    });
  }
}
