// Question: what does a daemon cost that has nothing to do?
// Aim: under 150 MB of resident memory, 30 seconds after its start.
import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { startDaemon } from './support/daemon.ts';
import type { Figure } from './support/figure.ts';
import { round } from './support/machine.ts';
import { inTempDir } from './support/temp-dir.ts';

const idleMs = 30_000;
const megabytesMax = 150;

export function measure(): Promise<readonly Figure[]> {
  return inTempDir(async (stateDir) => {
    const daemon = await startDaemon(stateDir);
    await wait(idleMs);
    const megabytes = residentMegabytes(daemon.pid);
    await daemon.stop();
    return [
      {
        name: 'memory: resident, after 30 s of nothing',
        figure: `${round(megabytes, 0)} MB`,
        aim: `under ${megabytesMax} MB`,
        met: megabytes < megabytesMax,
      },
    ];
  });
}

function residentMegabytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
