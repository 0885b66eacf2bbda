// Question: what does durable webhook ingest cost beside the least that can be called that?
// Aim: 0.7 of the floor's throughput; p99 of the acknowledgement under 50 ms at half of peak.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchDaemon, startDaemon } from './support/daemon.ts';
import type { Figure } from './support/figure.ts';
import type { LoadPlan, LoadReport } from './support/http-load.ts';
import { median, round } from './support/machine.ts';
import { inTempDir } from './support/temp-dir.ts';

const secret = 'bench secret, known to everybody';
const rounds = 3;
const warmUp = 5_000;
const requests = 20_000;
const connections = 64;
const ratioMin = 0.7;
const p99MsMax = 50;

export async function measure(): Promise<readonly Figure[]> {
  const floors: number[] = [];
  const peaks: LoadReport[] = [];
  const halves: LoadReport[] = [];
  const answered: LoadReport[] = [];
  for (let index = 0; index < rounds; index++) {
    floors.push(await inTempDir(measureFloor));
    const { peak, half } = await inTempDir(measureAccepting);
    peaks.push(peak);
    halves.push(half);
    answered.push(await inTempDir(measureAnswering));
  }
  const floor = median(floors);
  const p99 = medianOf(halves, 'p99Ms');
  return [
    throughput('ingest: accepted', floor, peaks, ratioMin),
    {
      name: 'ingest: acknowledgement at half of that',
      figure: `p50 ${round(medianOf(halves, 'p50Ms'))} ms, p99 ${round(p99)} ms`,
      aim: `p99 under ${p99MsMax} ms`,
      met: p99 < p99MsMax,
    },
    throughput('ingest: accepted, while each is answered too', floor, answered),
  ];
}

function throughput(name: string, floor: number, reports: readonly LoadReport[], ratio?: number): Figure {
  const perSecond = medianOf(reports, 'perSecond');
  return {
    name,
    floor: `${round(floor, 0)}/s`,
    figure: `${round(perSecond, 0)}/s`,
    ratio: perSecond / floor,
    ...(ratio === undefined
      ? {}
      : { aim: `at least ${ratio} of the floor`, met: perSecond / floor >= ratio }),
  };
}

function medianOf(reports: readonly LoadReport[], field: 'perSecond' | 'p50Ms' | 'p99Ms'): number {
  return median(reports.map((report) => report[field]));
}

async function measureFloor(directory: string): Promise<number> {
  const script = fileURLToPath(new URL('./support/floor-server.ts', import.meta.url));
  const server = fork(script, [join(directory, 'floor.sqlite'), secret]);
  const [url] = (await once(server, 'message')) as [string];
  await load({ url, secret, requests: warmUp, connections });
  const { perSecond } = await load({ url, secret, requests, connections });
  server.kill();
  await once(server, 'exit');
  return perSecond;
}

/** With one agent that takes one turn and does not end it: the rest waits, and all that is done is accepting. */
async function measureAccepting(stateDir: string): Promise<{ peak: LoadReport; half: LoadReport }> {
  const slow = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
  const inbox = { depthMax: 1_000_000, inFlightMax: 1 };
  const daemon = await startDaemon(stateDir, { inbox, worker: { graceMs: 0 } });
  await daemon.api('PUT /agents/{id}', {
    params: { id: 'echo' },
    body: { kind: 'http', config: { url }, timeoutMs: 600_000 },
  });
  const hook = await addWebhook(daemon);
  await load({ ...hook, requests: warmUp, connections });
  const peak = await load({ ...hook, requests, connections });
  const rate = peak.perSecond / 2;
  const half = await load({ ...hook, requests: requests / 2, connections, rate });
  await daemon.stop();
  slow.closeAllConnections();
  slow.close();
  return { peak, half };
}

/** With the echo agent, which answers each of them, and the echo connector, to which the answers go. */
async function measureAnswering(stateDir: string): Promise<LoadReport> {
  const daemon = await startDaemon(stateDir);
  const hook = await addWebhook(daemon);
  await load({ ...hook, requests: warmUp, connections });
  const report = await load({ ...hook, requests, connections });
  await daemon.stop();
  return report;
}

async function addWebhook({ api }: BenchDaemon): Promise<{ url: string; secret: string }> {
  const { url } = await api('POST /webhooks', {
    body: { id: 'bench', provider: 'github', secret: { from: 'value', value: secret } },
  });
  return { url, secret };
}

/** From a process of its own, so that it does not share a thread with what it measures. */
async function load(plan: LoadPlan): Promise<LoadReport> {
  const generator = fork(fileURLToPath(new URL('./support/http-load.ts', import.meta.url)));
  generator.send(plan);
  const [report] = (await once(generator, 'message')) as [LoadReport];
  generator.kill();
  if (report.failed > 0) throw new Error(`${report.failed} of ${report.requests} requests failed.`);
  return report;
}
