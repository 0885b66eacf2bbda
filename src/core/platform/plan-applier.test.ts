import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreWorld, coreSettings } from '../../../test/support/core-world.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { rule } from '../../../test/support/rules.ts';
import type { OnboardingPlan } from '../../connectors/onboarding.ts';
import { AppError } from '../../domain/errors.ts';
import { connectorId, type RuleId } from '../../domain/ids.ts';
import { sleep } from '../../lib/clock.ts';
import { Secret } from '../../lib/secret.ts';
import { startVault } from '../../vault/vault.fixture.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Engine } from '../engine.ts';
import { PlanApplier } from './plan-applier.ts';

afterEach(closeAll);

const id = connectorId('echo', 'default');
const ref = { scope: `channel:${id}`, key: 'token' };
const env = { KEY: Buffer.alloc(32, 1).toString('base64') };

let world: CoreWorld;
let engine: Engine;
let vault: Vault;
let plans: PlanApplier;

beforeEach(async () => {
  world = new CoreWorld();
  await world.addAgent();
  vault = await startVault({ store: world.store.secrets, source: { kind: 'env', variable: 'KEY' }, env });
  engine = await world.start();
  const { store, adapters, clock } = world;
  const { supervisor, policy } = engine;
  plans = new PlanApplier({ store, vault, supervisor, policy, adapters, clock, liveMsMax: 30_000 });
});

function plan(fields: Partial<OnboardingPlan> = {}): OnboardingPlan {
  return {
    connector: id,
    config: { greeting: 'new' },
    credential: new Secret('the-new-token'),
    rules: [named('echo.default.guilds'), named('echo.default.dm')],
    ruleIds: ['echo.default.guilds', 'echo.default.dm'],
    ...fields,
  };
}

function named(name: string, sources: readonly string[] = [id]): ReturnType<typeof rule> {
  return rule({ id: name as RuleId, match: { sources } });
}

/** As time goes by. */
async function settle<Value>(work: Promise<Value>): Promise<Value> {
  let over = false;
  const end = work.finally(() => (over = true));
  end.catch(() => undefined);
  await world.until(() => over);
  return end;
}

function failureOf(work: Promise<unknown>): Promise<AppError> {
  return settle(work).then(
    () => Promise.reject(new Error('It did not fail.')),
    (thrown: unknown) => AppError.from(thrown),
  );
}

/** All that a setup may touch. */
async function everything(): Promise<unknown> {
  const { connectors, rules } = world.store;
  return {
    connectors: await connectors.listConnectors(),
    rules: await rules.listRules(),
    inForce: engine.policy.rules,
    secret: (await vault.has(ref)) ? (await vault.resolve(ref)).reveal() : undefined,
    secrets: (await vault.list()).map(({ ref: name }) => name),
  };
}

/** An account that was set up before, with one rule fewer, and something of the operator's own. */
async function earlier(): Promise<void> {
  const rules = [named('echo.default.dm')];
  await settle(
    plans.apply(plan({ config: { greeting: 'old' }, credential: new Secret('the-old-token'), rules })),
  );
  for (const own of [named('echo.default.mine'), named('echo.default.dm.dm', ['echo:default.dm'])])
    await world.store.rules.putRule(own);
  await engine.policy.reload();
}

function refuseSessions(of: (config: unknown) => boolean = () => true): void {
  world.adapter.onOpen = (host) =>
    of(host.config)
      ? Promise.reject(new AppError('unauthenticated', 'The platform does not accept the token.'))
      : Promise.resolve(world.adapter.newSession(host));
}

const isNew = (config: unknown): boolean => (config as { greeting: string }).greeting === 'new';

