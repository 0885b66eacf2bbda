import { strict as assert } from 'node:assert';
import type { ContractBench } from './contract-bench.ts';

export async function checkSnapshot(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();

  const snapshot = session.snapshot?.();

  bench.heard.push(snapshot);
  if (snapshot)
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot, 'It is more than plain data.');
}
