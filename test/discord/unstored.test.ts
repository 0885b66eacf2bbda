import { describe, expect, it, vi } from 'vitest';
import { parseCursor } from '../../src/connectors/discord/session/cursor.ts';
import { AppError } from '../../src/domain/errors.ts';
import { parseConnectorId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Store } from '../../src/store/store.ts';
import { until } from '../support/daemon.ts';
import { connector, openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsSettled, hasty, heard, quiet, saidIn, talk } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { gate, StoreFaults } from '../support/store-faults.ts';

vi.setConfig({ testTimeout: 180_000 });

describe('a gap, when nothing can be stored for a while,', () => {
  it.concurrent(
    'is not taken for one that was resumed, when the ledger cannot say that its session is over',
    closing(async () => {
      const faults = new StoreFaults();
      const world = await openDiscordWorld({}, { config: hasty, wrapStore: faults.wrap });
      const { fake, daemon, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      await quiet(daemon);
      faults.before('platforms.putGap', () => {
        throw new AppError('unavailable', 'The disk is full.');
      });

      fake.gateway.live()[0]?.invalidate(false);
      fake.gateway.endSessions();
      fake.say({ channel: dm, author: user, content: 'second' });
      await fake.until(() => fake.gateway.journal.of('identified').length > 1);
      await daemon.stop();
      faults.mend();
      await daemon.start();
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: second']);
      const gaps = await gapsSettled(world);
      expect(gaps.map(({ state }) => state)).toContain('read_back');
    }),
  );

  it.concurrent(
    'costs one session start, however long it cannot be written that the session is a new one',
    closing(async () => {
      const faults = new StoreFaults();
      const world = await openDiscordWorld({}, { config: hasty, wrapStore: faults.wrap });
      const { fake, user } = world;
      const dm = fake.dm(user);
      await talk(world, 'first');
      const refused = gate();
      let left = 4;
      faults.before('platforms.putGap', () => {
        if (--left < 0) return;
        if (left === 0) refused.open();
        throw new AppError('unavailable', 'The disk is full.');
      });

      fake.gateway.live()[0]?.invalidate(false);
      fake.gateway.endSessions();
      fake.say({ channel: dm, author: user, content: 'second' });
      await refused.wait();
      await fake.until(() => saidIn(world, dm).length === 2);

      expect(fake.gateway.journal.of('identified')).toHaveLength(2);
      expect(await gapsSettled(world)).toMatchObject([{ state: 'read_back', recovered: 1 }]);
    }),
  );

  it.concurrent(
    'would begin with the oldest message that has to wait, were the daemon to die',
    closing(async () => {
      const faults = new StoreFaults();
      const stores: Store[] = [];
      const wrapStore = (store: Store): Store => {
        stores.push(store);
        return faults.wrap(store);
      };
      const world = await openDiscordWorld({}, { config: hasty, wrapStore });
      const { fake, daemon, user, channel } = world;
      await talk(world, 'first');
      await quiet(daemon);
      let refusedAt: number | undefined;
      faults.before('inbox.accept', () => {
        if (refusedAt !== undefined) return;
        refusedAt = systemClock.now();
        throw new AppError('unavailable', 'The disk is full.');
      });

      fake.say({ channel, author: user, content: 'second' });
      await until(async () => (await heard(daemon)).includes('second') || undefined);

      const cursor = parseCursor(await stores[0]?.connectors.getCursor(parseConnectorId(connector)));
      expect(cursor?.heardAt).toBeLessThanOrEqual(refusedAt ?? 0);
    }),
  );
});
