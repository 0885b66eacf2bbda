import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { readBootstrapToken, readDaemonFile } from '../../src/daemon-file.ts';
import { newStateDir, until } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';
import { Program } from '../support/program.ts';

const script = fileURLToPath(new URL('throwing-daemon.ts', import.meta.url));

afterEach(closeAll);

async function start(how: string): Promise<{ readonly program: Program; readonly stateDir: string }> {
  const stateDir = newStateDir();
  closeLater(() => rmSync(stateDir, { recursive: true, force: true }));
  const program = new Program({ args: [script, stateDir, how] });
  await program.says('ready');
  return { program, stateDir };
}

it.each(['timer', 'promise', 'socket'])(
  'an error that a connector throws in a %s of its own costs its session, and nothing else',
  async (how) => {
    const { program, stateDir } = await start(how);
    const api = createClient({
      adminUrl: readDaemonFile(stateDir)?.adminUrl ?? '',
      token: readBootstrapToken(stateDir) ?? '',
    });
    const channel = (id: string) => api('GET /channels/{id}', { params: { id } });
    for (const id of ['throwing:b', 'throwing:a'])
      await api('PUT /channels/{id}', { params: { id }, body: { config: {}, enabled: true } });

    const restarted = await until(async () => {
      const { status, restarts } = await channel('throwing:a');
      return restarts > 0 && status.state === 'running' ? restarts : undefined;
    });

    expect(restarted).toBe(1);
    expect(await channel('throwing:b')).toMatchObject({ restarts: 0, status: { state: 'running' } });
    expect(await channel('echo:default')).toMatchObject({ restarts: 0, status: { state: 'running' } });
    expect(program.stderr).toContain('"event":"connector.crashed"');
    expect(await program.kill('SIGTERM')).toBe(0);
  },
);

it('an error that is nobody’s ends the daemon, in good order', async () => {
  const { program } = await start('ours');

  expect(await program.ended()).toBe(70);
  expect(program.stderr).toContain('"event":"daemon.failed"');
});
