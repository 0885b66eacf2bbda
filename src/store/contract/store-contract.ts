import { accessCases } from './access-cases.ts';
import { artifactCases } from './artifact-cases.ts';
import { connectorCases } from './connector-cases.ts';
import { enqueueCases } from './enqueue-cases.ts';
import { handleCases } from './handle-cases.ts';
import { inboxAcceptCases } from './inbox-accept-cases.ts';
import { journalCases } from './journal-cases.ts';
import { laneCases } from './lane-cases.ts';
import { leaseCases } from './lease-cases.ts';
import { platformCases } from './platform-cases.ts';
import { queueStateCases } from './queue-state-cases.ts';
import { replayCases } from './replay-cases.ts';
import { retentionCases } from './retention-cases.ts';
import { secretCases } from './secret-cases.ts';
import { settingsCases } from './settings-cases.ts';
import { settleCases } from './settle-cases.ts';
import { sharingCases } from './sharing-cases.ts';
import { statsCases } from './stats-cases.ts';
import type { StoreCaseGroup, StoreDriver } from './store-case.ts';
import { turnCases } from './turn-cases.ts';
import { waitingCases } from './waiting-cases.ts';
import { webhookCases } from './webhook-cases.ts';

/**
 * Everything that a store promises, as data. A driver that passes all of it can stand in for any other:
 *
 * ```ts
 * for (const { part, cases } of storeContractFor(driver)) {
 *   describe(`${driver.name}: ${part}`, () => {
 *     for (const storeCase of cases) it(storeCase.name, () => runStoreCase(driver, storeCase));
 *   });
 * }
 * ```
 */
export const storeContract: readonly StoreCaseGroup[] = [
  { part: 'inbox', cases: inboxAcceptCases },
  { part: 'turns', cases: turnCases },
  { part: 'waiting', cases: waitingCases },
  ...laneCases,
  ...leaseCases,
  ...sharingCases,
  { part: 'outbox', cases: enqueueCases },
  { part: 'attempts', cases: settleCases },
  { part: 'dead letters', cases: replayCases },
  { part: 'connectors', cases: connectorCases },
  { part: 'platforms', cases: platformCases },
  { part: 'access', cases: accessCases },
  { part: 'artifacts', cases: artifactCases },
  { part: 'queue states', cases: queueStateCases },
  { part: 'webhooks', cases: webhookCases },
  { part: 'settings', cases: settingsCases },
  { part: 'secrets', cases: secretCases },
  { part: 'journal', cases: journalCases },
  { part: 'stats', cases: statsCases },
  { part: 'retention', cases: retentionCases },
  { part: 'handles', cases: handleCases },
];

/** The cases that a driver can serve: without concurrent handles, those that need them are left out. */
export function storeContractFor(driver: StoreDriver): readonly StoreCaseGroup[] {
  if (driver.concurrentHandles) return storeContract;
  return storeContract.map(({ part, cases }) => ({
    part,
    cases: cases.filter(({ concurrent }) => concurrent !== true),
  }));
}