describe('a plan', () => {
  it('is in force with a live session when it is applied', async () => {
    const applied = await settle(plans.apply(plan()));

    expect(applied).toEqual({
      connector: id,
      secretRef: 'channel:echo:default/token',
      rules: ['echo.default.guilds', 'echo.default.dm'],
      replaced: false,
    });
    expect(await everything()).toMatchObject({
      connectors: [
        { id, enabled: true, config: { greeting: 'new' }, secretRef: 'channel:echo:default/token' },
      ],
      secret: 'the-new-token',
      inForce: [{ id: 'echo.default.dm' }, { id: 'echo.default.guilds' }],
    });
    expect(engine.supervisor.state(id)?.state.state).toBe('running');
    expect(world.adapter.session.host.config).toEqual({ greeting: 'new' });
  });

  it('has its rules in force before a session can hear anything, however slow the store', async () => {
    const inForce: number[] = [];
    world.faults.before('rules.listRules', () => sleep(world.clock, 2_000));
    world.adapter.prepare = () => inForce.push(engine.policy.rules.length);

    await settle(plans.apply(plan()));

    expect(inForce).toEqual([2]);
  });

  it('changes nothing but the session when it is applied again', async () => {
    await settle(plans.apply(plan()));
    const before = await everything();

    const applied = await settle(plans.apply(plan()));

    expect(applied.replaced).toBe(true);
    expect(await everything()).toEqual({
      ...(before as object),
      connectors: [expect.objectContaining({ id })],
    });
    expect(world.adapter.sessions.map(({ closeCalls }) => closeCalls)).toEqual([1, 0]);
  });

  it('opens one session for other settings', async () => {
    await settle(plans.apply(plan({ config: { greeting: 'old' } })));

    await settle(plans.apply(plan()));

    expect(world.adapter.opened).toBe(2);
  });

  it('opens the session anew for another token alone', async () => {
    await settle(plans.apply(plan()));

    await settle(plans.apply(plan({ credential: new Secret('the-next-token') })));

    expect((await vault.resolve(ref)).reveal()).toBe('the-next-token');
    expect(world.adapter.sessions).toHaveLength(2);
  });

  it('takes away the rules of an earlier setup, and no other, and leaves other settings as they are', async () => {
    await settle(plans.apply(plan({ config: { greeting: 'old', colour: 'red' } })));
    for (const own of [
      named('echo.default.mine'),
      named('echo.default.guilds.guilds', ['echo:default.guilds']),
    ])
      await world.store.rules.putRule(own);

    await settle(plans.apply(plan({ rules: [named('echo.default.dm')] })));

    const { rules, connectors } = (await everything()) as { rules: { id: string }[]; connectors: object[] };
    expect(rules.map((left) => left.id)).toEqual([
      'echo.default.dm',
      'echo.default.guilds.guilds',
      'echo.default.mine',
    ]);
    expect(connectors).toMatchObject([{ config: { greeting: 'new', colour: 'red' } }]);
  });

  it('switches a connector on that was off', async () => {
    await world.addConnector(id, { enabled: false });

    await settle(plans.apply(plan()));

    expect(engine.supervisor.state(id)?.state.state).toBe('running');
  });

  it('waits for one of the same account that is under way', async () => {
    const opened: string[] = [];
    world.adapter.onOpen = (host) => {
      opened.push((host.config as { greeting: string }).greeting);
      return Promise.resolve(world.adapter.newSession(host));
    };

    await settle(Promise.all([plans.apply(plan({ config: { greeting: 'first' } })), plans.apply(plan())]));

    expect(opened).toEqual(['first', 'new']);
    expect(await everything()).toMatchObject({ connectors: [{ config: { greeting: 'new' } }] });
  });
});

