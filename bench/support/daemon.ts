import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ApiClient, createClient } from '../../src/cli/client.ts';

const bin = fileURLToPath(new URL('../../bin/palyra.mjs', import.meta.url));

export interface BenchDaemon {
  readonly api: ApiClient;
  readonly pid: number;
  readonly stateDir: string;
  /** From the start of the process until it listens. */
  readonly startedInMs: number;
  stop(): Promise<void>;
}

/** `palyra up` as it is, in a state directory of its own; `keep` starts it again in one that is there. */
export async function startDaemon(config: object = {}, keep?: string): Promise<BenchDaemon> {
  const stateDir = keep ?? mkdtempSync(join(tmpdir(), 'palyra-bench-'));
  writeFileSync(join(stateDir, 'config.json'), JSON.stringify({ logLevel: 'error', ...config }));
  const startedAt = performance.now();
  const child: ChildProcess = fork(
    bin,
    ['up', '--state-dir', stateDir, '--ingress', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    { silent: true },
  );
  child.stderr?.pipe(process.stderr);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const startedInMs = performance.now() - startedAt;
  const { adminUrl } = JSON.parse(readFileSync(join(stateDir, 'daemon.json'), 'utf8')) as {
    adminUrl: string;
  };
  const token = readFileSync(join(stateDir, 'admin.token'), 'utf8').trim();
  return {
    api: createClient({ adminUrl, token }),
    pid: child.pid ?? 0,
    stateDir,
    startedInMs,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      if (keep === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
