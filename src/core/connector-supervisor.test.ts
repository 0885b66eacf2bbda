import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { a, b, change, sessionsOf, startTwo, stateOf } from '../../test/support/two-accounts.ts';
import { ScriptedAdapter, type ScriptedSession } from '../../test/support/scripted-adapter.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import { parseVaultRef } from '../domain/vault-ref.ts';
import { currentConnector } from './connector-scope.ts';

afterEach(closeAll);

describe('what is configured', () => {
  it('runs when it is enabled, each account on a session of its own', async () => {
    const world = new CoreWorld();
    await world.addConnector('echo:off', { enabled: false });

    const engine = await startTwo(world);

    expect(world.adapter.sessions.map(({ host }) => host.connectorId)).toEqual([a, b]);
    expect(engine.supervisor.session(a)).not.toBe(engine.supervisor.session(b));
    expect(engine.supervisor.live()).toEqual([a, b]);
    expect(engine.supervisor.state('echo:off' as ConnectorId)).toBeUndefined();
  });

  it('starts and stops with the switch, without a restart', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);

    await change(world, a, { enabled: false });
    const off = [stateOf(engine, a), sessionsOf(world, a)[0]?.closeCalls];
    await change(world, a, { enabled: true });

    expect(off).toEqual([undefined, 1]);
    expect([stateOf(engine, a), sessionsOf(world, a).length]).toEqual(['running', 2]);
    expect(sessionsOf(world, b).map(({ closeCalls }) => closeCalls)).toEqual([0]);
  });

  it.each([
    ['configuration', { config: { changed: true } }],
    ['credential', { secretRef: 'global/other' }],
  ])('opens a new session for another %s, of that connector only', async (_what, fields) => {
    const world = new CoreWorld();
    await startTwo(world);

    await change(world, a, fields);

    expect(sessionsOf(world, a).map(({ closeCalls }) => closeCalls)).toEqual([1, 0]);
    expect(sessionsOf(world, b).map(({ closeCalls }) => closeCalls)).toEqual([0]);
  });

  it('leaves a session alone when nothing changed that it was opened with', async () => {
    const world = new CoreWorld();
    await startTwo(world);

    await change(world, a, { updatedAt: 1 });

    expect(world.adapter.opened).toBe(2);
  });

  it('is followed to its last state, however often it changes meanwhile', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);
    const closing = Promise.withResolvers<undefined>();
    sessionsOf(world, a)[0]!.onClose = () => closing.promise;

    await change(world, a, { config: { step: 1 } });
    await change(world, a, { enabled: false });
    await change(world, a, { enabled: true, config: { step: 2 } });
    closing.resolve(undefined);
    await world.until(() => stateOf(engine, a) === 'running');

    const [, ...later] = sessionsOf(world, a);
    expect(later.map(({ host, closeCalls }) => [host.config, closeCalls])).toEqual([[{ step: 2 }, 0]]);
  });

  it('is in force for whoever asks for that, also when a commit had it looked at before', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);
    const record = await world.store.connectors.getConnector(a);

    await world.store.connectors.putConnector({ ...record!, enabled: false });
    await engine.supervisor.reconcile(a);

    expect([stateOf(engine, a), sessionsOf(world, a)[0]?.closeCalls]).toEqual([undefined, 1]);
  });

  it('is looked up again when the store did not answer', async () => {
    const world = new CoreWorld();
    await world.addConnector(a);
    let down = true;
    world.faults.before('connectors.listConnectors', () => {
      if (down) throw new AppError('unavailable', 'Down.');
    });
    const engine = await world.start();
    const before = stateOf(engine, a);

    down = false;
    await world.clock.pass(1_000);

    expect([before, stateOf(engine, a)]).toEqual([undefined, 'running']);
  });

  it('blocks a connector of a kind that is not there, or with settings that do not fit', async () => {
    const strict = new ScriptedAdapter({ kind: 'strict', configSchema: z.strictObject({ url: z.url() }) });
    const world = new CoreWorld([strict]);
    await world.addConnector('gone:x');
    await world.addConnector('strict:x', { config: { url: 'no url' } });

    const engine = await startTwo(world);

    const detailOf = (id: string): unknown => engine.supervisor.state(id as ConnectorId)?.state;
    expect(detailOf('gone:x')).toMatchObject({
      state: 'blocked',
      code: 'connector_misconfigured',
      detail: expect.stringContaining('There is no connector kind "gone"'),
    });
    expect(detailOf('strict:x')).toMatchObject({
      state: 'blocked',
      code: 'connector_misconfigured',
      detail: expect.stringContaining('url'),
    });
    expect([stateOf(engine, a), strict.opened]).toEqual(['running', 0]);
  });

  it('gives an adapter its settings as its own schema reads them', async () => {
    const strict = new ScriptedAdapter({
      kind: 'strict',
      configSchema: z.strictObject({ retries: z.coerce.number().default(7) }),
    });
    const world = new CoreWorld([strict]);
    await world.addConnector('strict:x');

    await startTwo(world);

    expect(strict.session.host.config).toEqual({ retries: 7 });
  });
});

