import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';
import { Program, root } from '../support/program.ts';

afterEach(closeAll);

/** Runs the health check of the container on a daemon that listens elsewhere; its exit code. */
async function check({ adminUrl }: TestDaemon): Promise<unknown> {
  const image = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  const [, argv = ''] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(image) ?? [];
  const [, admin = ''] = /PALYRA_ADMIN=(\S+)/.exec(image) ?? [];
  const [, ...args] = JSON.parse(argv.replace(`http://${admin}`, adminUrl)) as string[];
  return new Program({ args }).ended();
}

it('a container whose vault is locked is healthy, and one whose daemon does not answer is not', async () => {
  const env: Record<string, string> = { PALYRA_MASTER_KEY: Buffer.alloc(32, 5).toString('base64') };
  const daemon = await openDaemon({ env, config: { masterKey: { kind: 'env' } } });
  delete env.PALYRA_MASTER_KEY;
  await daemon.restart();

  const ready = await daemon.request('/readyz');
  const locked = await check(daemon);
  await daemon.stop();
  const gone = await check(daemon);

  expect([ready.status, locked, gone]).toEqual([503, 0, 1]);
});
