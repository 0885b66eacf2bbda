import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readDaemonFile } from '../../src/daemon-file.ts';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, openDaemon, TestDaemon } from '../support/daemon.ts';
import { closeAll, closedPort, closeLater } from '../support/egress.ts';

/** One that no test changes. */
const daemon = new TestDaemon({});

beforeAll(() => daemon.start());

afterEach(closeAll);

afterAll(async () => {
  await daemon.stop();
  rmSync(daemon.stateDir, { recursive: true });
});

function emptyStateDir(): string {
  const stateDir = newStateDir();
  closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
  return stateDir;
}

/** Something that listens and is no daemon. Remembers what it was sent. */
async function openStranger(answer = 'hello'): Promise<{ url: string; seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

describe('the command line finds its daemon', () => {
  it('by the state directory of a flag, wherever the flag stands', async () => {
    const elsewhere = { stateDir: emptyStateDir() };

    const before = await palyra(elsewhere, '--state-dir', daemon.stateDir, 'agents', 'list');
    const between = await palyra(elsewhere, 'agents', '--state-dir', daemon.stateDir, 'list');
    const after = await palyra(elsewhere, 'agents', 'list', `--state-dir=${daemon.stateDir}`);

    expect([before.exit, between.exit, after.exit]).toEqual([0, 0, 0]);
    expect(after.stdout).toBe(before.stdout);
  });

  it('by PALYRA_STATE_DIR', async () => {
    const ran = await palyra({ stateDir: daemon.stateDir }, 'status');

    expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining(daemon.stateDir) });
  });

  it('by PALYRA_ADMIN_URL and PALYRA_ADMIN_TOKEN, without any state directory', async () => {
    const env = { PALYRA_ADMIN_URL: `${daemon.adminUrl}/`, PALYRA_ADMIN_TOKEN: daemon.token };

    const ran = await palyra({ stateDir: emptyStateDir(), env }, 'status');

    expect(ran).toMatchObject({ exit: 0, stderr: '' });
  });

  it('and leaves its own token at home when the address is another’s', async () => {
    const stranger = await openStranger();

    const ran = await palyra(
      { stateDir: daemon.stateDir, env: { PALYRA_ADMIN_URL: stranger.url } },
      'channels',
      'list',
    );

    expect(ran).toMatchObject({ exit: 77, stderr: expect.stringContaining('Set PALYRA_ADMIN_TOKEN') });
    expect(stranger.seen).toEqual([]);
  });

  it('and uses a lesser token of the environment with the daemon of the state directory', async () => {
    const token = (await good(daemon, 'tokens', 'create', 'reader', '--scope', 'read')).trim();
    const reader = { stateDir: daemon.stateDir, env: { PALYRA_ADMIN_TOKEN: token } };

    const read = await palyra(reader, 'channels', 'list');
    const changed = await palyra(reader, 'channels', 'pause', 'echo:default');

    expect(read.exit).toBe(0);
    expect(changed).toMatchObject({ exit: 77, stdout: '' });
    expect(changed.stderr).toContain('palyra tokens create <name> --scope operate');
  });
});