describe('a connector that is in trouble', () => {
  it.each<[string, () => Promise<ScriptedSession>]>([
    ['fails', () => Promise.reject(new AppError('unavailable', 'Down.'))],
    ['hangs', () => new Promise(() => undefined)],
    [
      'throws at once',
      () => {
        throw new TypeError('a bug');
      },
    ],
  ])('and %s while it opens touches no other', async (_how, fail) => {
    const world = new CoreWorld();
    world.adapter.onOpen = (host) =>
      host.connectorId === a ? fail() : Promise.resolve(world.adapter.newSession(host));

    const engine = await startTwo(world);
    await world.clock.pass(60_000);

    expect(stateOf(engine, b)).toBe('running');
    expect(sessionsOf(world, b).map(({ closeCalls }) => closeCalls)).toEqual([0]);
    expect(stateOf(engine, a)).not.toBe('running');
  });

  it('and does not close keeps no other from following its settings', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);
    sessionsOf(world, a)[0]!.onClose = () => new Promise(() => undefined);

    await change(world, a, { config: { changed: true } });
    await change(world, b, { config: { changed: true } });

    expect([stateOf(engine, b), sessionsOf(world, b).length]).toEqual(['running', 2]);
    expect(sessionsOf(world, a).length).toBe(1);
  });

  it('and crashes is opened anew, and no other is', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);

    engine.supervisor.crash(a, new Error('out of the blue'));
    await world.until(() => sessionsOf(world, a).length === 2);

    expect(stateOf(engine, a)).toBe('running');
    expect(sessionsOf(world, b).map(({ closeCalls }) => closeCalls)).toEqual([0]);
  });

  it('is tried again when asked for, and only that one', async () => {
    const world = new CoreWorld();
    world.adapter.onOpen = () => Promise.reject(new AppError('unauthenticated', 'No.'));
    const engine = await startTwo(world);
    world.adapter.onOpen = (host) => Promise.resolve(world.adapter.newSession(host));

    engine.supervisor.retryNow(a);
    await settled();
    const one = [stateOf(engine, a), stateOf(engine, b)];
    engine.supervisor.retryNow();
    await settled();

    expect(one).toEqual(['running', 'blocked']);
    expect([stateOf(engine, a), stateOf(engine, b)]).toEqual(['running', 'running']);
  });
});

describe('code of a connector that runs outside of any call', () => {
  /** Who is to blame, as the process would find out, in whatever `start` starts. */
  async function blamed(
    start: (session: ScriptedSession, look: () => void) => void,
  ): Promise<ConnectorId | undefined | 'nobody asked'> {
    const world = new CoreWorld();
    let seen: ConnectorId | undefined | 'nobody asked' = 'nobody asked';
    world.adapter.prepare = (session) => start(session, () => (seen = currentConnector()));
    await world.addConnector(a);
    const engine = await world.start();
    await world.until(() => engine.supervisor.session(a) !== undefined);
    await world.send('m', 'hello', { connector: a });
    await world.until(() => seen !== 'nobody asked');
    return seen;
  }

  it('is known by what opened it', async () => {
    expect(await blamed((_session, look) => setImmediate(look))).toBe(a);
  });

  it('is known by what sends with it', async () => {
    const culprit = blamed((session, look) => {
      session.send = async () => {
        setImmediate(look);
        return { kind: 'delivered', platformIds: [] };
      };
    });

    expect(await culprit).toBe(a);
  });

  it('is not the code that the daemon runs for it', async () => {
    const world = new CoreWorld();
    const seen: unknown[] = [];
    world.adapter.onOpen = async (host) => {
      await host.loadCursor();
      await host.accept([]);
      await host.secret();
      seen.push(currentConnector());
      return world.adapter.newSession(host);
    };
    world.faults.beforeAny((name) => {
      if (/getCursor|accept/.test(name)) seen.push(currentConnector());
    });
    world.secrets.set('global/token', 'secret');

    await world.addConnector(a, { secretRef: 'global/token' });
    await world.start();
    await world.until(() => seen.length === 3);

    expect(seen).toEqual([undefined, undefined, a]);
  });
});

