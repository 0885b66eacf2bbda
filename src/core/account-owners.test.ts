import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { ScriptedAdapter, type ScriptedSession } from '../../test/support/scripted-adapter.ts';
import { type ConnectorId, connectorId } from '../domain/ids.ts';
import type { Engine } from './engine.ts';

const a = connectorId('echo', 'a');
const b = connectorId('echo', 'b');

afterEach(closeAll);

/** Two accounts of one platform, live. */
async function startTwo(world: CoreWorld): Promise<Engine> {
  await world.addConnector(a);
  await world.addConnector(b);
  const engine = await world.start();
  await settled();
  return engine;
}

function sessionsOf(world: CoreWorld, id: ConnectorId): readonly ScriptedSession[] {
  return world.adapter.sessions.filter(({ host }) => host.connectorId === id);
}

function stateOf(engine: Engine, id: ConnectorId): string | undefined {
  return engine.supervisor.state(id)?.state.state;
}

async function change(world: CoreWorld, id: ConnectorId, fields: object): Promise<void> {
  const record = await world.store.connectors.getConnector(id);
  await world.store.connectors.putConnector({ ...record!, ...fields });
  await settled();
}

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
