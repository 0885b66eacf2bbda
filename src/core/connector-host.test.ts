import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeAll, closeLater } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { noNetwork } from '../../test/support/no-network.ts';
import { RecordingLog } from '../../test/support/recording-log.ts';
import type { ConnectorHost } from '../connectors/connector.ts';
import { AppError } from '../domain/errors.ts';
import type { GapId } from '../domain/gap.ts';
import { type ConnectorId, connectorId, kindOf, type MessageId, type PartId } from '../domain/ids.ts';
import { formatVaultRef } from '../domain/vault-ref.ts';
import { createNextId } from '../lib/ids.ts';
import { Secret } from '../lib/secret.ts';
import type { ConnectorRecord } from '../store/connector-store.ts';
import { openInlineSqliteStore } from '../store/sqlite/open.ts';
import { temporaryDatabase } from '../store/sqlite/sqlite.fixture.ts';
import type { Store } from '../store/store.ts';
import { createNoteSealer } from '../vault/note-sealer.ts';
import { createConnectorHost } from './connector-host.ts';
import { currentConnector, inConnectorScope } from './connector-scope.ts';
import { createIngest } from './ingest.ts';

const a = connectorId('echo', 'default');
const b = connectorId('echo', 'other');

/** The host of a connector on a real store, and what it stands on. */
class HostWorld {
  readonly clock = new ManualClock();
  readonly store: Store;
  readonly file: string;
  /** What the vault holds, by its reference. */
  readonly secrets = new Map<string, string>();
  isLocked = false;
  /** On whose account the store was called. */
  readonly blamed: unknown[] = [];
  readonly #vault = {
    put: (ref: Parameters<typeof formatVaultRef>[0], value: string): Promise<void> => {
      this.#checkOpen();
      this.secrets.set(formatVaultRef(ref), value);
      return Promise.resolve();
    },
    resolve: async (ref: Parameters<typeof formatVaultRef>[0]): Promise<Secret> => {
      this.#checkOpen();
      const value = this.secrets.get(formatVaultRef(ref));
      if (value === undefined) throw new AppError('not_found', 'There is no such secret.');
      return Promise.resolve(new Secret(value));
    },
  };

  constructor() {
    const { file, remove } = temporaryDatabase();
    const { store } = openInlineSqliteStore(file, this.clock.now());
    this.file = file;
    this.store = store;
    closeLater(async () => {
      await store.close();
      remove();
    });
  }

  async host(id = a, fields: Partial<ConnectorRecord> = {}): Promise<ConnectorHost<unknown>> {
    const { clock, store } = this;
    const claim = await store.connectors.claim(id, 'daemon-1', clock.now(), clock.now() + 60_000);
    if (!claim) throw new Error(`${id} is somebody else's.`);
    const log = new RecordingLog();
    const random = () => 0.5;
    const nextId = createNextId(clock, random);
    const platforms = {
      ...store.platforms,
      getNote: (...args: Parameters<Store['platforms']['getNote']>) => {
        this.blamed.push(currentConnector());
        return store.platforms.getNote(...args);
      },
    };
    const at = clock.now();
    return createConnectorHost(
      { id, kind: kindOf(id), config: {}, enabled: true, createdAt: at, updatedAt: at, ...fields },
      { some: 'config' },
      claim,
      {
        ...noNetwork,
        store: { connectors: store.connectors, outbox: store.outbox, platforms },
        ingest: createIngest({ inbox: store.inbox, clock, nextId, random, log, depthMax: 100 }),
        takeAccount: () => undefined,
        resolveSecret: (ref) => this.#vault.resolve(ref),
        sealer: createNoteSealer(this.#vault),
        ...{ clock, nextId, random, log },
      },
    );
  }

  /** Puts a message of so many parts into the outbox. */
  async send(connector: ConnectorId, ...texts: readonly string[]): Promise<MessageId> {
    const parts = texts.map((text, index) => ({
      ...{ id: `prt_${text}` as PartId, message: 'msg_1' as MessageId, key: `key:${text}` },
      address: { connector, conversation: 'room' },
      operation: { op: 'send', text } as const,
      ...{ part: index + 1, parts: texts.length },
      origin: { kind: 'api', principal: 'tok_test' } as const,
    }));
    return (await this.store.outbox.enqueue(parts, this.clock.now(), 100)).message;
  }

  /** The next part is on its platform under this id. */
  async deliver(platformId: string): Promise<void> {
    const now = this.clock.now();
    const request = { now, leaseMs: 1_000, leaseId: `lse_${platformId}`, limit: 1, perSource: 1 };
    const { rows } = await this.store.outbox.lease(request);
    for (const row of rows)
      await this.store.outbox.settle(
        row,
        { state: 'delivered', platformIds: [platformId] },
        { at: now, durationMs: 1, outcome: 'delivered' },
      );
  }

  #checkOpen(): void {
    if (this.isLocked) throw new AppError('vault_locked', 'The vault is locked.');
  }
}

