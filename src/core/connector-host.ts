import type { ConnectorHost, HostGaps, HostNotes, NewNote } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import type { GapId } from '../domain/gap.ts';
import type { ConnectorId, NextId } from '../domain/ids.ts';
import { parseVaultRef, type VaultRef } from '../domain/vault-ref.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from '../lib/guarded-fetch.ts';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import type { ConnectSocket } from '../lib/socket.ts';
import type { ConnectorClaim, ConnectorRecord } from '../store/connector-store.ts';
import type { Note } from '../store/platform-store.ts';
import type { Store } from '../store/store.ts';
import type { NoteSealer } from '../vault/note-sealer.ts';
import { outsideConnectorScope } from './connector-scope.ts';
import type { Ingest } from './ingest.ts';

export interface ConnectorHostDeps {
  readonly store: Pick<Store, 'connectors' | 'outbox' | 'platforms'>;
  readonly ingest: Ingest;
  /** See `ConnectorHost.takeAccount`. */
  readonly takeAccount: (account: string) => void;
  readonly resolveSecret: (ref: VaultRef) => Promise<Secret>;
  readonly sealer: NoteSealer;
  readonly fetch: GuardedFetch;
  readonly connectSocket: ConnectSocket;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly random: () => number;
  readonly log: Logger;
}

/** All that the adapter of one connector gets to reach, under one claim. */
export function createConnectorHost(
  record: ConnectorRecord,
  config: unknown,
  claim: ConnectorClaim,
  deps: ConnectorHostDeps,
): ConnectorHost<unknown> {
  const { store, ingest, takeAccount, resolveSecret, fetch, connectSocket, clock, random, log } = deps;
  const { id } = record;
  return {
    connectorId: id,
    config,
    secret: async () => {
      const { secretRef } = record;
      if (secretRef === undefined)
        throw new AppError('not_found', `${id} has no credential. Add one: palyra secrets set.`);
      return outsideConnectorScope(() => resolveSecret(parseVaultRef(secretRef)));
    },
    takeAccount,
    accept: (events, cursor, notes = []) =>
      outsideConnectorScope(async () =>
        ingest.accept({
          source: id,
          events,
          claim,
          ...(notes.length === 0 ? {} : { notes: await sealAll(id, notes, deps) }),
          ...(cursor === undefined ? {} : { cursor }),
        }),
      ),
    loadCursor: () => outsideConnectorScope(() => store.connectors.getCursor(id)),
    isSent: (platformId) =>
      outsideConnectorScope(async () => (await store.outbox.findByPlatformId(id, platformId)) !== undefined),
    firstSentOf: (message) =>
      outsideConnectorScope(async () => {
        const [first] = await store.outbox.listPartsOfMessage(message);
        return first?.connector === id && first.part === 1 ? first.platformIds[0] : undefined;
      }),
    notes: createNotes(id, deps),
    gaps: createGaps(id, deps),
    listConversations: (limit) => outsideConnectorScope(() => store.platforms.listConversations(id, limit)),
    fetch,
    connectSocket,
    clock,
    random,
    log: log.with({ connector_id: id }),
  };
}

function createNotes(id: ConnectorId, deps: ConnectorHostDeps): HostNotes {
  const { store, sealer, clock } = deps;
  return {
    put: (note) =>
      outsideConnectorScope(async () => {
        for (const sealed of await sealAll(id, [note], deps)) await store.platforms.putNote(id, sealed);
      }),
    get: (key) =>
      outsideConnectorScope(async () => {
        const sealed = await store.platforms.getNote(id, key, clock.now());
        return sealed === undefined ? undefined : sealer.open(id, key, sealed);
      }),
    remove: (key) => outsideConnectorScope(() => store.platforms.removeNote(id, key)),
  };
}

function createGaps(id: ConnectorId, { store, nextId }: ConnectorHostDeps): HostGaps {
  return {
    open: (facts) =>
      outsideConnectorScope(async () => {
        const gap = {
          ...facts,
          id: nextId<GapId>('gap'),
          connector: id,
          state: 'open',
          recovered: 0,
          duplicates: 0,
          skipped: 0,
        } as const;
        await store.platforms.putGap(gap);
        return gap;
      }),
    listOpen: () => outsideConnectorScope(() => store.platforms.listOpenGaps(id)),
    update: (gap, change) =>
      outsideConnectorScope(async () => {
        const known = await store.platforms.getGap(gap);
        if (known?.connector === id) await store.platforms.putGap({ ...known, ...change });
      }),
  };
}

function sealAll(
  id: ConnectorId,
  notes: readonly NewNote[],
  { sealer }: ConnectorHostDeps,
): Promise<readonly Note[]> {
  return Promise.all(
    notes.map(async (note) => ({ ...note, value: await sealer.seal(id, note.key, note.value) })),
  );
}
