import { describe, it } from 'vitest';
import { connectorContract } from '../../../src/connectors/contract.ts';
import { createChatAdapter } from './adapter.ts';
import { createChatHarness } from './harness.ts';
import { httpChatApi } from './http.ts';

describe.each([
  ['that recognises repeats', { idempotentKeys: true, lookUp: false }],
  ['that can be read back', { idempotentKeys: false, lookUp: true }],
  ['that is blind', { idempotentKeys: false, lookUp: false }],
])('a connector for a platform %s', (_what, traits) => {
  const claims = createChatAdapter(traits, httpChatApi);

  for (const { name, run } of connectorContract(claims, () => createChatHarness(traits))) it(name, run);
});
