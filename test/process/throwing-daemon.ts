// A daemon as `palyra up` runs it, with two connectors of a kind whose first session throws outside of any call,
// in the way that is asked for: `timer`, `promise`, `socket`, `send`; or one in which the daemon itself does: `ours`.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../src/config.ts';
import type { ConnectorAdapter, ConnectorSession, SessionEnd } from '../../src/connectors/connector.ts';
import { createEchoAdapter } from '../../src/connectors/echo/adapter.ts';
import { startDaemon } from '../../src/main.ts';
import { placeOf } from '../../src/place.ts';
import { watchProcess } from '../../src/up.ts';

const [stateDir = '', how = ''] = process.argv.slice(2);
const echo = createEchoAdapter();
let opened = 0;

const ways: Readonly<Record<string, (fail: () => never) => void>> = {
  timer: (fail) => setTimeout(fail, 10),
  promise: (fail) => void Promise.resolve().then(fail),
  socket: (fail) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.destroy();
        server.close();
        fail();
      });
    });
  },
};

function fail(): never {
  throw new TypeError('out of the blue');
}

const throwing: ConnectorAdapter<object> = {
  ...echo,
  kind: 'throwing',
  async open(host): Promise<ConnectorSession> {
    const end = Promise.withResolvers<SessionEnd>();
    if (host.connectorId === 'throwing:a' && ++opened === 1) ways[how]?.(fail);
    return {
      closed: end.promise,
      sendOutbound: async () => ({ kind: 'delivered', platformIds: [] }),
      close: async () => end.resolve({ kind: 'closed' }),
    };
  },
};

const place = placeOf({ stateDir, ingress: '127.0.0.1:0', admin: '127.0.0.1:0' }, {});
const daemon = await startDaemon({
  place,
  config: loadConfig(place.stateDir),
  env: {},
  version: '0.0.0-test',
  logTo: { write: (line) => process.stderr.write(line), format: 'json', level: 'info' },
  onFatal: (error) => {
    throw error;
  },
  adapters: [echo, throwing],
});
watchProcess(daemon, (fatal) => void daemon.stop().then(() => process.exit(fatal ? 70 : 0)));
process.stdout.write('ready\n');
if (how === 'ours') setTimeout(fail, 10);
