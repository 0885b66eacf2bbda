import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { AppError } from '../domain/errors.ts';
import { connectorId } from '../domain/ids.ts';
import type { ConnectorClaim } from '../store/connector-store.ts';
import type { Engine } from './engine.ts';
import { keepClaim } from './keep-claim.ts';

const id = connectorId('echo', 'default');
const claimMs = 20_000;

class ClaimWorld extends CoreWorld {
  losses = 0;
  letGo: () => void = () => undefined;

  async claim(owner = 'daemon-1'): Promise<ConnectorClaim | undefined> {
    const now = this.clock.now();
    return this.store.connectors.claim(id, owner, now, now + claimMs);
  }

  async keep(): Promise<ConnectorClaim> {
    const claim = await this.claim();
    if (!claim) throw new Error('Somebody else has it.');
    const { clock, log, store } = this;
    this.letGo = keepClaim(claim, { store: store.connectors, clock, log, claimMs }, () => this.losses++);
    return claim;
  }
}

function unreachable(): never {
  throw new AppError('unavailable', 'The store does not answer.');
}

afterEach(closeAll);

describe('a claim', () => {
  it('is kept for as long as its keeper wants', async () => {
    const world = new ClaimWorld();
    await world.keep();

    await world.clock.pass(10 * claimMs);

    expect([world.losses, await world.claim('daemon-2')]).toEqual([0, undefined]);
  });

  it('is let go for good', async () => {
    const world = new ClaimWorld();
    await world.keep();

    world.letGo();
    await world.clock.pass(claimMs);

    expect([world.losses, world.clock.pending]).toEqual([0, 0]);
    expect(await world.claim('daemon-2')).toBeDefined();
  });

  it('is lost, once, when somebody else has it', async () => {
    const world = new ClaimWorld();
    const claim = await world.keep();
    await world.store.connectors.releaseClaim(claim);
    await world.claim('daemon-2');

    await world.clock.pass(3 * claimMs);

    expect([world.losses, world.clock.pending]).toEqual([1, 0]);
  });

  it('is lost when it was somebody else’s in between, though it is the keeper’s again', async () => {
    const world = new ClaimWorld();
    const claim = await world.keep();
    await world.store.connectors.releaseClaim(claim);
    const other = await world.claim('daemon-2');
    await world.store.connectors.releaseClaim(other!);

    await world.clock.pass(claimMs);

    expect(world.losses).toBe(1);
  });

  it('counts as lost well before it runs out when the store does not answer', async () => {
    const world = new ClaimWorld();
    await world.keep();
    world.faults.beforeAny(() => new Promise(() => undefined));

    await world.clock.pass(claimMs * 0.8 - 1);
    const early = world.losses;
    await world.clock.pass(1);

    expect([early, world.losses]).toEqual([0, 1]);
  });

  it('survives a store that is back in time', async () => {
    const world = new ClaimWorld();
    await world.keep();
    world.faults.beforeAny(unreachable);
    await world.clock.pass(claimMs / 2);

    world.faults.mend();
    await world.clock.pass(5 * claimMs);

    expect(world.losses).toBe(0);
    expect(world.log.eventsAt('warn')).toContain('connector.claim_not_renewed');
  });
});

describe('of two daemons on one store', () => {
  async function startBoth(world: CoreWorld): Promise<readonly [Engine, Engine]> {
    await world.furnish();
    const first = await world.start({}, 'daemon-1');
    await world.until(() => world.adapter.sessions.length === 1);
    const second = await world.start({}, 'daemon-2');
    await settled();
    return [first, second];
  }

  const stateIn = (engine: Engine): string | undefined => engine.supervisor.state(id)?.state.state;

  it('one runs a connector, and the other stands by', async () => {
    const world = new CoreWorld();
    const [first, second] = await startBoth(world);

    await world.clock.pass(5 * claimMs);

    expect([stateIn(first), stateIn(second)]).toEqual(['running', 'standby']);
    expect(world.adapter.opened).toBe(1);
  });

  it('the other takes over when the first stops', async () => {
    const world = new CoreWorld();
    const [first, second] = await startBoth(world);

    await world.stop(first);
    await world.until(() => stateIn(second) === 'running');

    expect(world.adapter.sessions.map(({ closeCalls }) => closeCalls)).toEqual([1, 0]);
  });

  it('the first closes its session before the other opens one when it cannot prolong its claim', async () => {
    const world = new CoreWorld();
    const [first, second] = await startBoth(world);
    const [session] = world.adapter.sessions;
    let closedAt = 0;
    void session?.closed.then(() => (closedAt = world.clock.now()));
    world.faults.before('connectors.claim', (_id, owner) => {
      if (owner === 'daemon-1') unreachable();
    });

    await world.until(() => stateIn(second) === 'running');
    const openedAt = second.supervisor.state(id)?.state.since ?? 0;

    expect([session?.closeCalls, closedAt < openedAt]).toEqual([1, true]);
    expect(stateIn(first)).toBe('backoff');
    expect(first.supervisor.session(id)).toBeUndefined();
  });

  it('the one that was overtaken can store nothing more, and its platform is not acknowledged', async () => {
    const world = new CoreWorld();
    const [first] = await startBoth(world);
    const { host } = world.adapter.session;
    const { clock, store } = world;
    await store.connectors.releaseClaim({ connector: id, owner: 'daemon-1', epoch: 1 });
    await store.connectors.claim(id, 'daemon-2', clock.now(), clock.now() + claimMs);

    const accepting = host.accept([], 'cursor-of-a-stale-owner');

    await expect(accepting).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await store.connectors.getCursor(id)).toBeUndefined();
    await world.stop(first);
  });
});
