import type { Engine } from '../../src/core/engine.ts';
import { connectorId, type ConnectorId } from '../../src/domain/ids.ts';
import type { CoreWorld } from './core-world.ts';
import { settled } from './manual-clock.ts';
import type { ScriptedSession } from './scripted-adapter.ts';

export const a = connectorId('echo', 'a');
export const b = connectorId('echo', 'b');

/** Two accounts of one platform, live. */
export async function startTwo(world: CoreWorld): Promise<Engine> {
  await world.addConnector(a);
  await world.addConnector(b);
  const engine = await world.start();
  await settled();
  return engine;
}

export function sessionsOf(world: CoreWorld, id: ConnectorId): readonly ScriptedSession[] {
  return world.adapter.sessions.filter(({ host }) => host.connectorId === id);
}

export function stateOf(engine: Engine, id: ConnectorId): string | undefined {
  return engine.supervisor.state(id)?.state.state;
}

export async function change(world: CoreWorld, id: ConnectorId, fields: object): Promise<void> {
  const record = await world.store.connectors.getConnector(id);
  await world.store.connectors.putConnector({ ...record!, ...fields });
  await settled();
}
