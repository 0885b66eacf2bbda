// Question: how long does a person wait for a daemon that is ready?
// Aim: the second start under two seconds, with all that npm does before it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from './support/daemon.ts';
import type { Figure } from './support/figure.ts';
import { median, round } from './support/machine.ts';
import { inTempDir } from './support/temp-dir.ts';

const rounds = 5;
const secondStartMsMax = 2_000;
const clone = fileURLToPath(new URL('..', import.meta.url));

export async function measure(): Promise<readonly Figure[]> {
  const firsts: number[] = [];
  const seconds: number[] = [];
  const npmStarts: number[] = [];
  for (let index = 0; index < rounds; index++) {
    await inTempDir(async (stateDir) => {
      for (const times of [firsts, seconds]) {
        const daemon = await startDaemon(stateDir);
        times.push(daemon.startedInMs);
        await daemon.stop();
      }
      npmStarts.push(await npmStart(stateDir));
    });
  }
  return [
    figure('start-up: the first, palyra up', firsts),
    figure('start-up: the second, palyra up', seconds),
    figure('start-up: the second, npm start', npmStarts),
  ];
}

function figure(name: string, times: readonly number[]): Figure {
  const ms = median(times);
  return { name, figure: `${round(ms, 0)} ms`, aim: 'under 2,000 ms', met: ms < secondStartMsMax };
}

async function npmStart(stateDir: string): Promise<number> {
  const startedAt = performance.now();
  const npm: ChildProcess = spawn('npm', ['start'], {
    cwd: clone,
    env: {
      ...process.env,
      PALYRA_STATE_DIR: stateDir,
      PALYRA_INGRESS: '127.0.0.1:0',
      PALYRA_ADMIN: '127.0.0.1:0',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await said(npm.stdout as NodeJS.ReadableStream, 'is up.');
  const tookMs = performance.now() - startedAt;
  const { pid } = JSON.parse(readFileSync(join(stateDir, 'daemon.json'), 'utf8')) as { pid: number };
  const ended = once(npm, 'exit');
  process.kill(pid, 'SIGTERM');
  await ended;
  return tookMs;
}

async function said(output: NodeJS.ReadableStream, words: string): Promise<void> {
  let text = '';
  for await (const chunk of output) {
    text += String(chunk);
    if (text.includes(words)) return;
  }
  throw new Error(`It ended without having said: ${words}`);
}
