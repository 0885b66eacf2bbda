import assert from 'node:assert/strict';
import type { ArtifactId, ArtifactRecord } from '../../domain/artifact.ts';
import { eventId } from './data.ts';
import type { StoreCase } from './store-case.ts';

function artifact(id: string, usedAt: number): ArtifactRecord {
  return { id: id as ArtifactId, contentType: 'image/png', bytes: 10, createdAt: usedAt, usedAt };
}

export const artifactCases: readonly StoreCase[] = [
  {
    name: 'keeps a file once, and notes when it was last used',
    async run(open) {
      const store = await open();
      await store.artifacts.putArtifact(artifact('a', 1_000));
      await store.artifacts.putArtifact(artifact('a', 2_000));
      await store.artifacts.putArtifact(artifact('b', 1_500));

      assert.deepEqual(await store.artifacts.getArtifact('a' as ArtifactId), {
        ...artifact('a', 2_000),
        createdAt: 1_000,
      });
      assert.equal(await store.artifacts.getArtifactBytes(), 20);
    },
  },
  {
    name: 'forgets the files that nobody used, and says so where they were attached',
    async run(open) {
      const store = await open();
      const event = eventId('e');
      await store.artifacts.putArtifact(artifact('old', 1_000));
      await store.artifacts.putArtifact(artifact('new', 3_000));
      await store.artifacts.putAttachment({
        ...{ event, attachment: '1', artifact: 'old' as ArtifactId, reason: 'attachment_stored', at: 1_000 },
      });
      await store.artifacts.putAttachment({
        event,
        attachment: '2',
        reason: 'attachment_too_large',
        at: 1_000,
      });

      const removed = await store.artifacts.pruneArtifacts(2_000, 10);

      assert.deepEqual(removed, ['old']);
      assert.equal(await store.artifacts.getArtifact('old' as ArtifactId), undefined);
      assert.deepEqual(await store.artifacts.listAttachments(event), [
        { event, attachment: '1', reason: 'artifact_expired', at: 1_000 },
        { event, attachment: '2', reason: 'attachment_too_large', at: 1_000 },
      ]);
    },
  },
];
