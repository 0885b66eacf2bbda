import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { asJson, good, palyra } from '../support/cli.ts';
import { newStateDir, openDaemon, type TestDaemon, until } from '../support/daemon.ts';
import { closeAll, closeLater } from '../support/egress.ts';

afterEach(closeAll);

interface Check {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix?: string;
}

async function openRunning(): Promise<TestDaemon> {
  const daemon = await openDaemon();
  await until(async () => (await good(daemon, 'channels', 'list')).includes('running') || undefined);
  return daemon;
}

async function checksOf(stateDir: string): Promise<{ exit: number; checks: readonly Check[] }> {
  const { exit, stdout } = await palyra({ stateDir }, 'doctor', '--json');
  return { exit, checks: (JSON.parse(stdout) as { checks: readonly Check[] }).checks };
}

describe('doctor', () => {
  it('finds nothing wrong with a new installation', async () => {
    const daemon = await openRunning();

    const { exit, checks } = await checksOf(daemon.stateDir);

    expect(exit).toBe(0);
    expect(checks.filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  it('says that no daemon runs, and how to start one', async () => {
    const stateDir = newStateDir();
    closeLater(() => rmSync(stateDir, { recursive: true }));

    const { exit, checks } = await checksOf(stateDir);

    expect(exit).toBe(69);
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'daemon', level: 'fail', fix: 'palyra up' }),
    );
  });

  it('looks without touching: it does not even make the state directory', async () => {
    const stateDir = join(newStateDir(), 'none');
    closeLater(() => rmSync(join(stateDir, '..'), { recursive: true }));

    const { checks } = await checksOf(stateDir);

    expect(checks).toContainEqual(expect.objectContaining({ name: 'state directory', level: 'warn' }));
    expect(existsSync(stateDir)).toBe(false);
  });

  it('warns of files that other users may read, with the command that closes them', async () => {
    const daemon = await openRunning();
    const token = join(daemon.stateDir, 'admin.token');
    chmodSync(daemon.stateDir, 0o755);
    chmodSync(token, 0o644);

    const { checks } = await checksOf(daemon.stateDir);

    expect(checks.filter(({ level }) => level === 'warn')).toMatchObject([
      { name: 'state directory', fix: `chmod 700 ${daemon.stateDir}` },
      { name: 'admin.token', fix: `chmod 600 ${token}` },
    ]);
  });

  it('finds the mistake in config.json before the next start does', async () => {
    const daemon = await openDaemon();
    writeFileSync(join(daemon.stateDir, 'config.json'), '{"inbox":{"depthMax":"many"}}');

    const ran = await palyra(daemon, 'doctor');

    expect(ran).toMatchObject({
      exit: 69,
      stderr: expect.stringMatching(/^palyra: 1 of \d+ checks failed\.\n$/),
    });
    expect(ran.stdout).toMatch(/^✗ config\.json: .*inbox\.depthMax: .*\n {4}Correct it/m);
  });

  it('has a fix for everything that is not well', async () => {
    const daemon = await openDaemon({ config: { masterKey: { kind: 'env' } } });
    await good(daemon, 'channels', 'pause', 'echo:default');
    await good(daemon, 'webhooks', 'add', 'bare', 'github', '--secret-ref', 'global/none');
    await palyra(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'dead');
    await palyra(daemon, 'message', 'send', 'echo:dead', 'r', '--text', '[nack]', '--wait');
    await good(daemon, 'router', 'rules', 'set', 'odd', '--source', 'echo:none', '--agent', 'nobody');

    const { exit, checks } = await checksOf(daemon.stateDir);

    const bad = checks.filter(({ level }) => level !== 'ok');
    expect(exit).toBe(69);
    expect(bad.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'vault',
        'webhook bare',
        'dead letters',
        'connector echo:default queue',
        'rule odd',
      ]),
    );
    for (const { name, fix } of bad) expect(fix, name).toMatch(/\S/);
  });

  it('changes nothing', async () => {
    const daemon = await openDaemon();
    const files = readdirSync(daemon.stateDir);
    const before = await asJson(daemon, 'logs', '--limit', '500', '--kind', 'admin.changed');

    await palyra(daemon, 'doctor');

    expect(readdirSync(daemon.stateDir)).toEqual(files);
    expect(await asJson(daemon, 'logs', '--limit', '500', '--kind', 'admin.changed')).toEqual(before);
  });
});
