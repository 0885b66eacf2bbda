import { describe, expect, it, vi } from 'vitest';
import { createDiscordAdapter } from '../../src/connectors/discord/adapter.ts';
import { parseCursor } from '../../src/connectors/discord/session/cursor.ts';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import { AppError } from '../../src/domain/errors.ts';
import { parseConnectorId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Store } from '../../src/store/store.ts';
import { until } from '../support/daemon.ts';
import { connector, live, openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsSettled, hasty, heard, quiet, saidIn, sendBy, talk } from '../support/discord-scene.ts';
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

it.concurrent(
  'a deaf gateway is left although nothing can be stored when it is found out',
  closing(async () => {
    const faults = new StoreFaults();
    const adapter = createDiscordAdapter({ everyMs: 50, graceMs: 0 }) as ConnectorAdapter;
    const world = await openDiscordWorld({}, { config: hasty, adapters: [adapter], wrapStore: faults.wrap });
    const { fake, daemon, user } = world;
    const dm = fake.dm(user);
    await talk(world, 'first');
    await quiet(daemon);
    let left = 2;
    faults.before('platforms.putGap', () => {
      if (--left >= 0) throw new AppError('unavailable', 'The disk is full.');
    });

    fake.faults.dispatch('lose', 'MESSAGE_CREATE');
    fake.say({ channel: dm, author: user, content: 'can you hear me' });
    await fake.until(() => saidIn(world, dm).length === 2);

    expect(left).toBeLessThan(0);
    const cause = 'The gateway did not tell of a message that is there.';
    const gaps = await gapsSettled(world);
    expect(gaps.filter((gap) => gap.cause === cause)).toMatchObject([{ state: 'read_back', recovered: 1 }]);
  }),
);

it.concurrent(
  'what is said meanwhile goes out while a long replay waits for the store',
  closing(async () => {
    const faults = new StoreFaults();
    const world = await openDiscordWorld({}, { config: hasty, wrapStore: faults.wrap });
    const { fake, daemon, user, channel } = world;
    await talk(world, 'first');
    await quiet(daemon);
    await daemon.stop();
    // More than is read before it is committed: the end of the replay cannot come.
    const texts = Array.from({ length: 600 }, (_none, nth) => `message ${nth}`);
    for (const content of texts) fake.say({ channel, author: user, content });
    const held = gate();
    faults.before('inbox.accept', () => held.wait());

    await daemon.start();
    await live(daemon);
    const { parts } = await sendBy(daemon, 'still here', { conversation: channel.id });
    const heardBefore = await heard(daemon);
    held.open();
    await until(async () => (await heard(daemon)).includes('message 599') || undefined);

    expect(parts).toMatchObject([{ state: 'delivered' }]);
    expect(heardBefore).toEqual(['first']);
    expect(fake.gateway.journal.of('resumed')).toHaveLength(1);
    expect(await gapsSettled(world)).toMatchObject([{ state: 'resumed', duplicates: 0 }]);
  }),
);

it.concurrent(
  'a command is acknowledged by a daemon that stops, once it is on disk: it does not come again',
  closing(async () => {
    const faults = new StoreFaults();
    const world = await openDiscordWorld({}, { config: hasty, wrapStore: faults.wrap });
    const { fake, daemon, user, channel } = world;
    const [begun, stored] = [gate(), gate()];
    faults.before('inbox.accept', (...offered) => {
      if (JSON.stringify(offered).includes('interaction:')) begun.open();
      return stored.wait();
    });
    // The first try is in vain, so that another has to follow.
    fake.faults.rest({
      ...{ method: 'POST', route: '/interactions/{interaction}/{token}/callback' },
      fault: { kind: 'status', status: 503, applied: false },
    });

    const interaction = fake.interact({ kind: 'command', name: 'ask', registered: false, user, channel });
    await begun.wait();
    const stopped = daemon.stop();
    await fake.until(() => fake.gateway.live().length === 0);
    stored.open();
    await stopped;

    expect(interaction.response?.type).toBe(5);
  }),
);