describe('a plan that does not come to a live session', () => {
  it('leaves no trace of an account that was not there', async () => {
    const before = await everything();
    refuseSessions();

    const error = await failureOf(plans.apply(plan()));

    expect(error).toMatchObject({
      code: 'unauthenticated',
      message: 'The platform does not accept the token. Nothing was changed.',
    });
    expect(await everything()).toEqual(before);
    expect(engine.supervisor.state(id)).toBeUndefined();
  });

  it('leaves an account that was there as it was, and live', async () => {
    await earlier();
    const before = await everything();
    refuseSessions(isNew);

    const error = await failureOf(plans.apply(plan()));

    expect(error.code).toBe('unauthenticated');
    expect(await everything()).toEqual(before);
    await world.until(() => engine.supervisor.state(id)?.state.state === 'running');
    expect(world.adapter.session.host.config).toEqual({ greeting: 'old' });
  });

  it('is refused for an account that another connector is connected as, which stays so', async () => {
    const taken = connectorId('echo', 'first');
    world.adapter.onOpen = async (host) => {
      host.takeAccount('robot');
      return world.adapter.newSession(host);
    };
    await world.addConnector(taken);
    await engine.supervisor.reconcile();
    await world.until(() => engine.supervisor.state(taken)?.state.state === 'running');
    const before = await everything();

    const error = await failureOf(plans.apply(plan()));

    expect(error.message).toMatch(/^echo:first is connected as the same account.* Nothing was changed\.$/);
    expect(await everything()).toEqual(before);
    expect(engine.supervisor.state(taken)?.state.state).toBe('running');
  });

  it('leaves an account that was off as it was, and off', async () => {
    await earlier();
    const [record] = await world.store.connectors.listConnectors();
    await world.store.connectors.putConnector({ ...record!, enabled: false });
    await engine.supervisor.reconcile();
    const before = await everything();
    refuseSessions();

    await failureOf(plans.apply(plan()));

    expect(await everything()).toEqual(before);
    expect(engine.supervisor.state(id)).toBeUndefined();
  });

  it('is waited for, for a while, and says why it did not come', async () => {
    world.adapter.onOpen = () => Promise.reject(new AppError('unavailable', 'Nobody is there.'));

    const error = await failureOf(plans.apply(plan()));

    expect(error).toMatchObject({
      code: 'timeout',
      message: 'echo:default did not come up within 30 s. Nobody is there. Nothing was changed.',
    });
    expect(await everything()).toMatchObject({ connectors: [], rules: [], secrets: [] });
    expect(coreSettings.connectors.openTimeoutMs).toBeLessThan(30_000);
  });

  it('is refused for a rule or a setting that is wrong before anything is written', async () => {
    const before = await everything();
    const wrong = [{ ...named('echo.default.dm'), denyFrom: ['not a user!'] }];
    world.faults.calls.length = 0;

    const error = await failureOf(plans.apply(plan({ rules: wrong })));

    expect(error.code).toBe('invalid_request');
    expect(await everything()).toEqual(before);
    expect(world.adapter.opened).toBe(0);
  });

  it('says what could not be brought back', async () => {
    await earlier();
    refuseSessions(isNew);
    let puts = 0;
    world.faults.before('connectors.putConnector', () => {
      if (++puts === 2) throw new AppError('unavailable', 'The disk is full.');
    });

    const error = await failureOf(plans.apply(plan()));

    expect(error.message).toMatch(
      /does not accept the token\. What was there before could not be restored in full: The disk is full\.$/,
    );
    expect((await vault.resolve(ref)).reveal()).toBe('the-old-token');
  });
});

/** What a setup writes, one after the other; it must not matter which of them fails. */
const writes = new Set(['rules.putRule', 'rules.removeRule', 'secrets.putSecret', 'connectors.putConnector']);

describe.each([
  ['an account that was not there', () => Promise.resolve(), 3],
  ['an account that was there', earlier, 4],
])('with %s', (_which, prepare, writesOfAll) => {
  it('leaves all as it was, and its session open, whichever step of the store fails', async () => {
    await prepare();
    const before = await everything();
    const { opened } = world.adapter;
    let failed = 0;

    for (let nth = 1; ; nth++) {
      let calls = 0;
      const hits: string[] = [];
      world.faults.beforeAny((name) => {
        if (!writes.has(name) || ++calls !== nth) return;
        hits.push(name);
        throw new AppError('unavailable', 'The store failed.');
      });
      const error = await failureOf(
        plans.apply(plan({ rules: [named('echo.default.guilds')] })).then(() => {
          if (hits.length === 0) throw new Error('over');
        }),
      );
      world.faults.mend();
      if (hits.length === 0) break;
      failed++;
      expect(error.code, `step ${nth}`).toBe('unavailable');
      expect(await everything(), `step ${nth}`).toEqual(before);
      expect(world.adapter.opened, `step ${nth}`).toBe(opened);
    }

    expect(failed).toBe(writesOfAll);
  });
});
