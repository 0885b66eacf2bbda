import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GapId, GapRecord } from '../../src/domain/gap.ts';
import { parseConnectorId } from '../../src/domain/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { good } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';

function gap(id: string, state: GapRecord['state'], connector = 'discord:default'): GapRecord {
  return {
    id: `gap_${id}` as GapId,
    connector: parseConnectorId(connector),
    scope: '0/1',
    fromAt: 1_000,
    ...(state === 'open' ? {} : { toAt: 2_000 }),
    cause: 'It broke.',
    state,
    recovered: 0,
    duplicates: 0,
    skipped: 0,
  };
}

describe('the list of gaps', () => {
  let daemon: TestDaemon;

  beforeAll(async () => {
    const stores: Store[] = [];
    daemon = await openDaemon({
      wrapStore: (store) => {
        stores.push(store);
        return store;
      },
    });
    const gaps = [
      gap('a', 'open'),
      gap('b', 'open', 'discord:other'),
      gap('c', 'read_back'),
      gap('d', 'resumed'),
    ];
    for (const each of gaps) await stores[0]?.platforms.putGap(each);
  });

  afterAll(closeAll);

  it.each([
    ['of a connector', ['discord:default', '--limit', '1'], 1],
    ['of all', ['--limit', '2'], 2],
    ['in one state', ['--state', 'resumed'], 2],
  ])('says how many are unexplained %s, whatever it shows', async (_which, argv, count) => {
    const said = await good(daemon, 'channels', 'gaps', ...argv);

    expect(said).toContain(`\n${count} unexplained gaps\n`);
  });

  it('says once what was not read back, where something was', async () => {
    const said = await good(daemon, 'channels', 'gaps');
    const resumed = await good(daemon, 'channels', 'gaps', '--state', 'resumed');
    const json = await good(daemon, 'channels', 'gaps', '--json');

    expect(said.match(/Not read back from discord: edits, deletions, [^\n]*before\.\n/g)).toHaveLength(1);
    expect(resumed).not.toContain('Not read back');
    expect(JSON.parse(json)).toMatchObject({
      unexplained: 2,
      notReadBack: { discord: expect.stringContaining('reactions') },
    });
  });
});
