import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConnectorId } from '../domain/ids.ts';

const scope = new AsyncLocalStorage<ConnectorId>();

/** Runs a connector's code so that whatever it starts, timers and sockets too, is known to be its own. */
export function inConnectorScope<Value>(id: ConnectorId, work: () => Value): Value {
  return scope.run(id, work);
}

/** Runs what a connector asked for but does not own, so that what follows from it is not blamed on the connector. */
export function outsideConnectorScope<Value>(work: () => Value): Value {
  return scope.exit(work);
}

/** The connector whose code is running, if any; also in the process's handler of uncaught errors. */
export function currentConnector(): ConnectorId | undefined {
  return scope.getStore();
}
