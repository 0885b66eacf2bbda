import { describe, it } from 'vitest';
import { DiscordHarness } from '../../../test/fakes/discord/harness.ts';
import type { ConnectorAdapter } from '../connector.ts';
import { connectorContract } from '../contract.ts';
import { createDiscordAdapter } from './adapter.ts';

describe('the Discord connector, as any connector', () => {
  const claims = createDiscordAdapter() as ConnectorAdapter;

  for (const { name, run } of connectorContract(claims, () => DiscordHarness.open())) it(name, run);
});
