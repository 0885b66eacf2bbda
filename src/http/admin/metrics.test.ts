import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { addHook, type Hook, postGithub } from '../../../test/support/hooks.ts';
import { type Family, parseMetrics } from '../../../test/support/prometheus.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import { defaultAdapters } from '../../connectors/registry.ts';

let daemon: TestDaemon;
let hook: Hook;

beforeAll(async () => {
  const broken = new ScriptedAdapter({ kind: 'broken' });
  broken.onOpen = () => Promise.reject(new Error('It does not open.'));
  daemon = await openDaemon({ adapters: [...defaultAdapters(), broken] });
  hook = await addHook(daemon, { id: 'measured' });
  await daemon.api('PUT /channels/{id}', { params: { id: 'broken:default' }, body: {} });
});
afterAll(closeAll);

async function metrics(of = daemon): Promise<ReadonlyMap<string, Family>> {
  const response = await of.request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}

describe('the metrics', () => {
  it('are what Prometheus reads', async () => {
    const families = await metrics();

    expect([...families].map(([name, { type }]) => `${name} ${type}`)).toEqual([
      'palyra_events_total counter',
      'palyra_last_event_timestamp_seconds gauge',
      'palyra_queue_rows gauge',
      'palyra_queue_lag_seconds gauge',
      'palyra_connector_up gauge',
      'palyra_connector_restarts_total counter',
      'palyra_ingress_acknowledged_seconds histogram',
      'process_resident_memory_bytes gauge',
    ]);
  });

  it('count what happened', async () => {
    const source = 'webhook:measured';
    const before = await metrics();

    const { body } = await postGithub(hook, { delivery: 'm-1' });
    await daemon.traceUntil(body.event ?? '');
    await postGithub(hook, { delivery: 'm-1' });
    await postGithub(hook, { secret: 'a guess' });
    const after = await metrics();

    const gained = (kind: string, of = source): number =>
      (valueOf(after, 'palyra_events_total', { source: of, kind }) ?? 0) -
      (valueOf(before, 'palyra_events_total', { source: of, kind }) ?? 0);
    expect([gained('accepted'), gained('duplicate'), gained('rejected')]).toEqual([1, 1, 1]);
    expect(gained('delivered', 'echo:default')).toBe(1);
  });

  it('tell when the newest event of a source came, also after a restart', async () => {
    const own = await openDaemon();
    await postGithub(await addHook(own, { id: 'rare' }));
    const { items } = await own.api('GET /inbox', { query: { source: 'webhook:rare' } });
    const lastEvents = async (): Promise<Family | undefined> =>
      (await metrics(own)).get('palyra_last_event_timestamp_seconds');
    const before = await lastEvents();

    await own.restart();

    const at = (items[0]?.acceptedAt ?? 0) / 1_000;
    expect(before?.samples).toMatchObject([{ labels: { source: 'webhook:rare' }, value: at }]);
    expect(await lastEvents()).toEqual(before);
  });

  it('show what waits, and since when nobody came', async () => {
    const params = { id: 'echo:default' };
    await daemon.api('POST /channels/{id}/queue/pause', { params, body: {} });
    const operation = { op: 'send', text: 'later' } as const;
    const message = { connector: params.id, conversation: 'x', operation };
    await daemon.api('POST /messages', { body: message });

    const paused = await metrics();
    await daemon.api('POST /channels/{id}/queue/resume', { params });

    const rows = { source: params.id, queue: 'outbox', state: 'pending' };
    expect(valueOf(paused, 'palyra_queue_rows', rows)).toBe(1);
    expect(valueOf(paused, 'palyra_queue_lag_seconds', { queue: 'outbox' })).toBeGreaterThanOrEqual(0);
  });

  it('show who is up', async () => {
    const families = await metrics();

    expect(valueOf(families, 'palyra_connector_up', { connector: 'echo:default' })).toBe(1);
    expect(valueOf(families, 'palyra_connector_up', { connector: 'broken:default' })).toBe(0);
  });

  it('measure acknowledgements in a histogram that adds up', async () => {
    await postGithub(hook, { body: '{"measured":true}' });

    const { samples = [] } = (await metrics()).get('palyra_ingress_acknowledged_seconds') ?? {};
    const buckets = samples.filter(({ name }) => name.endsWith('_bucket'));
    const count = samples.find(({ name }) => name.endsWith('_count'))?.value ?? 0;

    expect(count).toBeGreaterThan(0);
    expect(buckets.map(({ labels }) => labels.le).at(-1)).toBe('+Inf');
    expect(buckets.map(({ value }) => value)).toEqual(
      buckets.map(({ value }) => value).toSorted((left, right) => left - right),
    );
    expect(buckets.at(-1)?.value).toBe(count);
  });

  it('are for whoever may see them', async () => {
    const { token } = await daemon.api('POST /tokens', { body: { name: 'scraper', scopes: ['metrics'] } });
    const as = (path: string): Promise<Response> =>
      daemon.request(path, { headers: { authorization: `Bearer ${token}` } });

    const statuses = [(await as('/metrics')).status, (await as('/admin/v1/status')).status];

    expect(statuses).toEqual([200, 403]);
  });
});

describe('the parser of this test', () => {
  const head = '# HELP a text\n# TYPE a counter\n';

  it.each([
    ['no end of line', `${head}a 1`],
    ['no type', '# HELP a text\na 1\n'],
    ['no help', 'a 1\n'],
    ['another name', `${head}b 1\n`],
    ['no value', `${head}a \n`],
    ['no number', `${head}a one\n`],
    ['a label without quotes', `${head}a{b=c} 1\n`],
    ['a label with a bare quote', `${head}a{b="c"d"} 1\n`],
    ['a label with a bare backslash', `${head}a{b="\\x"} 1\n`],
    ['the same twice', `${head}a{b="c"} 1\na{b="c"} 2\n`],
    ['a family in two pieces', `${head}a 1\n# HELP b text\n# TYPE b gauge\na{x="y"} 2\n`],
    ['an empty line', `${head}\n`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseMetrics(text)).toThrow();
  });
});
