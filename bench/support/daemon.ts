import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ApiClient, createClient } from '../../src/cli/client.ts';

const bin = fileURLToPath(new URL('../../bin/palyra.mjs', import.meta.url));

export interface BenchDaemon {
  readonly api: ApiClient;
  readonly pid: number;
  /** From the start of the process until it listens. */
  readonly startedInMs: number;
  stop(): Promise<void>;
}

/** `palyra up` as it is, with its state in `stateDir`. */
export async function startDaemon(stateDir: string, config: object = {}): Promise<BenchDaemon> {
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
  const { adminUrl, pid } = JSON.parse(readFileSync(join(stateDir, 'daemon.json'), 'utf8')) as {
    adminUrl: string;
    pid: number;
  };
  const token = readFileSync(join(stateDir, 'admin.token'), 'utf8').trim();
  return {
    api: createClient({ adminUrl, token }),
    pid,
    startedInMs,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
