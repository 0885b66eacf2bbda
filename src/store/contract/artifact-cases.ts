import assert from 'node:assert/strict';
import type { ArtifactId, ArtifactRecord } from '../../domain/artifact.ts';
import type { Store } from '../store.ts';
import { eventId } from './data.ts';
import type { StoreCase } from './store-case.ts';

function artifact(id: string, usedAt: number): ArtifactRecord {
  return { id: id as ArtifactId, contentType: 'image/png', bytes: 10, createdAt: usedAt, usedAt };
}

const plenty = 1_000;

async function put(store: Store, ...artifacts: readonly ArtifactRecord[]): Promise<void> {
  for (const one of artifacts) assert.equal(await store.artifacts.putArtifact(one, plenty), true);
}

export const artifactCases: readonly StoreCase[] = [
  {
    name: 'keeps a file once, and notes when it was last used',
    async run(open) {
      const store = await open();
      await put(store, artifact('a', 1_000), artifact('a', 2_000), artifact('b', 1_500));
      await store.artifacts.touchArtifact('b' as ArtifactId, 1_700);
      await store.artifacts.touchArtifact('no such file' as ArtifactId, 1_700);

      assert.deepEqual(await store.artifacts.getArtifact('a' as ArtifactId), {
        ...artifact('a', 2_000),
        createdAt: 1_000,
      });
      assert.equal((await store.artifacts.getArtifact('b' as ArtifactId))?.usedAt, 1_700);
      assert.equal(await store.artifacts.getArtifact('no such file' as ArtifactId), undefined);
      assert.equal(await store.artifacts.getArtifactBytes(), 20);
    },
  },
  {
    name: 'takes no file that does not fit, but one that is there already',
    async run(open) {
      const store = await open();
      await put(store, artifact('a', 1_000));

      const answers = await Promise.all([
        store.artifacts.putArtifact(artifact('b', 2_000), 20),
        store.artifacts.putArtifact(artifact('c', 2_000), 20),
        store.artifacts.putArtifact(artifact('a', 3_000), 5),
      ]);

      assert.deepEqual(answers, [true, false, true]);
      assert.equal(await store.artifacts.getArtifact('c' as ArtifactId), undefined);
      assert.equal(await store.artifacts.getArtifactBytes(), 20);
    },
  },
  {
    name: 'forgets the files that nobody used, and says so where they were attached',
    async run(open) {
      const store = await open();
      const event = eventId('e');
      const [old, older] = ['old' as ArtifactId, 'older' as ArtifactId];
      await put(store, artifact('old', 1_000), artifact('older', 900), artifact('new', 3_000));
      await store.artifacts.putAttachment({
        ...{ event, attachment: '1', artifact: old, reason: 'attachment_stored', at: 1_000 },
      });
      await store.artifacts.putAttachment({
        event,
        attachment: '2',
        reason: 'attachment_too_large',
        at: 1_000,
      });

      assert.deepEqual(await store.artifacts.listUnusedArtifacts(2_000, 1), [older]);
      const unused = await store.artifacts.listUnusedArtifacts(2_000, 10);
      await store.artifacts.touchArtifact(older, 2_500);
      await store.artifacts.pruneArtifacts(unused, 2_000);

      assert.deepEqual(unused, [older, old]);
      assert.equal(await store.artifacts.getArtifact(old), undefined);
      assert.equal((await store.artifacts.getArtifact(older))?.usedAt, 2_500);
      assert.equal(await store.artifacts.getArtifactBytes(), 20);
      assert.deepEqual(await store.artifacts.listAttachments(event), [
        { event, attachment: '1', reason: 'artifact_expired', at: 1_000 },
        { event, attachment: '2', reason: 'attachment_too_large', at: 1_000 },
      ]);
    },
  },
];
