import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { connected, delivered, failed, refused } from '../../test/support/outbox-world.ts';
import { ScriptedAdapter } from '../../test/support/scripted-adapter.ts';
import { connectorId } from '../domain/ids.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';

const id = connectorId('echo', 'default');

afterEach(closeAll);

describe('a part', () => {
  it('is delivered, and known under the platform’s own id', async () => {
    const world = await connected();

    const [part] = await world.send('m', 'hello');
    await settled();

    expect(await world.part(part)).toMatchObject({ state: 'delivered', platformIds: ['p1'], attempts: 1 });
    expect(world.adapter.session.sent).toMatchObject([
      { key: 'm:0', attempt: 1, possibleDuplicate: false, operation: { op: 'send', text: 'hello' } },
    ]);
  });

  it('is tried again after a failure, each time later, under the same key', async () => {
    const world = await connected(failed, failed);
    const sentAt: number[] = [];
    const { session } = world.adapter;
    const { send } = session;
    session.send = (part, signal) => {
      sentAt.push(world.clock.now());
      return send(part, signal);
    };

    await world.send('m', 'hello');
    await world.untilIs('delivered', 'm');

    const [first = 0, second = 0, third = 0] = sentAt;
    expect(second - first).toBeGreaterThanOrEqual(1_000);
    expect(third - second).toBeGreaterThanOrEqual(2_000);
    expect(session.sent.map(({ key, attempt }) => [key, attempt])).toEqual([
      ['m:0', 1],
      ['m:0', 2],
      ['m:0', 3],
    ]);
  });

  it('is dead after as many failures as it may have, and says why', async () => {
    const world = await connected(failed, failed, failed);

    const [part] = await world.send('m', 'hello');
    await world.untilIs('dead', 'm');

    expect(await world.part(part)).toMatchObject({
      reason: 'retry_limit_reached',
      detail: 'platform_error',
      attempts: 3,
    });
    expect(world.adapter.session.sent).toHaveLength(3);
  });

  it('is dead at once when the platform refuses it for good', async () => {
    const world = await connected(refused);

    const [part] = await world.send('m', 'hello');
    await settled();

    expect(await world.part(part)).toMatchObject({
      state: 'dead',
      reason: 'platform_rejected',
      detail: 'The text is empty.',
    });
  });

  it('is told of as an error when it is dead, and not before', async () => {
    const world = await connected(failed, refused);

    const [part] = await world.send('m', 'hello');
    await settled();
    const before = world.log.eventsAt('error');
    await world.untilIs('dead', 'm');

    expect(before).toEqual([]);
    expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({
        event: 'delivery.dead',
        connector_id: id,
        delivery_id: part,
        code: 'platform_rejected',
      }),
    ]);
  });

  it('is not tried again when it has failed for too long', async () => {
    const old = { ...failed, afterMs: coreSettings.retry.ageMsMax };
    const world = await connected(old, failed);

    const [part] = await world.send('m', 'hello');
    await world.clock.pass(coreSettings.retry.ageMsMax);
    await settled();

    expect(await world.part(part)).toMatchObject({ state: 'dead', reason: 'age_limit_reached', attempts: 2 });
  });

  it('is not given to a connector that cannot do it', async () => {
    const deaf = new ScriptedAdapter({ kind: 'deaf', unsupported: ['react'] });
    const world = new CoreWorld([deaf]);
    await world.addConnector('deaf:x');
    await world.start();
    await settled();

    const [part] = await world.send(
      'm',
      '',
      { connector: 'deaf:x' },
      { op: 'react', emoji: '👍', remove: false },
    );
    await settled();

    expect(await world.part(part)).toMatchObject({
      state: 'dead',
      reason: 'operation_unsupported',
      detail: 'It cannot react.',
    });
    expect(deaf.session.sent).toEqual([]);
  });

  it('takes the daemon down with it no more often than it may be tried', async () => {
    const world = await connected();
    await world.stop(world.engine);
    const [part] = await world.send('m', 'hello');
    for (let death = 1; death <= coreSettings.retry.attemptsMax; death++) {
      const now = world.clock.now();
      await world.store.outbox.lease({ now, leaseMs: 1, leaseId: `lse_${death}`, limit: 1, perSource: 1 });
      await world.clock.pass(10);
    }

    await world.start();
    await settled();

    expect(await world.part(part)).toMatchObject({ state: 'dead', reason: 'retry_limit_reached' });
    expect(world.sentTexts).toEqual([]);
  });
});

