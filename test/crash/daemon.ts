// The daemon as `palyra up` runs it, with a fake chat platform beside the real connectors, and, where
// PALYRA_CRASH_AT names one, a step at which the process kills itself: `before|after <part>.<method>:<n>`. Of
// Discord the steps are its requests: `discord.create`, `discord.callback` and so on.
import { loadConfig } from '../../src/config.ts';
import type { ConnectorAdapter, ConnectorHost } from '../../src/connectors/connector.ts';
import { defaultAdapters } from '../../src/connectors/registry.ts';
import { startDaemon } from '../../src/main.ts';
import { placeOf } from '../../src/place.ts';
import type { Store } from '../../src/store/store.ts';
import { createChatAdapter } from '../fakes/chat/adapter.ts';
import { httpChatApi } from '../fakes/chat/http.ts';

const [stateDir = ''] = process.argv.slice(2);
const place = placeOf({ stateDir, ingress: '127.0.0.1:0', admin: '127.0.0.1:0' }, {});
const step = parseStep(process.env.PALYRA_CRASH_AT);

const chat = createChatAdapter({ idempotentKeys: false, lookUp: true }, (host) => {
  const api = httpChatApi(host);
  return {
    ...api,
    post: async (token, message, signal) => {
      dieAt('before', 'platform.post');
      const posted = await api.post(token, message, signal);
      dieAt('after', 'platform.post');
      return posted;
    },
  };
});

await startDaemon({
  place,
  config: loadConfig(place.stateDir),
  env: {},
  version: '0.0.0-test',
  logTo: { write: (line) => process.stderr.write(line), format: 'json', level: 'warn' },
  onFatal: (error) => {
    throw error;
  },
  adapters: [...defaultAdapters().map(mortal), chat],
  wrapStore,
});
process.stdout.write('ready\n');

/** An adapter whose requests are steps at which one can die. */
function mortal(adapter: ConnectorAdapter): ConnectorAdapter {
  return { ...adapter, open: (host, signal) => adapter.open(mortalHost(adapter.kind, host), signal) };
}

function mortalHost(kind: string, host: ConnectorHost<unknown>): ConnectorHost<unknown> {
  return {
    ...host,
    fetch: async (request) => {
      const what = `${kind}.${requestName(request.method, new URL(request.url).pathname)}`;
      dieAt('before', what);
      const response = await host.fetch(request);
      dieAt('after', what);
      return response;
    },
  };
}

function requestName(method: string, path: string): string {
  if (path.endsWith('/callback')) return 'callback';
  if (path.includes('/webhooks/')) return 'answer';
  if (path.endsWith('/typing')) return 'typing';
  if (!path.includes('/messages')) return 'other';
  return { GET: 'read', POST: 'create', PATCH: 'edit', DELETE: 'delete' }[method] ?? 'other';
}

function wrapStore(store: Store): Store {
  const wrapPart = (partName: string, part: object): object =>
    Object.fromEntries(
      Object.entries(part).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
        name,
        async (...args: unknown[]) => {
          dieAt('before', `${partName}.${name}`);
          const answer = await method(...args);
          dieAt('after', `${partName}.${name}`);
          return answer;
        },
      ]),
    );
  const parts = Object.entries(store).map(([name, part]: [string, unknown]) => [
    name,
    typeof part === 'object' && part !== null ? wrapPart(name, part) : part,
  ]);
  return Object.fromEntries(parts) as Store;
}

function dieAt(when: string, what: string): void {
  if (step?.when !== when || step.what !== what) return;
  step.left--;
  if (step.left === 0) process.kill(process.pid, 'SIGKILL');
}

function parseStep(
  text: string | undefined,
): { readonly when: string; readonly what: string; left: number } | undefined {
  const match = /^(before|after) (\w+\.\w+):(\d+)$/.exec(text ?? '');
  return match ? { when: match[1] ?? '', what: match[2] ?? '', left: Number(match[3]) } : undefined;
}
