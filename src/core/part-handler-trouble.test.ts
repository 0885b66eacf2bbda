import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { gate } from '../../test/support/store-faults.ts';
import { connected, delivered, failed, unauthenticated } from '../../test/support/outbox-world.ts';
import { AppError } from '../domain/errors.ts';
import { connectorId } from '../domain/ids.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';

const id = connectorId('echo', 'default');

afterEach(closeAll);

describe('a credential that the platform does not take any more', () => {
  it('holds the queue instead of killing what is in it', async () => {
    const world = await connected(unauthenticated);

    const [part] = await world.send('m', 'hello');
    await settled();
    await world.send('n', 'hello', { conversation: 'another' });
    await world.clock.pass(300_000);

    expect(await world.part(part)).toMatchObject({
      state: 'pending',
      reason: 'unauthenticated',
      attempts: 0,
    });
    const [queue] = await world.store.connectors.listQueueStates();
    expect(queue).toMatchObject({ source: id, holdReason: 'unauthenticated' });
    expect(queue).not.toHaveProperty('holdUntil');
    expect(world.sentTexts).toEqual(['hello']);
  });

  it('lets the queue go on once a new session is open', async () => {
    const world = await connected(unauthenticated);
    await world.send('m', 'hello');
    await settled();

    await world.engine.supervisor.restart(id);
    await settled();

    expect(await world.stateOf('m')).toBe('delivered');
    expect(await world.store.connectors.listQueueStates()).toMatchObject([{ source: id, paused: false }]);
  });

  it('leaves a pause of the operator alone when the session is opened anew', async () => {
    const world = await connected(unauthenticated);
    await world.send('m', 'hello');
    await settled();
    await world.store.connectors.pause(id, 'Maintenance.', world.clock.now());

    await world.engine.supervisor.restart(id);
    await world.clock.pass(60_000);

    expect(await world.stateOf('m')).toBe('pending');
  });

  it('holds nothing when it was an old session’s, because the new one may have a better', async () => {
    const answer = Promise.withResolvers<DeliveryOutcome>();
    const world = await connected(() => answer.promise);
    await world.send('m', 'hello');
    await settled();

    await world.engine.supervisor.restart(id);
    answer.resolve(unauthenticated);
    await world.untilIs('delivered', 'm');

    expect(await world.store.connectors.listQueueStates()).toEqual([]);
  });

  it('holds nothing either when the new session was there before that was written down', async () => {
    const { wait, open } = gate();
    const world = await connected(unauthenticated);
    world.faults.before('outbox.settle', wait);
    await world.send('m', 'hello');
    await settled();

    await world.engine.supervisor.restart(id);
    await settled();
    world.faults.mend();
    open();
    await world.untilIs('delivered', 'm');

    const [queue] = await world.store.connectors.listQueueStates();
    expect(queue).not.toHaveProperty('holdReason');
  });

  it('holds the queue too when it is missing', async () => {
    const world = await connected(() => {
      throw new AppError('not_found', 'echo:default has no credential.');
    });

    const [part] = await world.send('m', 'hello');
    await settled();

    expect(await world.part(part)).toMatchObject({
      state: 'pending',
      reason: 'credential_missing',
      attempts: 0,
    });
    expect(await world.store.connectors.listQueueStates()).toMatchObject([
      { holdReason: 'credential_missing' },
    ]);
  });
});

describe('a locked vault', () => {
  it('makes everything wait, and kills nothing', async () => {
    let isLocked = true;
    const world = await connected();
    world.adapter.session.send = async () => {
      if (isLocked) throw new AppError('vault_locked', 'The vault is locked.');
      return delivered;
    };

    const [part] = await world.send('m', 'hello');
    await world.clock.pass(300_000);
    const waiting = await world.part(part);
    isLocked = false;
    await world.untilIs('delivered', 'm');

    expect(waiting).toMatchObject({ state: 'pending', reason: 'vault_locked', attempts: 0, deferrals: 0 });
    expect(world.log.eventsAt('error')).toEqual([]);
  });
});

describe('without a live session', () => {
  it('nothing is tried, and everything is there when it opens', async () => {
    const world = new CoreWorld();
    world.adapter.onOpen = () => Promise.reject(new AppError('unauthenticated', 'No.'));
    await world.addConnector();
    const engine = await world.start();
    const [part] = await world.send('m', 'hello');
    await world.clock.pass(300_000);
    const waiting = await world.part(part);

    world.adapter.onOpen = (host) => Promise.resolve(world.adapter.newSession(host));
    engine.supervisor.retryNow();
    await settled();

    expect(waiting).toMatchObject({ state: 'pending', attempts: 0 });
    expect((await world.part(part)).state).toBe('delivered');
  });
});

