import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { a, b, change, sessionsOf, startTwo, stateOf } from '../../test/support/two-accounts.ts';
import { ScriptedAdapter } from '../../test/support/scripted-adapter.ts';
import { gate } from '../../test/support/store-faults.ts';
import { AppError } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import type { ConnectorClaim } from '../store/connector-store.ts';

afterEach(closeAll);

/** Sessions say that they are the account that their settings, or `accounts`, name. */
function connectAs(world: CoreWorld, accounts: Partial<Record<ConnectorId, string>>): void {
  world.adapter.onOpen = async (host) => {
    host.takeAccount(accounts[host.connectorId] ?? host.connectorId);
    return world.adapter.newSession(host);
  };
}

describe('an account of a platform', () => {
  it('is that of one connector at a time: a second one is blocked, and says by which', async () => {
    const world = new CoreWorld();
    connectAs(world, { [a]: 'robot', [b]: 'robot' });

    const engine = await startTwo(world);

    expect(engine.supervisor.state(b)?.state).toMatchObject({
      state: 'blocked',
      code: 'account_taken',
      detail: expect.stringMatching(/^echo:a is connected as the same account/),
    });
    expect([stateOf(engine, a), sessionsOf(world, b)]).toEqual(['running', []]);
  });

  it.each([
    ['is switched off', (world: CoreWorld) => change(world, a, { enabled: false })],
    [
      'is removed',
      async (world: CoreWorld) => {
        await world.store.connectors.removeConnector(a, 1);
        await settled();
      },
    ],
  ])('goes to the other one when its connector %s', async (_what, giveUp) => {
    const world = new CoreWorld();
    connectAs(world, { [a]: 'robot', [b]: 'robot' });
    const engine = await startTwo(world);

    await giveUp(world);
    await world.until(() => stateOf(engine, b) === 'running');

    expect(stateOf(engine, a)).toBeUndefined();
  });

  it('goes to the other one when its connector gets the credential of another', async () => {
    const world = new CoreWorld();
    const accounts = { [a]: 'robot', [b]: 'robot' };
    connectAs(world, accounts);
    const engine = await startTwo(world);

    accounts[a] = 'another';
    await engine.supervisor.restart(a);
    await world.until(() => stateOf(engine, b) === 'running');

    expect(stateOf(engine, a)).toBe('running');
  });

  it('goes to the other one when its connector is blocked', async () => {
    const world = new CoreWorld();
    connectAs(world, { [a]: 'robot', [b]: 'robot' });
    const engine = await startTwo(world);

    sessionsOf(world, a)[0]!.end({ kind: 'blocked', code: 'unauthenticated', detail: 'The token is old.' });
    await world.until(() => stateOf(engine, b) === 'running');

    expect(stateOf(engine, a)).toBe('blocked');
  });

  it('is changed for that of another connector, which gets it in return', async () => {
    const world = new CoreWorld();
    const accounts = { [a]: 'robot', [b]: 'another' };
    connectAs(world, accounts);
    const engine = await startTwo(world);

    accounts[a] = 'another';
    await engine.supervisor.restart(a);
    await world.until(() => stateOf(engine, a) === 'blocked');
    accounts[b] = 'robot';
    await engine.supervisor.restart(b);
    await world.until(() => stateOf(engine, a) === 'running');

    expect(stateOf(engine, b)).toBe('running');
  });

  it('goes to one that is still at noting that it was refused', async () => {
    const world = new CoreWorld();
    connectAs(world, { [a]: 'robot', [b]: 'robot' });
    const { wait, open } = gate();
    world.faults.before('connectors.releaseClaim', (claim) =>
      (claim as ConnectorClaim).connector === b ? wait() : undefined,
    );
    const engine = await startTwo(world);

    await change(world, a, { enabled: false });
    await engine.supervisor.reconcile(a);
    const meanwhile = [stateOf(engine, a), stateOf(engine, b)];
    open();
    await world.until(() => stateOf(engine, b) === 'running');

    expect(meanwhile).toEqual([undefined, 'starting']);
  });

  it('is nothing to two connectors that cannot be opened for reasons of their own', async () => {
    const world = new CoreWorld();
    world.adapter.onOpen = async (host) => {
      host.takeAccount(host.connectorId);
      throw new AppError('forbidden', 'The account lacks a permission.');
    };

    const engine = await startTwo(world);
    await world.clock.pass(600_000);

    expect([stateOf(engine, a), stateOf(engine, b), world.adapter.opened]).toEqual(['blocked', 'blocked', 2]);
  });

  it('stays with its connector while that is opened anew, or waits to be', async () => {
    const world = new CoreWorld();
    connectAs(world, { [a]: 'robot', [b]: 'robot' });
    const engine = await startTwo(world);

    await change(world, a, { config: { other: true } });
    await engine.supervisor.restart(a);
    await world.until(() => stateOf(engine, a) === 'running');
    sessionsOf(world, a).at(-1)?.end({ kind: 'lost', code: 'session_failed', detail: 'The line broke.' });
    await settled();
    engine.supervisor.retryNow(b);
    await settled();
    const waiting = [stateOf(engine, a), stateOf(engine, b)];
    await world.until(() => stateOf(engine, a) === 'running');

    expect(waiting).toEqual(['backoff', 'blocked']);
    expect(stateOf(engine, b)).toBe('blocked');
  });

  it('is given up by a connector that gets the credential of another, or is blocked', async () => {
    const world = new CoreWorld();
    const accounts = { [a]: 'robot', [b]: 'robot' };
    connectAs(world, accounts);
    const engine = await startTwo(world);

    accounts[a] = 'another';
    await engine.supervisor.restart(a);
    await world.until(() => stateOf(engine, a) === 'running');
    engine.supervisor.retryNow(b);
    await world.until(() => stateOf(engine, b) === 'running');
    sessionsOf(world, b)[0]!.end({ kind: 'blocked', code: 'unauthenticated', detail: 'The token is old.' });
    accounts[a] = 'robot';
    await engine.supervisor.restart(a);
    await world.until(() => stateOf(engine, a) === 'running');

    expect(stateOf(engine, b)).toBe('blocked');
  });

  it('is not that of another kind which has the same name', async () => {
    const other = new ScriptedAdapter({ kind: 'other' });
    const world = new CoreWorld([other]);
    connectAs(world, { [a]: 'robot' });
    other.onOpen = async (host) => {
      host.takeAccount('robot');
      return other.newSession(host);
    };
    await world.addConnector('other:x');

    const engine = await startTwo(world);

    expect(stateOf(engine, 'other:x' as ConnectorId)).toBe('running');
  });
});