describe('the command line says what is wrong when', () => {
  it('no daemon runs in the state directory', async () => {
    const stateDir = emptyStateDir();

    const ran = await palyra({ stateDir }, 'status');

    expect(ran).toMatchObject({ exit: 69, stdout: '' });
    expect(ran.stderr).toBe(
      `palyra: No daemon runs in ${stateDir}. Start one: palyra up. Or name one: --state-dir, or PALYRA_ADMIN_URL.\n`,
    );
  });

  it('the daemon that was there has been killed', async () => {
    const stateDir = emptyStateDir();
    const adminUrl = `http://127.0.0.1:${await closedPort()}`;
    writeFileSync(join(stateDir, 'daemon.json'), JSON.stringify({ pid: 1, adminUrl }));
    writeFileSync(join(stateDir, 'admin.token'), 'palyra_token\n');

    const ran = await palyra({ stateDir }, 'status');

    expect(ran).toMatchObject({
      exit: 69,
      stderr: `palyra: No daemon answers at ${adminUrl}. Start one: palyra up.\n`,
    });
  });

  it.each([['{}'], ['not JSON'], ['']])('daemon.json holds %j', async (text) => {
    const stateDir = emptyStateDir();
    writeFileSync(join(stateDir, 'daemon.json'), text);

    const ran = await palyra({ stateDir }, 'status');

    expect(ran).toMatchObject({ exit: 69, stderr: expect.stringContaining('No daemon runs in') });
  });

  it('the token is wrong', async () => {
    const env = { PALYRA_ADMIN_TOKEN: 'palyra_wrong' };

    const ran = await palyra({ stateDir: daemon.stateDir, env }, 'status');

    expect(ran).toMatchObject({
      exit: 77,
      stderr: 'palyra: The token is not known, has expired or was revoked.\n',
    });
  });

  it('the token is gone', async () => {
    const own = await openDaemon();
    rmSync(join(own.stateDir, 'admin.token'));

    const ran = await palyra(own, 'status');

    expect(ran).toMatchObject({ exit: 77, stderr: expect.stringContaining('There is no admin.token in') });
  });

  it.each(['two\nlines', 'with space', 'ünïcode'])('the token cannot be one: %j', async (token) => {
    const own = await openDaemon();

    const ran = await palyra({ stateDir: own.stateDir, env: { PALYRA_ADMIN_TOKEN: token } }, 'status');

    expect(ran).toMatchObject({ exit: 77, stderr: expect.stringContaining('Check PALYRA_ADMIN_TOKEN') });
    expect(ran.stderr).not.toContain(token);
  });

  it.each(['nonsense', 'ftp://127.0.0.1', 'http://user:pass@127.0.0.1:1'])(
    'the address is none: %s',
    async (url) => {
      const env = { PALYRA_ADMIN_URL: url, PALYRA_ADMIN_TOKEN: 'palyra_token' };

      const ran = await palyra({ stateDir: emptyStateDir(), env }, 'status');

      expect(ran).toMatchObject({
        exit: 64,
        stderr: 'palyra: PALYRA_ADMIN_URL must be like http://127.0.0.1:8788.\n',
      });
    },
  );

  it('what answers is no daemon', async () => {
    const { url } = await openStranger('<html>hello</html>');
    const env = { PALYRA_ADMIN_URL: url, PALYRA_ADMIN_TOKEN: 'palyra_token' };

    const ran = await palyra({ stateDir: emptyStateDir(), env }, 'status');

    expect(ran).toMatchObject({
      exit: 69,
      stderr: `palyra: The answer from ${url} broke off, or is no daemon's.\n`,
    });
  });

  it('it is asked at the ingress', async () => {
    const env = { PALYRA_ADMIN_URL: daemon.ingressUrl, PALYRA_ADMIN_TOKEN: 'palyra_token' };

    const ran = await palyra({ stateDir: daemon.stateDir, env }, 'status');

    expect(ran).toMatchObject({ exit: 69, stdout: '' });
  });
});

describe('a running daemon', () => {
  it('leaves an address and a token for the command line, for its own user only', async () => {
    const own = await openDaemon();

    const file = readDaemonFile(own.stateDir);
    const modes = ['admin.token', 'daemon.json', 'master.key'].map(
      (name) => statSync(join(own.stateDir, name)).mode & 0o777,
    );

    expect(file).toEqual({
      pid: process.pid,
      ingressUrl: own.ingressUrl,
      adminUrl: own.adminUrl,
      version: '0.0.0-test',
    });
    expect(modes).toEqual([0o600, 0o600, 0o600]);
    expect(own.token).toMatch(/^palyra_[\w-]{43}$/);
  });

  it('takes its address back when it stops, and keeps the token for the next', async () => {
    const own = await openDaemon();
    const { token } = own;

    await own.stop();
    const gone = readDaemonFile(own.stateDir);
    await own.restart();

    expect(gone).toBeUndefined();
    expect(own.token).toBe(token);
    expect(await asJson(own, 'status')).toMatchObject({ pid: process.pid });
  });
});
