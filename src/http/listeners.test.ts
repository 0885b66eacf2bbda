import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openDaemon, TestDaemon } from '../../test/support/daemon.ts';
import { closeAll, closeLater } from '../../test/support/egress.ts';
import { addHook, githubHeaders, postGithub, pushBody, rawRequest } from '../../test/support/hooks.ts';
import { openConnection } from '../../test/support/raw-http.ts';
import { gate, StoreFaults } from '../../test/support/store-faults.ts';

const faults = new StoreFaults();

afterEach(() => faults.mend());
afterAll(closeAll);

async function taken(): Promise<string> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(() => server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
}

describe('the listeners', () => {
  it.each(['ingress', 'admin'] as const)(
    'say which flag moves the %s listener from a port in use',
    async (which) => {
      const place = await taken();

      const opening = openDaemon({ [which]: place });

      await expect(opening).rejects.toMatchObject({
        code: 'unavailable',
        message: `${place} is in use already. Choose another with --${which} HOST:PORT; port 0 takes a free one.`,
      });
    },
  );

  it('leave nothing open when one of them cannot be', async () => {
    const free = await openDaemon();
    const ingress = free.ingressUrl.replace('http://', '');
    await free.stop();
    const half = new TestDaemon({ ingress, admin: await taken() });
    closeLater(() => rmSync(half.stateDir, { recursive: true, force: true }));

    await expect(half.start()).rejects.toMatchObject({ code: 'unavailable' });
    const whole = await openDaemon({ ingress, stateDir: half.stateDir });

    expect((await fetch(`${whole.ingressUrl}/healthz`)).status).toBe(200);
  });

  it('write their addresses as they have to be written', async () => {
    const daemon = await openDaemon({ ingress: '[::1]:0', admin: 'localhost:0' });

    const answers = await Promise.all([
      fetch(`${daemon.ingressUrl}/healthz`),
      fetch(`${daemon.adminUrl}/healthz`),
    ]);

    expect(daemon.ingressUrl).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('a daemon that stops', () => {
  it('answers what is under way, and takes nothing new', async () => {
    const daemon = await openDaemon({ wrapStore: faults.wrap });
    const hook = await addHook(daemon, { id: 'last' });
    const { wait, open } = gate();
    const arrived = gate();
    faults.before('inbox.accept', () => {
      arrived.open();
      return wait();
    });
    const connection = await openConnection(hook.url);
    await connection.write(rawRequest(`POST ${hook.path}`, await githubHeaders(), pushBody));
    await arrived.wait();

    const stopping = daemon.stop();
    const refused = postGithub(hook, { body: '{"late":1}' });
    await expect(refused).rejects.toThrow();
    open();
    const answer = await connection.response();
    await stopping;

    expect(answer?.status).toBe(202);
  });

  it('waits for nobody who keeps a connection open and says nothing', async () => {
    const daemon = await openDaemon();
    const idle = [await openConnection(daemon.ingressUrl), await openConnection(daemon.adminUrl)];
    await Promise.all(idle.map((connection) => connection.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')));
    await Promise.all(idle.map((connection) => connection.response()));

    await daemon.stop();
    await Promise.all(idle.map(({ ended }) => ended));

    expect(daemon.lines.at(-1)?.event).toBe('daemon.stopped');
  });
});