describe('what a connector notes', () => {
  let world: HostWorld;

  beforeEach(() => {
    world = new HostWorld();
  });

  afterEach(closeAll);

  it('is there until its time is over or it is removed, and is replaced whole', async () => {
    const { notes } = await world.host();
    await notes.put({ key: 'k', value: 'first' });
    await notes.put({ key: 'k', value: 'second', expiresAt: world.clock.now() + 1_000 });
    await notes.put({ key: 'other', value: 'stays' });

    const found = await notes.get('k');
    world.clock.advance(1_000);
    const late = await notes.get('k');
    const other = await notes.get('other');
    await notes.remove('other');

    expect([found, late, other]).toEqual(['second', undefined, 'stays']);
    expect(await notes.get('other')).toBeUndefined();
  });

  it('is on disk in no readable form, by itself and with events', async () => {
    const host = await world.host();
    const secret = 'a token of an interaction';

    await host.notes.put({ key: 'alone', value: secret });
    await host.accept([message()], 'cursor-1', [{ key: 'with events', value: secret }]);

    const bytes = ['', '-wal'].map((end) => readFileSync(`${world.file}${end}`).toString('latin1'));
    expect(bytes.join('')).toContain('cursor-1');
    expect(bytes.join('')).not.toContain(secret);
    expect(await Promise.all(['alone', 'with events'].map((key) => host.notes.get(key)))).toEqual([
      secret,
      secret,
    ]);
  });

  it('is its own, and not to be had under another name', async () => {
    const [mine, theirs] = [await world.host(a), await world.host(b)];
    await mine.notes.put({ key: 'k', value: 'mine' });
    await theirs.notes.put({ key: 'k', value: 'theirs' });
    const { platforms } = world.store;
    const now = world.clock.now();

    await platforms.putNote(a, { key: 'moved', value: (await platforms.getNote(a, 'k', now)) ?? '' });
    await platforms.putNote(a, { key: 'k', value: (await platforms.getNote(b, 'k', now)) ?? '' });

    expect(await theirs.notes.get('k')).toBe('theirs');
    expect(await mine.notes.get('moved')).toBeUndefined();
    expect(await mine.notes.get('k')).toBeUndefined();
  });

  it('is committed with its events or not at all', async () => {
    const host = await world.host();
    world.isLocked = true;

    const accepting = host.accept([message()], 'cursor-1', [{ key: 'k', value: 'v' }]);

    await expect(accepting).rejects.toMatchObject({ code: 'vault_locked' });
    world.isLocked = false;
    expect(await host.loadCursor()).toBeUndefined();
    expect((await world.store.inbox.listEvents({}, { limit: 10 })).items).toEqual([]);
  });

  it('is refused with its events once another daemon runs the connector', async () => {
    const host = await world.host();
    world.clock.advance(60_000);
    const { clock, store } = world;
    await store.connectors.claim(a, 'daemon-2', clock.now(), clock.now() + 60_000);

    const accepting = host.accept([message()], 'cursor-1', [{ key: 'k', value: 'v' }]);

    await expect(accepting).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await host.notes.get('k')).toBeUndefined();
  });

  it('is not its fault when it cannot be stored', async () => {
    const { notes } = await world.host();

    const found = await inConnectorScope(a, () => notes.get('k'));

    expect(found).toBeUndefined();
    expect(world.blamed).toEqual([undefined]);
  });
});

describe('what a connector gets', () => {
  let world: HostWorld;

  beforeEach(() => {
    world = new HostWorld();
  });

  afterEach(closeAll);

  it('is its credential, at every use as it is then', async () => {
    const host = await world.host(a, { secretRef: 'channel:echo:default/token' });
    await expect(host.secret()).rejects.toMatchObject({ code: 'not_found' });
    world.secrets.set('channel:echo:default/token', 'first');
    const first = await host.secret();
    world.secrets.set('channel:echo:default/token', 'second');

    const second = await host.secret();

    expect([first.reveal(), second.reveal()]).toEqual(['first', 'second']);
    await expect((await world.host(b)).secret()).rejects.toMatchObject({
      code: 'not_found',
      message: 'echo:other has no credential. Add one: palyra secrets set.',
    });
  });

  it('is where its own messages began, as far as they were delivered', async () => {
    const [mine, theirs] = [await world.host(a), await world.host(b)];
    const sent = await world.send(a, 'one', 'two');
    const before = await mine.firstSentOf(sent);

    await world.deliver('p1');
    await world.deliver('p2');

    expect([before, await mine.firstSentOf(sent)]).toEqual([undefined, 'p1']);
    expect(await theirs.firstSentOf(sent)).toBeUndefined();
    expect(await mine.firstSentOf('msg_nothing' as MessageId)).toBeUndefined();
  });

  it('is a ledger of its own gaps', async () => {
    const [mine, theirs] = [await world.host(a), await world.host(b)];
    const gap = await mine.gaps.open({ scope: '0/1', fromAt: 1_000, cause: 'The line broke.' });
    await theirs.gaps.update(gap.id, { state: 'skipped' });
    await theirs.gaps.update('gap_nothing' as GapId, { state: 'skipped' });
    const open = [await mine.gaps.listOpen(), await theirs.gaps.listOpen()];

    await mine.gaps.update(gap.id, { state: 'read_back', toAt: 2_000, recovered: 3 });

    expect(open).toEqual([[gap], []]);
    expect(await mine.gaps.listOpen()).toEqual([]);
    expect(await world.store.platforms.getGap(gap.id)).toEqual({
      ...gap,
      ...{ state: 'read_back', toAt: 2_000, recovered: 3 },
    });
  });
});
