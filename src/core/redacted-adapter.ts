import type { ConnectorAdapter, ConnectorSession } from '../connectors/connector.ts';
import { type Redact, redactedError } from './redacted-error.ts';

/**
 * The same adapter; what it says of a failure holds no secret, although it may repeat what a platform or a
 * library said. What it says goes to the journal, to traces and to the API.
 */
export function redactedAdapter(adapter: ConnectorAdapter, redact: Redact): ConnectorAdapter {
  return replacing(adapter, {
    open: async (host, signal) =>
      redactedSession(await cleanly(redact, () => adapter.open(host, signal)), redact),
  });
}

function redactedSession(session: ConnectorSession, redact: Redact): ConnectorSession {
  const read = session.read?.bind(session);
  const search = session.search?.bind(session);
  const snapshot = session.snapshot?.bind(session);
  const receiving = session.receiving?.bind(session);
  const clean = <Told extends object>(tell: () => Promise<Told>): Promise<Told> =>
    cleanly(redact, async () => cleanDetail(await tell(), redact));
  const closed = clean(() => session.closed);
  // Whoever waits for it hears of it; nobody may wait.
  closed.catch(() => undefined);
  return replacing(session, {
    closed,
    sendOutbound: (part, signal) => clean(() => session.sendOutbound(part, signal)),
    ...(read ? { read: (request, signal) => clean(() => read(request, signal)) } : {}),
    ...(search ? { search: (request, signal) => clean(() => search(request, signal)) } : {}),
    ...(receiving ? { receiving: () => cleanDetail(receiving(), redact) } : {}),
    ...(snapshot ? { snapshot: () => redactedData(snapshot(), redact) } : {}),
  });
}

async function cleanly<Value>(redact: Redact, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    throw redactedError(thrown, redact);
  }
}

/** The platform may have named itself after a secret. */
export function redactedData<Data>(data: Data, redact: Redact): Data {
  return JSON.parse(redact(JSON.stringify(data))) as Data;
}

function cleanDetail<Told extends object>(told: Told, redact: Redact): Told {
  return 'detail' in told && typeof told.detail === 'string'
    ? { ...told, detail: redact(told.detail) }
    : told;
}

/** `target`, but for some of its members. The methods of the others find the `this` that they were made for. */
function replacing<Target extends object>(target: Target, own: Partial<Target>): Target {
  return new Proxy(own as Target, {
    get(_own, key) {
      const source = Object.hasOwn(own, key) ? own : target;
      const value: unknown = Reflect.get(source, key, source);
      return typeof value === 'function' ? (value.bind(source) as unknown) : value;
    },
    has: (_own, key) => Reflect.has(target, key),
  });
}
