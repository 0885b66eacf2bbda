import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defaultAdapters } from '../../connectors/registry.ts';
import { AppError } from '../../domain/errors.ts';
import { Readiness } from '../contract/system.ts';
import { openDaemon, type TestDaemon, until } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import { StoreFaults } from '../../../test/support/store-faults.ts';

const faults = new StoreFaults();
let daemon: TestDaemon;

beforeAll(async () => {
  const broken = new ScriptedAdapter({ kind: 'broken' });
  broken.onOpen = () => Promise.reject(new AppError('unavailable', 'It does not open.'));
  daemon = await openDaemon({ wrapStore: faults.wrap, adapters: [...defaultAdapters(), broken] });
});
afterEach(() => faults.mend());
afterAll(closeAll);

type Ready = ReturnType<typeof Readiness.parse>;

async function readiness(at = daemon): Promise<Ready & { status: number }> {
  const response = await fetch(`${at.adminUrl}/readyz`);
  return { ...Readiness.parse(await response.json()), status: response.status };
}

/** A commit proves admission for two seconds. */
function readinessWhen(isThere: (found: Ready) => boolean, at = daemon): Promise<Ready & { status: number }> {
  return until(async () => {
    const found = await readiness(at);
    return isThere(found) ? found : undefined;
  });
}

describe('health', () => {
  it('says that the process answers, and asks nobody', async () => {
    faults.before('maintenance.probeWrite', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    const response = await fetch(`${daemon.adminUrl}/healthz`);

    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
  });
});

describe('readiness', () => {
  it('is told by four signals', async () => {
    const found = await readinessWhen(({ ready }) => ready);

    expect(found).toEqual({
      status: 200,
      ready: true,
      signals: {
        transport: { ok: true, detail: '1 of 1 up' },
        admission: { ok: true, detail: 'committed' },
        lanePressure: { ok: true, detail: 'nothing waits' },
        outboxLag: { ok: true, detail: 'nothing waits' },
      },
    });
  });

  it('ends when the store cannot commit, and comes back with it', async () => {
    faults.before('maintenance.probeWrite', () => {
      throw new AppError('unavailable', 'The disk is full.');
    });

    const broken = await readinessWhen(({ ready }) => !ready);
    faults.mend();
    const mended = await readinessWhen(({ ready }) => ready);

    expect(broken).toMatchObject({
      status: 503,
      signals: { admission: { ok: false, detail: 'The disk is full.' }, transport: { ok: true } },
    });
    expect(mended.status).toBe(200);
  });

  it('is told also when the store does not answer at all', async () => {
    const gone = (): never => {
      throw new AppError('unavailable', 'It is gone.');
    };
    for (const call of ['maintenance.probeWrite', 'stats.getLag', 'connectors.listConnectors'])
      faults.before(call, gone);

    const { status, signals } = await readinessWhen(({ ready }) => !ready);

    expect(status).toBe(503);
    expect(Object.values(signals).map(({ ok }) => ok)).toEqual([false, false, false, false]);
  });

  it('does not hang on a connector that is down', async () => {
    await readinessWhen(({ ready }) => ready);
    const params = { id: 'broken:default' };

    await daemon.api('PUT /channels/{id}', { params, body: {} });
    const down = await readiness();
    await daemon.api('DELETE /channels/{id}', { params });
    const gone = await readiness();

    expect(down).toMatchObject({
      status: 200,
      ready: true,
      signals: { transport: { ok: false, detail: '1 of 2 down: broken:default' } },
    });
    expect(gone).toMatchObject({ status: 200, signals: { transport: { ok: true, detail: '1 of 1 up' } } });
  });

  it('ends while the vault is locked', async () => {
    const env: Record<string, string> = { PALYRA_MASTER_KEY: Buffer.alloc(32, 5).toString('base64') };
    const locked = await openDaemon({ env, config: { masterKey: { kind: 'env' } } });
    const open = await readiness(locked);
    delete env.PALYRA_MASTER_KEY;
    await locked.restart();

    const { status, signals } = await readiness(locked);

    expect(open.status).toBe(200);
    expect(status).toBe(503);
    expect(signals.admission.detail).toMatch(/^The vault is locked: /);
    await locked.stop();
  });
});
