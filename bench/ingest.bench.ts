// Question: what does durable webhook ingest cost beside the least that can be called that?
// Aim: 0.7 of the floor's throughput; p99 of the acknowledgement under 50 ms at half of peak.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from './support/daemon.ts';
import type { LoadPlan, LoadReport } from './support/http-load.ts';
import { median, round } from './support/machine.ts';

const secret = 'bench secret, known to everybody';
const rounds = 3;
const requests = 20_000;
const connections = 64;

const floorPeaks: number[] = [];
const ourPeaks: number[] = [];
const latencies: LoadReport[] = [];

for (let index = 0; index < rounds; index++) {
  floorPeaks.push(await measureFloor(index));
  const { peak, half } = await measureOurs(index);
  ourPeaks.push(peak);
  latencies.push(half);
}
const floor = median(floorPeaks);
const ours = median(ourPeaks);
const p99 = median(latencies.map(({ p99Ms }) => p99Ms));
const failed = latencies.reduce((sum, report) => sum + report.failed, 0);
console.log(
  `ingest, floor (node:http + HMAC + grouped SQLite insert)  ${round(floor, 0)} requests/s  [${floorPeaks.map((value) => round(value, 0)).join(', ')}]`,
);
console.log(
  `ingest, palyra                                            ${round(ours, 0)} requests/s  [${ourPeaks.map((value) => round(value, 0)).join(', ')}]`,
);
console.log(`ingest, ratio to the floor                                ${round(ours / floor)}  (aim 0.7)`);
console.log(
  `ingest, acknowledgement at half of peak                   p50 ${round(median(latencies.map(({ p50Ms }) => p50Ms)))} ms, p99 ${round(p99)} ms, ${failed} failed  (aim: p99 under 50 ms)`,
);

async function measureFloor(index: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'palyra-floor-'));
  const server = fork(fileURLToPath(new URL('./support/floor-server.ts', import.meta.url)), [
    join(directory, 'floor.sqlite'),
    secret,
  ]);
  const [url] = (await once(server, 'message')) as [string];
  await load({ url, secret, requests: 2_000, connections, prefix: `warm-${index}` });
  const report = await load({ url, secret, requests, connections, prefix: `floor-${index}` });
  server.kill();
  await once(server, 'exit');
  rmSync(directory, { recursive: true });
  return report.perSecond;
}

/** Only ingest: nobody answers, so that the figure is about accepting. */
async function measureOurs(index: number): Promise<{ peak: number; half: LoadReport }> {
  const daemon = await startDaemon({ inbox: { depthMax: 1_000_000 } });
  await daemon.api('DELETE /agents/{id}', { params: { id: 'echo' } });
  const { url } = await daemon.api('POST /webhooks', {
    body: { id: 'bench', provider: 'github', secret: { from: 'value', value: secret } },
  });
  await load({ url, secret, requests: 2_000, connections, prefix: `warm-${index}` });
  const peak = await load({ url, secret, requests, connections, prefix: `peak-${index}` });
  const half = await load({
    url,
    secret,
    requests: requests / 2,
    connections,
    rate: peak.perSecond / 2,
    prefix: `half-${index}`,
  });
  await daemon.stop();
  if (peak.failed > 0) throw new Error(`${peak.failed} requests failed.`);
  return { peak: peak.perSecond, half };
}

async function load(plan: LoadPlan): Promise<LoadReport> {
  const generator = fork(fileURLToPath(new URL('./support/http-load.ts', import.meta.url)));
  generator.send(plan);
  const [report] = (await once(generator, 'message')) as [LoadReport];
  generator.kill();
  return report;
}