describe('the credential of a connector', () => {
  it('comes from the vault at every use', async () => {
    const world = new CoreWorld();
    world.secrets.set('channel:echo:a/token', 'the first');
    await world.addConnector(a, { secretRef: 'channel:echo:a/token' });
    await world.start();
    await settled();
    const { host } = world.adapter.session;

    const first = (await host.secret()).reveal();
    world.secrets.set('channel:echo:a/token', 'the second');

    expect([first, (await host.secret()).reveal()]).toEqual(['the first', 'the second']);
  });

  it('is asked for by name when it is missing', async () => {
    const world = new CoreWorld();
    world.adapter.onOpen = async (host) => {
      await host.secret();
      return world.adapter.newSession(host);
    };
    await world.addConnector(a);
    await world.addConnector(b, { secretRef: 'global/none' });

    const engine = await world.start();
    await settled();

    const states = [a, b].map((id) => engine.supervisor.state(id)?.state);
    expect(states).toEqual([
      expect.objectContaining({ code: 'credential_missing', detail: expect.stringContaining('secrets set') }),
      expect.objectContaining({ code: 'credential_missing' }),
    ]);
  });

  it('opens a new session when it is changed, of those that use it only', async () => {
    const world = new CoreWorld();
    await world.addConnector(a, { secretRef: 'global/one' });
    await world.addConnector(b, { secretRef: 'global/two' });
    const { supervisor } = await world.start();
    await settled();

    const users = supervisor.usersOf(parseVaultRef('global/one'));
    for (const id of users) await supervisor.restart(id);
    await settled();

    expect(users).toEqual([a]);
    expect(sessionsOf(world, a).map(({ closeCalls }) => closeCalls)).toEqual([1, 0]);
    expect(sessionsOf(world, b).map(({ closeCalls }) => closeCalls)).toEqual([0]);
  });
});

describe('what a session offers', () => {
  it('is stored with its cursor, and given back where it stood', async () => {
    const world = new CoreWorld();
    await world.addConnector(a);
    await world.start();
    await settled();
    const { host } = world.adapter.session;
    const event = message({ address: { connector: a, conversation: 'room', message: 'm1' } });

    const [accepted] = await host.accept([event], 'position 1');
    const [again] = await host.accept([event], 'position 2');

    expect(again).toEqual({ id: accepted?.id, duplicate: true });
    expect(await host.loadCursor()).toBe('position 2');
  });

  it('is refused when it is another account’s', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);
    const [session] = sessionsOf(world, a);
    const foreign = message({ address: { connector: b, conversation: 'room', message: 'm1' } });

    await expect(session!.host.accept([foreign])).rejects.toMatchObject({ code: 'internal' });
    expect((await world.store.inbox.listEvents({}, { limit: 10 })).items).toEqual([]);
    expect(stateOf(engine, b)).toBe('running');
  });
});

describe('stopping', () => {
  it('closes every session, and opens none afterwards', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);

    await world.stop(engine);
    await change(world, a, { config: { changed: true } });
    await engine.supervisor.reconcile();
    await world.clock.pass(60_000);

    expect(world.adapter.sessions.map(({ closeCalls }) => closeCalls)).toEqual([1, 1]);
    expect(engine.supervisor.live()).toEqual([]);
  });

  it('lets no session open that was to be opened anew', async () => {
    const world = new CoreWorld();
    const engine = await startTwo(world);
    const closing = Promise.withResolvers<undefined>();
    sessionsOf(world, a)[0]!.onClose = () => closing.promise;

    const restarting = engine.supervisor.restart(a);
    await settled();
    const stopping = engine.supervisor.stop();
    closing.resolve(undefined);
    await Promise.all([restarting, stopping]);

    expect(sessionsOf(world, a).length).toBe(1);
  });
});