describe('an adapter that does not keep its promises', () => {
  it('and never answers is given up, and what it did is found out', async () => {
    const signals: AbortSignal[] = [];
    const world = await connected((_part, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });

    const [part] = await world.send('m', 'hello');
    await world.clock.pass(coreSettings.attemptMs);
    const aborted = signals[0]?.aborted;
    await world.clock.pass(2_000);

    expect(aborted).toBe(true);
    expect(await world.part(part)).toMatchObject({
      state: 'pending',
      reason: 'answer_lost',
      uncertain: true,
    });
  });

  it('but says in the last moment how far it came is believed', async () => {
    const world = await connected(
      (_part, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ ...failed, code: 'transient_network' })),
        ),
    );

    const [part] = await world.send('m', 'hello');
    await world.clock.pass(coreSettings.attemptMs);

    expect(await world.part(part)).toMatchObject({ reason: 'transient_network', uncertain: false });
  });

  it.each([
    ['throws a bug', new TypeError('a user’s text')],
    ['throws what a platform answered', new AppError('rate_limited', 'Too fast.')],
  ])('and %s may have sent something, so nobody knows', async (_how, thrown) => {
    const world = await connected(() => Promise.reject(thrown));

    const [part] = await world.send('m', 'hello');
    await settled();

    const record = await world.part(part);
    expect(record).toMatchObject({
      state: 'pending',
      reason: 'internal_error',
      uncertain: true,
      attempts: 1,
    });
    expect(JSON.stringify(record)).not.toContain('a user’s text');
    expect(world.log.eventsAt('error')).toEqual(['delivery.adapter_failed']);
  });

  it('and throws at once, instead of rejecting, is no worse', async () => {
    const world = await connected();
    world.adapter.session.send = () => {
      throw new TypeError('a bug');
    };

    const [part] = await world.send('m', 'hello');
    await settled();

    expect(await world.part(part)).toMatchObject({ state: 'pending', reason: 'internal_error' });
  });
});

describe('a daemon that stops', () => {
  it('waits for the call that is under way, and records what came of it', async () => {
    const answer = Promise.withResolvers<DeliveryOutcome>();
    const world = await connected(() => answer.promise);
    const [part] = await world.send('m', 'hello');
    await settled();

    const stopping = world.stop(world.engine);
    answer.resolve(delivered);
    await stopping;

    expect((await world.part(part)).state).toBe('delivered');
    expect(world.adapter.session.closeCalls).toBe(1);
  });

  it('cuts off a call that takes too long, and the next daemon finds out what it did', async () => {
    const world = await connected((_part, signal) => {
      const aborted = Promise.withResolvers<DeliveryOutcome>();
      signal.addEventListener('abort', () => aborted.resolve({ kind: 'unknown', code: 'answer_lost' }));
      return aborted.promise;
    });
    const [part] = await world.send('m', 'hello');
    await settled();

    await world.stop(world.engine);

    expect(await world.part(part)).toMatchObject({ state: 'pending', uncertain: true, attempts: 1 });
  });

  it('gives back untried what it has not begun with', async () => {
    const world = await connected(() => new Promise(() => undefined));
    world.adapter.session.resolveUnknown = () => new Promise(() => undefined);
    await world.send('stuck', 'one');
    const [next] = await world.send('next', 'two');
    await settled();

    await world.stop(world.engine);

    expect(await world.part(next)).toMatchObject({ state: 'pending', attempts: 0, uncertain: false });
  });
});

describe('an owner that was overtaken', () => {
  it('cannot write what came of its call, and the part is not sent twice unasked', async () => {
    const answer = Promise.withResolvers<DeliveryOutcome>();
    const world = await connected(() => answer.promise);
    const [part] = await world.send('m', 'hello');
    await settled();
    const now = world.clock.now() + coreSettings.outboxWorker.leaseMs;
    const taken = await world.store.outbox.lease({
      now,
      leaseMs: 60_000,
      leaseId: 'lse_of_another',
      limit: 1,
      perSource: 1,
    });

    answer.resolve(delivered);
    await settled();

    expect(taken.rows).toMatchObject([{ id: part, attempt: 2, uncertain: true }]);
    expect((await world.part(part)).state).toBe('pending');
    expect(world.log.eventsAt('info')).toContain('worker.lease_lost');
  });
});