describe('a wait that the platform asks for', () => {
  const busy = (scope: 'message' | 'lane' | 'connector', afterMs = 30_000): DeliveryOutcome => ({
    kind: 'retry',
    code: 'rate_limited',
    afterMs,
    scope,
    deferral: true,
  });

  it('is kept to, and spends no attempt', async () => {
    const world = await connected(busy('lane'));
    const [part] = await world.send('m', 'hello');
    await settled();
    const waiting = await world.part(part);

    await world.clock.pass(29_999);
    const early = world.sentTexts.length;
    await world.clock.pass(1);

    expect(waiting).toMatchObject({ state: 'pending', reason: 'rate_limited', attempts: 0, deferrals: 1 });
    expect([early, await world.stateOf('m')]).toEqual([1, 'delivered']);
    expect((await world.part(part)).attempts).toBe(1);
  });

  it('does not hold up another conversation when it is one conversation’s', async () => {
    const world = await connected(busy('lane'));

    await world.send('slow', 'hello', { conversation: 'room-1' });
    await settled();
    await world.send('fast', 'hello', { conversation: 'room-2' });
    await settled();

    expect([await world.stateOf('slow'), await world.stateOf('fast')]).toEqual(['pending', 'delivered']);
  });

  it('holds up all of a connector when it is the connector’s, and no other connector', async () => {
    const world = await connected(busy('connector'));
    const other = await world.addConnector('echo:other');
    await settled();
    await world.send('first', 'hello', { conversation: 'room-1' });
    await settled();

    await world.send('second', 'hello', { conversation: 'room-2' });
    await world.send('third', 'hello', { connector: other });
    await settled();
    const before = await Promise.all(['first', 'second', 'third'].map((key) => world.stateOf(key)));
    await world.clock.pass(30_000);

    expect(before).toEqual(['pending', 'pending', 'delivered']);
    expect(await Promise.all(['first', 'second'].map((key) => world.stateOf(key)))).toEqual([
      'delivered',
      'delivered',
    ]);
  });

  it('is not forgotten because the session was opened anew meanwhile', async () => {
    const world = await connected(busy('connector'));
    await world.send('first', 'hello', { conversation: 'room-1' });
    await settled();

    await world.engine.supervisor.restart(id);
    await world.send('second', 'hello', { conversation: 'room-2' });
    await world.clock.pass(29_000);
    const early = await world.stateOf('second');
    await world.clock.pass(1_000);

    expect([early, await world.stateOf('second')]).toEqual(['pending', 'delivered']);
  });

  it('may be asked for only so often', async () => {
    const { deferralsMax } = coreSettings.retry;
    const world = await connected(...Array.from({ length: 20 }, () => busy('lane', 1_000)));

    const [part] = await world.send('m', 'hello');
    await world.untilIs('dead', 'm');

    expect(await world.part(part)).toMatchObject({
      reason: 'deferral_limit_reached',
      detail: 'rate_limited',
    });
    expect(world.sentTexts).toHaveLength(deferralsMax);
  });
});

describe('within a conversation', () => {
  it('what was sent first is delivered first, whatever befalls it', async () => {
    const world = await connected(failed, { ...failed, deferral: true });

    await world.send('1', 'one');
    await world.send('2', 'two');
    await world.send('3', 'three');
    await world.untilIs('delivered', '3');

    expect(world.sentTexts).toEqual(['one', 'one', 'one', 'two', 'three']);
  });

  it('no part of a message overtakes another', async () => {
    const world = await connected(delivered, failed);

    await world.send('m', ['one', 'two', 'three']);
    await world.untilIs('delivered', 'm', 3);

    expect(world.sentTexts).toEqual(['one', 'two', 'two', 'three']);
  });

  it('a dead part keeps the rest of its message back, and the next message goes on', async () => {
    const world = await connected(delivered, refused);

    const parts = await world.send('m', ['one', 'two', 'three', 'four']);
    await world.send('next', 'after');
    await settled();

    expect(await world.partStates(parts)).toEqual(['delivered', 'dead', 'held', 'held']);
    expect((await world.part(parts[2])).reason).toBe('group_held');
    expect(world.sentTexts).toEqual(['one', 'two', 'after']);
  });
});

describe('between conversations', () => {
  it('a call that hangs delays nothing', async () => {
    const world = await connected(() => new Promise(() => undefined));
    await world.send('stuck', 'hello', { conversation: 'room-1' });

    for (let nth = 1; nth <= 20; nth++) await world.send(`${nth}`, 'hello', { conversation: `other-${nth}` });
    await settled();

    expect(world.sentTexts).toHaveLength(21);
    expect([await world.stateOf('stuck'), await world.stateOf('20')]).toEqual(['pending', 'delivered']);
  });

  it('no more calls are made at once than the connector may have', async () => {
    const world = await connected(
      ...Array.from({ length: 40 }, () => () => new Promise<never>(() => undefined)),
    );

    for (let nth = 1; nth <= 20; nth++) await world.send(`${nth}`, 'hello', { conversation: `room-${nth}` });
    await settled();

    expect(world.sentTexts).toHaveLength(coreSettings.outboxWorker.perSourceMax);
  });
});
