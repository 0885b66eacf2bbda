import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readDaemonFile } from '../../src/daemon-file.ts';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, type Trace, until } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { startUp } from '../support/program.ts';

afterEach(closeAll);

const secret = 'a secret that GitHub shares with us';

/** Posts as GitHub does, and answers what the event became; undefined when it was not accepted. */
async function post(url: string, nth: number): Promise<string | undefined> {
  const body = JSON.stringify({ nth, repository: { full_name: `octo/${nth % 5}` } });
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'x-github-event': 'push',
      'x-github-delivery': `delivery-${nth}`,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  }).catch(() => undefined);
  const answer = await response?.json().catch(() => undefined);
  return response?.status === 202 ? (answer as { event: string }).event : undefined;
}

it('keeps everything that was accepted before a kill -9, and goes on with it at once', async () => {
  const stateDir = newStateDir();
  closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
  // Longer than any test lasts: nothing here waits for a claim of the dead to run out.
  writeFileSync(
    join(stateDir, 'config.json'),
    JSON.stringify({ worker: { leaseMs: 3_600_000 }, connectors: { claimMs: 3_600_000 } }),
  );
  const first = await startUp(stateDir);
  await good({ stateDir, stdin: secret }, 'webhooks', 'add', 'hub', 'github', '--secret-stdin');
  const { url } = await asJson<{ url: string }>({ stateDir }, 'webhooks', 'show', 'hub');
  const path = new URL(url).pathname;

  const posts = Array.from({ length: 200 }, (_none, nth) => post(url, nth));
  await Promise.race(posts.slice(0, 20));
  await first.kill('SIGKILL');
  const accepted = (await Promise.all(posts)).filter((event) => event !== undefined);
  const meanwhile = await palyra({ stateDir }, 'status');
  await startUp(stateDir);

  expect(accepted.length).toBeGreaterThan(0);
  expect(meanwhile).toMatchObject({ exit: 69, stderr: expect.stringContaining('No daemon answers at') });
  for (const event of accepted) {
    const trace = await until(async () => {
      const trace = await asJson<Trace>({ stateDir }, 'trace', event);
      return trace.settled ? trace : undefined;
    });
    expect([event, trace.state]).toEqual([event, 'delivered']);
  }
  const { ingressUrl = '' } = readDaemonFile(stateDir) ?? {};
  expect(await post(`${ingressUrl}${path}`, 1_000)).toMatch(/^evt_/);
  expect(await good({ stateDir }, 'channels', 'test', 'echo:default')).toContain('delivered');
});
