import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { type Admission, Limiter, type LimiterOptions, type Permit } from './limiter.ts';
import type { RateFacts } from './rate-facts.ts';
import type { Priority } from './request.ts';
import { toTarget } from './route.ts';

const clock = new ManualClock();

function limiterWith(options: Partial<LimiterOptions> = {}): Limiter {
  return new Limiter({ clock, ...options });
}

function facts(fields: Partial<RateFacts> = {}): RateFacts {
  const windowEnd = clock.now() + (fields.resetAfterMs ?? 5_000);
  return { bucket: 'messages', limit: 5, remaining: 4, resetAfterMs: 5_000, windowEnd, ...fields };
}

interface Asked {
  readonly channel?: string;
  readonly priority?: Priority;
  readonly isGlobal?: boolean;
  readonly route?: string;
}

function ask(limiter: Limiter, asked: Asked = {}): Admission {
  const {
    channel = '1',
    priority = 'final',
    isGlobal = true,
    route = '/channels/{channel}/messages',
  } = asked;
  return limiter.admit(toTarget({ method: 'POST', route, params: { channel } }), priority, isGlobal);
}

function permitOf(admission: Admission): Permit {
  if (admission.kind !== 'go') throw new Error(`Held back: ${admission.scope}.`);
  return admission.permit;
}

/** Asks as often as it is let go, `max` times at most. */
function count(limiter: Limiter, max: number, given: Asked = {}): number {
  for (let sent = 0; sent < max; sent++) if (ask(limiter, given).kind === 'wait') return sent;
  return max;
}

describe('a bucket', () => {
  it('lets one request find out about it, and the others wait for its answer', () => {
    const limiter = limiterWith();
    const probe = permitOf(ask(limiter));

    const before = ask(limiter);
    limiter.settle(probe, facts(), true);
    const after = ask(limiter);

    expect([before.kind, after.kind]).toEqual(['wait', 'go']);
  });

  it('is not closed by an answer that leaves room', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts({ remaining: 4 }), true);

    expect(count(limiter, 9)).toBe(4);
  });

  it('opens again when the platform said, and no earlier', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts({ remaining: 0, resetAfterMs: 1_500 }), true);

    const admission = ask(limiter);
    clock.advance(1_499);
    const early = ask(limiter);
    clock.advance(1);
    const late = ask(limiter);

    expect(admission).toEqual({ kind: 'wait', afterMs: 1_500, scope: 'bucket' });
    expect([early.kind, late.kind]).toEqual(['wait', 'go']);
  });

  it('is each channel’s own, and its size is known from the others', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter, { channel: '1' })), facts({ remaining: 0 }), true);

    expect(ask(limiter, { channel: '1' }).kind).toBe('wait');
    expect(count(limiter, 9, { channel: '2' })).toBe(5);
  });

  it('is shared by the routes to which the platform gives its name', () => {
    const limiter = limiterWith();
    const route = '/channels/{channel}/typing';
    limiter.settle(permitOf(ask(limiter)), facts({ remaining: 3 }), true);
    limiter.settle(permitOf(ask(limiter, { route })), facts({ remaining: 2 }), true);

    const sent = count(limiter, 9);

    expect(sent).toBe(2);
    expect(ask(limiter, { route }).kind).toBe('wait');
  });

  it('has no limit where the platform tells of none', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), undefined, true);

    expect(count(limiter, 20)).toBe(20);
  });

  it('gets back what was not sent after all', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts({ remaining: 1 }), true);

    limiter.giveBack(permitOf(ask(limiter)));

    expect(count(limiter, 9)).toBe(1);
  });

  it('is remembered for as many as there is room for, the idle ones forgotten first', () => {
    const limiter = limiterWith({ globalPerSecond: 10_000 });
    limiter.settle(
      permitOf(ask(limiter, { channel: '0' })),
      facts({ remaining: 0, resetAfterMs: 60_000 }),
      true,
    );

    for (let channel = 1; channel <= 3_000; channel++) {
      limiter.settle(permitOf(ask(limiter, { channel: `${channel}` })), facts({ resetAfterMs: 1 }), true);
      clock.advance(1);
    }

    expect(limiter.snapshot().buckets).toBeLessThanOrEqual(1_024);
    expect(ask(limiter, { channel: '0' }).kind).toBe('wait');
  });
});

describe('priorities', () => {
  it.each([
    ['final', 5],
    ['interaction', 4],
    ['edit', 4],
    ['typing', 3],
    ['background', 2],
  ] as const)('%s gets at %i of a bucket of five', (priority, most) => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts({ remaining: 5 }), true);

    expect(count(limiter, 9, { priority })).toBe(most);
  });

  it('leave a bucket of one to whoever comes first', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts({ limit: 1, remaining: 1 }), true);

    expect(count(limiter, 9, { priority: 'background' })).toBe(1);
  });

  it('leave room for the greater in the limit over everything', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), undefined, true);
    clock.advance(5_000);

    const background = count(limiter, 99, { priority: 'background' });
    const final = count(limiter, 99, { priority: 'final' });

    expect([background, final]).toEqual([20, 30]);
  });
});

