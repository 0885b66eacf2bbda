import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConnectorId } from '../domain/ids.ts';

const scope = new AsyncLocalStorage<ConnectorId>();

/** Runs a connector's code so that whatever it starts, timers and sockets too, is known to be its own. */
export function inConnectorScope<Value>(id: ConnectorId, work: () => Value): Value {
  return scope.run(id, work);
}

/** The connector whose code is running, if any; also in the process's handler of uncaught errors. */
export function currentConnector(): ConnectorId | undefined {
  return scope.getStore();
}
