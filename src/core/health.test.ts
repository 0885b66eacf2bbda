import { afterEach, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import { Health, type Readiness } from './health.ts';

afterEach(closeAll);

class HealthWorld extends CoreWorld {
  locked: string | undefined;
  health!: Health;

  async begin(): Promise<this> {
    await this.furnish();
    const { supervisor } = await this.start();
    await settled();
    const { store, clock } = this;
    this.health = new Health({ store, supervisor, clock, vaultLocked: () => this.locked });
    return this;
  }

  /** Which signals are well, once nothing of an earlier look counts any more. */
  async look(): Promise<Readiness & { readonly well: Readonly<Record<string, boolean>> }> {
    await this.clock.pass(5_000);
    const readiness = await this.health.check();
    const signals = Object.entries(readiness.signals);
    return { ...readiness, well: Object.fromEntries(signals.map(([name, { ok }]) => [name, ok])) };
  }
}

const begun = (): Promise<HealthWorld> => new HealthWorld().begin();
const allWell = { transport: true, admission: true, lanePressure: true, outboxLag: true };

it('is ready, and everything is well', async () => {
  const world = await begun();

  const { ready, well, signals } = await world.look();

  expect([ready, well]).toEqual([true, allWell]);
  expect(signals.transport.detail).toBe('1 of 1 up');
});

it('is not ready when nothing can be stored', async () => {
  const world = await begun();
  world.faults.before('maintenance.probeWrite', () => {
    throw new AppError('unavailable', 'The disk is full.');
  });

  const { ready, well, signals } = await world.look();

  expect([ready, well]).toEqual([false, { ...allWell, admission: false }]);
  expect(signals.admission.detail).toBe('The disk is full.');
});

it('is not ready when the vault is locked', async () => {
  const world = await begun();
  world.locked = 'no key';

  const { ready, signals } = await world.look();

  expect([ready, signals.admission]).toEqual([false, { ok: false, detail: 'The vault is locked: no key' }]);
});

it('is ready when a connector is down, and says which', async () => {
  const world = await begun();
  world.adapter.onOpen = () => Promise.reject(new AppError('unauthenticated', 'No.'));
  await world.addConnector('echo:bad');
  await settled();

  const { ready, well, signals } = await world.look();

  expect([ready, well]).toEqual([true, { ...allWell, transport: false }]);
  expect(signals.transport.detail).toBe('1 of 2 down: echo:bad');
});

it('sees that a live session has not heard its platform for a minute', async () => {
  const world = await begun();
  const since = world.clock.now();
  world.adapter.session.receiving = () => ({ ok: false, since, detail: 'The line is cut.' });

  const early = await world.look();
  await world.clock.pass(60_000);
  const late = await world.look();
  world.adapter.session.receiving = () => ({ ok: true, since: world.clock.now() });
  const back = await world.look();

  expect(early.signals.transport).toEqual({ ok: true, detail: '1 of 1 up' });
  expect(late.signals.transport).toEqual({ ok: false, detail: '1 of 1 down: echo:default' });
  expect(back.signals.transport).toEqual({ ok: true, detail: '1 of 1 up' });
});

it('does not miss a connector that is switched off', async () => {
  const world = await begun();
  await world.addConnector('echo:off', { enabled: false });

  expect((await world.look()).well.transport).toBe(true);
});

it('does not miss a connector that another daemon runs', async () => {
  const world = await begun();
  const { supervisor } = await world.start({}, 'daemon-2');
  await settled();
  const { store, clock } = world;
  const health = new Health({ store, supervisor, clock, vaultLocked: () => undefined });

  expect((await health.check()).signals.transport.ok).toBe(true);
});

it('is ready when what is to be sent waits for long, and says so', async () => {
  const world = await begun();
  world.adapter.onOpen = () => Promise.reject(new AppError('unavailable', 'Down.'));
  await world.addConnector('echo:bad');
  await world.send('m', 'hello', { connector: 'echo:bad' });
  await world.clock.pass(60_000);

  const { ready, well, signals } = await world.look();

  expect([ready, well]).toEqual([true, { ...allWell, transport: false, outboxLag: false }]);
  expect(signals.outboxLag.detail).toBe('the oldest has waited 65000 ms');
});

it('does not write for every look', async () => {
  const world = await begun();
  await world.look();
  const before = world.faults.count('maintenance.probeWrite');

  for (let look = 0; look < 10; look++) await world.health.check();

  expect(world.faults.count('maintenance.probeWrite')).toBe(before);
});

it('says that it does not know when the store does not answer', async () => {
  const world = await begun();
  world.faults.beforeAny(() => {
    throw new AppError('unavailable', 'Down.');
  });

  const { ready, signals } = await world.look();

  expect(ready).toBe(false);
  for (const signal of Object.values(signals)) expect(signal.ok).toBe(false);
});