describe('the limit over everything', () => {
  it('does not count what answers an interaction', () => {
    const limiter = limiterWith({ globalPerSecond: 1 });
    limiter.settle(permitOf(ask(limiter)), undefined, true);

    expect(ask(limiter)).toMatchObject({ kind: 'wait', scope: 'global' });
    expect(count(limiter, 9, { isGlobal: false })).toBe(9);
  });
});

describe('a 429', () => {
  it.each([
    ['user', { bucket: 'wait', elsewhere: 'go', interaction: 'go' }],
    ['shared', { bucket: 'wait', elsewhere: 'go', interaction: 'go' }],
    ['global', { bucket: 'wait', elsewhere: 'wait', interaction: 'go' }],
  ] as const)('of scope %s closes what it is about, for as long as it says', (scope, expected) => {
    const limiter = limiterWith();

    const wait = limiter.punish(permitOf(ask(limiter)), facts({ remaining: 0 }), {
      afterMs: 90_000,
      scope,
      sublimit: false,
    });

    const bucket = ask(limiter);
    const elsewhere = ask(limiter, { channel: '2' });
    const interaction = ask(limiter, { channel: '3', isGlobal: false });
    expect(wait.afterMs).toBe(90_000);
    expect({ bucket: bucket.kind, elsewhere: elsewhere.kind, interaction: interaction.kind }).toEqual(
      expected,
    );
    expect(bucket).toMatchObject({ afterMs: 90_000 });
    clock.advance(90_000);
    expect(ask(limiter).kind).toBe('go');
  });

  it('of one request leaves the others of its bucket alone', () => {
    const limiter = limiterWith();
    const edit = (message: string): Admission =>
      limiter.admit(
        toTarget({
          method: 'PATCH',
          route: '/channels/{channel}/messages/{message}',
          params: { channel: '1', message },
        }),
        'edit',
        true,
      );
    limiter.punish(permitOf(edit('1')), facts({ remaining: 4 }), {
      afterMs: 60_000,
      scope: 'user',
      sublimit: true,
    });

    expect([edit('1').kind, edit('2').kind]).toEqual(['wait', 'go']);
  });

  it('that says nothing makes us wait longer each time, a minute at most', () => {
    const limiter = limiterWith();
    const waits: number[] = [];

    for (let nth = 0; nth < 9; nth++) {
      const { afterMs } = limiter.punish(permitOf(ask(limiter)), undefined, {
        scope: 'user',
        sublimit: false,
      });
      waits.push(afterMs);
      clock.advance(afterMs);
    }

    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('does not shorten an earlier one', () => {
    const limiter = limiterWith();
    limiter.settle(permitOf(ask(limiter)), facts(), true);
    const [first, second] = [permitOf(ask(limiter)), permitOf(ask(limiter))];
    limiter.punish(first, undefined, { afterMs: 60_000, scope: 'user', sublimit: false });

    limiter.punish(second, undefined, { afterMs: 1_000, scope: 'user', sublimit: false });

    expect(ask(limiter)).toMatchObject({ afterMs: 60_000 });
  });
});

describe('the budget of invalid requests', () => {
  it('stops everything when it is spent, interactions too, until the oldest are ten minutes old', () => {
    const limiter = limiterWith({ invalidRequestsMax: 3 });
    for (let nth = 0; nth < 3; nth++) limiter.addInvalid();

    const held = ask(limiter);
    const interaction = ask(limiter, { isGlobal: false });

    expect(held).toEqual({ kind: 'wait', afterMs: 610_000, scope: 'budget' });
    expect(interaction.kind).toBe('wait');
    clock.advance(610_000);
    expect(ask(limiter).kind).toBe('go');
  });

  it('is spent by a 429, but not by one of a shared limit', () => {
    const limiter = limiterWith();
    const wait = { afterMs: 1, sublimit: false };
    limiter.punish(permitOf(ask(limiter, { channel: '1' })), facts(), { ...wait, scope: 'shared' });
    limiter.punish(permitOf(ask(limiter, { channel: '2' })), facts(), { ...wait, scope: 'user' });

    expect(limiter.snapshot()).toMatchObject({
      invalidRequests: 1,
      limitedByPlatform: { user: 1, shared: 1, global: 0 },
    });
  });

  it('never counts more than it may, and never forgets too early', () => {
    const limiter = limiterWith({ invalidRequestsMax: 100 });
    const addedAt: number[] = [];

    for (let step = 0; step < 5_000; step++) {
      if (ask(limiter, { channel: `${step}` }).kind === 'go') {
        limiter.addInvalid();
        addedAt.push(clock.now());
      }
      clock.advance(700);
    }

    for (const at of addedAt) {
      const within = addedAt.filter((other) => other >= at && other < at + 600_000).length;
      expect(within).toBeLessThanOrEqual(100);
    }
    expect(addedAt.length).toBeGreaterThan(400);
  });
});
