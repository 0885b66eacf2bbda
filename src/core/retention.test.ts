import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/daemon.ts';
import { closeAll } from '../../test/support/egress.ts';
import type { ArtifactId } from '../domain/artifact.ts';
import { createBlobFiles } from '../lib/blob-files.ts';
import type { Store } from '../store/store.ts';
import { AttachmentsWorld, filesIn, picture, serve } from '../../test/support/attachments-world.ts';
import { startRetention } from './retention.ts';

afterEach(closeAll);

const minuteMs = 60_000;
const keepFilesMs = 60 * minuteMs;
const dayMs = 24 * 60 * minuteMs;
const never = new AbortController().signal;

class RetentionWorld extends AttachmentsWorld {
  /** Takes a file of its own into the store. */
  async take(seed: number): Promise<ArtifactId> {
    this.answers.set('/a1', serve(picture(64, seed)));
    const event = await this.open().take(this.leased({}), never);
    const id = filesIn(event)[0]?.artifact?.id;
    if (id === undefined) throw new Error('It was not taken.');
    return id;
  }

  /** Retention goes round once, as at the start of a daemon. */
  async round(store: Store = this.store): Promise<void> {
    const { clock, files, log } = this;
    const timers = clock.pending;
    const stop = startRetention({
      ...{ store, files, keepFilesMs, clock, log, everyMs: minuteMs },
      ages: {
        ...{ contentsMs: dayMs, tombstonesMs: dayMs, deadLettersMs: dayMs, journalMs: dayMs },
        ...{ auditMs: dayMs, activityMs: dayMs },
      },
    });
    await until(() => clock.pending > timers || undefined);
    await stop();
  }

  with(artifacts: Partial<Store['artifacts']>): Store {
    return { ...this.store, artifacts: { ...this.store.artifacts, ...artifacts } };
  }
}

async function begun(): Promise<RetentionWorld> {
  const world = new RetentionWorld();
  await world.begin();
  return world;
}

describe('the files that came with messages', () => {
  it('go with all that is known of them when nobody has used them for long enough', async () => {
    const world = await begun();
    const { artifacts } = world.store;
    const [old, used] = [await world.take(1), await world.take(2)];
    world.clock.advance(keepFilesMs);
    await world.round();
    const both = world.onDisk();
    await artifacts.touchArtifact(used, world.clock.now());
    world.clock.advance(minuteMs);

    await world.round();

    expect(both).toHaveLength(2);
    expect(await artifacts.getArtifact(old)).toBeUndefined();
    expect(world.onDisk()).toEqual([used]);
    expect(await artifacts.getArtifactBytes()).toBe(64);
    expect(world.log.eventsAt('warn')).toEqual([]);
  });

  it('and that a killed daemon has left half written go at the next start', async () => {
    const world = await begun();
    await world.files.stage(half(), 1_000);
    const left = world.onDisk();

    const next = Object.assign(world, { files: createBlobFiles(world.directory, world.clock) });
    await next.round();

    expect(left).toHaveLength(1);
    expect(world.onDisk()).toEqual([]);
  });

  it('are found again by their rows when the daemon dies between the two', async () => {
    const world = await begun();
    const { artifacts } = world.store;
    const id = await world.take(1);
    world.clock.advance(keepFilesMs + minuteMs);
    const dies = () => Promise.reject(new Error('Killed.'));
    await world.round(world.with({ pruneArtifacts: dies }));
    const [rows, files] = [await artifacts.getArtifact(id), world.onDisk()];

    await world.round();

    expect([rows?.id, files]).toEqual([id, []]);
    expect(await artifacts.getArtifact(id)).toBeUndefined();
    expect(await artifacts.getArtifactBytes()).toBe(0);
  });

  it('stay when they come once more at that very moment', async () => {
    const world = await begun();
    const { artifacts } = world.store;
    const id = await world.take(1);
    world.clock.advance(keepFilesMs + minuteMs);
    const listUnusedArtifacts = async (before: number, limit: number): Promise<readonly ArtifactId[]> => {
      const unused = await artifacts.listUnusedArtifacts(before, limit);
      await world.take(1);
      return unused;
    };

    await world.round(world.with({ listUnusedArtifacts }));

    expect(await artifacts.getArtifact(id)).toBeDefined();
    expect(world.onDisk()).toEqual([id]);
  });
});

async function* half(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(picture());
}
