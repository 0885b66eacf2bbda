import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GapRecord } from '../../src/domain/gap.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Store } from '../../src/store/store.ts';
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

  it('does not wait long for a daemon that hangs, and says what it sees by itself', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const stateDir = newStateDir();
    closeLater(() => {
      rmSync(stateDir, { recursive: true });
      hanging.closeAllConnections();
      hanging.close();
    });
    const { port } = hanging.address() as AddressInfo;
    const env = { PALYRA_ADMIN_URL: `http://127.0.0.1:${port}`, PALYRA_ADMIN_TOKEN: 'palyra_token' };

    const { exit, stdout } = await palyra({ stateDir, env }, 'doctor', '--json');

    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] };
    expect(exit).toBe(69);
    expect(checks.map(({ name, level }) => [name, level])).toEqual([
      ['node', 'ok'],
      ['state directory', 'ok'],
      ['config.json', 'ok'],
      ['daemon', 'fail'],
    ]);
    expect(checks.at(-1)?.detail).toContain('gave no answer in 5 s');
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

  it('warns of gaps that stay open, and of those that left something out in the last day', async () => {
    const minute = 60_000;
    let store: Store | undefined;
    const daemon = await openDaemon({ wrapStore: (opened) => (store = opened) });
    const gapsAfter = async (id: string, fields: Partial<GapRecord>, agoMs: number): Promise<unknown> => {
      const at = systemClock.now() - agoMs;
      const gap = { connector: 'echo:default', scope: id, fromAt: at, cause: 'It broke.', state: 'open' };
      const counts = { recovered: 0, duplicates: 0, skipped: 0 };
      await store?.platforms.putGap({ ...gap, ...counts, id, ...fields } as GapRecord);
      const { checks } = await checksOf(daemon.stateDir);
      return checks.find(({ name }) => name === 'gaps');
    };
    const well = { name: 'gaps', level: 'ok', detail: 'none that lasts or left something out' };
    const closed = (agoMs: number): Partial<GapRecord> => ({
      ...{ state: 'read_back', toAt: systemClock.now() - agoMs },
    });

    expect(await gapsAfter('gap_1', {}, minute)).toEqual(well);
    expect(await gapsAfter('gap_2', { toAt: systemClock.now() }, 60 * minute)).toEqual(well);
    expect(await gapsAfter('gap_3', closed(0), 60 * minute)).toEqual(well);
    expect(await gapsAfter('gap_4', { ...closed(25 * 60 * minute), skipped: 3 }, 1)).toEqual(well);
    const off = 'Reading back is switched off.';
    expect(await gapsAfter('gap_5', { ...closed(0), state: 'skipped', detail: off }, 1)).toEqual(well);
    expect(await gapsAfter('gap_6', {}, 11 * minute)).toMatchObject({
      level: 'warn',
      detail: '1 open for more than 10 minutes',
      fix: 'palyra channels gaps',
    });
    expect(await gapsAfter('gap_7', { ...closed(minute), skipped: 3 }, 50 * 60 * minute)).toMatchObject({
      detail: '1 open for more than 10 minutes, 1 of the last day left something out',
    });
    expect(await gapsAfter('gap_8', { ...closed(minute), detail: 'Left out: old.' }, 1)).toMatchObject({
      detail: '1 open for more than 10 minutes, 2 of the last day left something out',
    });

    await daemon.api('POST /channels/{id}/disable', { params: { id: 'echo:default' } });
    const { checks } = await checksOf(daemon.stateDir);
    expect(checks.find(({ name }) => name === 'gaps')?.detail).toBe('2 of the last day left something out');
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

  it('warns of a config.json that was changed and not loaded yet, until the daemon is restarted', async () => {
    const daemon = await openDaemon({ config: { logLevel: 'info' } });
    const file = join(daemon.stateDir, 'config.json');
    const found = async (): Promise<unknown> =>
      (await checksOf(daemon.stateDir)).checks.find(({ name }) => name === 'config.json');

    writeFileSync(file, '{\n  "logLevel": "info"\n}\n');
    const laidOut = await found();
    writeFileSync(file, '{"logLevel":"warn"}');
    const changed = await found();
    await daemon.restart();
    const loaded = await found();

    expect(laidOut).toMatchObject({ level: 'ok' });
    expect(changed).toMatchObject({ level: 'warn', fix: 'Restart the daemon to load it.' });
    expect(loaded).toMatchObject({ level: 'ok' });
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
