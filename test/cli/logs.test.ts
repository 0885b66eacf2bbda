import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asJson, good, palyra } from '../support/cli.ts';
import { openDaemon, type TestDaemon } from '../support/daemon.ts';
import { closeAll } from '../support/egress.ts';
import { StoreFaults } from '../support/store-faults.ts';

let daemon: TestDaemon;

beforeEach(async () => {
  daemon = await openDaemon();
});

afterEach(closeAll);

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly source?: string;
}

/** Runs `logs --follow`, and presses Ctrl-C as soon as `isEnough` likes what has been written. */
function follow(
  { stateDir }: TestDaemon,
  isEnough: (written: string) => boolean,
  ...flags: readonly string[]
): ReturnType<typeof palyra> {
  const ctrlC = new AbortController();
  let written = '';
  return palyra(
    {
      stateDir,
      interrupted: ctrlC.signal,
      onOutput: (text) => {
        written += text;
        if (isEnough(written)) ctrlC.abort();
      },
    },
    ...['logs', '--follow', ...flags],
  );
}

describe('logs', () => {
  it('are oldest first, the newest as many as were asked for', async () => {
    await good(daemon, 'channels', 'test', 'echo:default');

    const all = await asJson<readonly Entry[]>(daemon, 'logs', '--limit', '500');
    const last = await asJson<readonly Entry[]>(daemon, 'logs', '--limit', '2');

    expect(last).toEqual(all.slice(-2));
    const ids = all.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((left, right) => left - right));
  });

  it('are only those of a kind and a source, when asked', async () => {
    await good(daemon, 'channels', 'add', '--provider', 'echo', '--account', 'other');
    await palyra(daemon, 'channels', 'test', 'echo:other');
    await good(daemon, 'channels', 'test', 'echo:default');

    const kinds = await asJson<readonly Entry[]>(
      daemon,
      ...['logs', '--kind', 'inbound.accepted', '--source', 'echo:other'],
    );
    const none = await good(daemon, 'logs', '--kind', 'nothing.happened');

    expect(kinds).toMatchObject([{ kind: 'inbound.accepted', source: 'echo:other' }]);
    expect(none).toBe('Nothing yet.\n');
  });
});

describe('logs --follow', () => {
  it('shows what was, goes on with what happens, and ends well with Ctrl-C', async () => {
    await good(daemon, 'channels', 'test', 'echo:default', '--conversation', 'before');

    const following = follow(
      daemon,
      (written) => written.split('delivery.attempted').length > 2,
      '--limit',
      '100',
    );
    await good(daemon, 'channels', 'test', 'echo:default', '--conversation', 'after');
    const ran = await following;

    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout.match(/inbound\.accepted/g)).toHaveLength(2);
  });

  it('writes a line of JSON for each, and each once', async () => {
    const following = follow(daemon, (written) => written.includes('"delivery.attempted"'), '--json');
    await good(daemon, 'channels', 'test', 'echo:default');
    const { stdout, exit } = await following;

    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
    expect(exit).toBe(0);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(entries.map(({ kind }) => kind)).toContain('inbound.accepted');
  });

  it('follows one kind only, when asked', async () => {
    const following = follow(daemon, (written) => written !== '', '--kind', 'delivery.attempted', '--json');
    await good(daemon, 'channels', 'test', 'echo:default');
    const { stdout } = await following;

    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Entry).kind),
    ).toEqual(['delivery.attempted']);
  });

  it('misses nothing that happens between its first look and the rest', async () => {
    const faults = new StoreFaults();
    const slow = await openDaemon({ wrapStore: faults.wrap });
    faults.after('journal.listJournal', async () => {
      faults.mend();
      await good(slow, 'channels', 'test', 'echo:default');
    });

    const { stdout } = await follow(
      slow,
      (written) => written !== '',
      '--kind',
      'inbound.accepted',
      '--json',
    );

    expect(JSON.parse(stdout)).toMatchObject({ kind: 'inbound.accepted' });
  });

  it('fails when the daemon stops', async () => {
    await good(daemon, 'channels', 'test', 'echo:default');
    const begun = Promise.withResolvers<undefined>();

    const following = palyra(
      { stateDir: daemon.stateDir, onOutput: () => begun.resolve(undefined) },
      ...['logs', '--follow'],
    );
    await begun.promise;
    await daemon.stop();
    const ran = await following;

    expect(ran.exit).toBe(69);
    expect(ran.stderr).toMatch(/^palyra: (The stream has ended|No daemon answers)/);
  });

  it('fails at once without the right to read', async () => {
    const token = (await good(daemon, 'tokens', 'create', 'sender', '--scope', 'send')).trim();

    const ran = await palyra(
      { stateDir: daemon.stateDir, env: { PALYRA_ADMIN_TOKEN: token } },
      ...['logs', '--follow'],
    );

    expect(ran).toMatchObject({ exit: 77, stdout: '' });
  });
});
