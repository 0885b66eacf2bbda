import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import {
  connectedBy,
  delivered,
  failed,
  type OutboxScript,
  type OutboxWorld,
} from '../../test/support/outbox-world.ts';
import type { ScriptedSession } from '../../test/support/scripted-adapter.ts';
import { AppError } from '../domain/errors.ts';
import type { PartId } from '../domain/ids.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';

const unknown = { kind: 'unknown', code: 'answer_lost' } as const satisfies DeliveryOutcome;
const busy = { kind: 'retry', code: 'rate_limited', afterMs: 1_000, scope: 'lane', deferral: true } as const;

afterEach(closeAll);

/** A message whose first answer was lost. */
async function uncertain(
  script: OutboxScript = {},
  texts: string | readonly string[] = 'hello',
  place: { readonly handle?: string } = {},
): Promise<{ readonly world: OutboxWorld; readonly parts: readonly PartId[] }> {
  const world = await connectedBy({ answers: [unknown], ...script });
  const parts = await world.send('m', texts, place);
  await settled();
  return { world, parts };
}

const lookUp =
  (answer: () => Promise<ResolvedUnknown>) =>
  (session: ScriptedSession): void => {
    session.resolveUnknown = answer;
  };
const finds = lookUp(async () => ({ kind: 'delivered', platformIds: ['p-before'] }));
const findsNothing = lookUp(async () => ({ kind: 'absent' }));
const canRepeat = lookUp(async () => ({ kind: 'repeatable' }));
const cannotTell = lookUp(async () => ({ kind: 'unresolved' }));

/** What went out: the key, and whether it says that it may be a repeat. */
const sent = (world: OutboxWorld): readonly unknown[] =>
  world.adapter.sessions.flatMap((session) =>
    session.sent.map(({ key, possibleDuplicate }) => (possibleDuplicate ? `${key} (repeat?)` : key)),
  );

const kinds = async (world: OutboxWorld): Promise<readonly string[]> =>
  (await world.store.journal.listSubject('msg_m', 100)).map(({ kind, data }) =>
    kind === 'delivery.attempted' ? String(data.outcome) : kind,
  );

describe('a part of which nobody knows whether it arrived', () => {
  it('counts as an attempt, and is looked after later', async () => {
    const { world, parts } = await uncertain();

    expect(await world.part(parts[0])).toMatchObject({
      state: 'pending',
      reason: 'answer_lost',
      uncertain: true,
      attempts: 1,
    });
  });

  it('is sent again under its key where the platform recognises that', async () => {
    const { world } = await uncertain({ idempotentSendMs: 60_000, prepare: findsNothing });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0']);
  });

  it('is looked up once the platform has forgotten the key', async () => {
    const { world } = await uncertain({ idempotentSendMs: 500, prepare: finds });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0']);
  });

  it('is looked up at once when it answers a command, which no key may have been sent with', async () => {
    const { world } = await uncertain({ idempotentSendMs: 60_000, prepare: finds }, 'hello', { handle: 'h' });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0']);
  });

  it('is sent again, without a label, where the connector knows that it comes to the same', async () => {
    const { world } = await uncertain({ prepare: canRepeat, retry: { onUnknown: 'hold' } });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0']);
  });

  it('costs no attempt while the platform wants to be asked later', async () => {
    const answers = Array.from({ length: 3 }, () => new AppError('rate_limited', 'Later.'));
    const { world, parts } = await uncertain({
      retry: { attemptsMax: 2 },
      prepare: lookUp(async () => {
        const later = answers.pop();
        if (later) throw later;
        return { kind: 'delivered', platformIds: ['p-before'] };
      }),
    });

    await world.untilIs('delivered', 'm');

    expect(await world.part(parts[0])).toMatchObject({ platformIds: ['p-before'] });
    expect([sent(world), answers]).toEqual([['m:0'], []]);
  });

  it('was delivered when the platform has it', async () => {
    const { world, parts } = await uncertain({ prepare: finds });

    await world.untilIs('delivered', 'm');

    expect(await world.part(parts[0])).toMatchObject({ platformIds: ['p-before'], possibleDuplicate: false });
    expect(sent(world)).toEqual(['m:0']);
    expect(await kinds(world)).toEqual(['outbox.enqueued', 'unknown', 'reconciled']);
  });

  it('is sent again, without a label, when the platform does not have it', async () => {
    const { world } = await uncertain({ prepare: findsNothing });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0']);
  });

  it.each([
    ['cannot be asked', {}],
    ['cannot tell', { prepare: cannotTell }],
  ])('is sent again with a label when the platform %s, if that is the policy', async (_what, script) => {
    const { world, parts } = await uncertain(script);

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0 (repeat?)']);
    expect(await world.part(parts[0])).toMatchObject({ possibleDuplicate: true });
    expect(await kinds(world)).toEqual(['outbox.enqueued', 'unknown', 'delivery.labelled', 'delivered']);
  });

  it('is labelled on disk before it is sent again', async () => {
    const { world } = await uncertain();
    const onDisk: boolean[] = [];
    world.adapter.session.send = async (part) => {
      onDisk.push((await world.part(part.id)).possibleDuplicate);
      return delivered;
    };

    await world.untilIs('delivered', 'm');

    expect(onDisk).toEqual([true]);
  });

  it('is held for a person to decide when that is the policy, with the rest of its message', async () => {
    const { world, parts } = await uncertain({ retry: { onUnknown: 'hold' } }, ['one', 'two']);
    await world.send('next', 'after');

    await world.untilIs('delivered', 'next');

    expect(await world.partStates(parts)).toEqual(['held', 'held']);
    expect((await world.part(parts[0])).reason).toBe('unknown_outcome_held');
    expect(sent(world)).toEqual(['m:0', 'next:0']);
  });

  it('is told of as an error when it is held', async () => {
    const { world, parts } = await uncertain({ retry: { onUnknown: 'hold' } });

    await world.untilIs('held', 'm');
    await settled();

    expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({
        event: 'delivery.held',
        delivery_id: parts[0],
        code: 'unknown_outcome_held',
      }),
    ]);
  });

  it('is never sent before the one that stands before it', async () => {
    const { world } = await uncertain({ prepare: findsNothing }, ['one', 'two']);

    await world.untilIs('delivered', 'm', 2);

    expect(sent(world)).toEqual(['m:0', 'm:0', 'm:1']);
  });

  it('is dead when that was the last attempt, and goes out labelled if somebody replays it', async () => {
    const { world, parts } = await uncertain({ retry: { attemptsMax: 1 } });

    await world.untilIs('dead', 'm');
    const { reason } = await world.part(parts[0]);
    await world.store.outbox.replay(parts[0]!, world.clock.now());
    await world.untilIs('delivered', 'm');

    expect([reason, sent(world)]).toEqual(['answer_lost', ['m:0', 'm:0 (repeat?)']]);
  });

  it.each([
    ['edit', { op: 'edit', text: 'better' }],
    ['delete', { op: 'delete' }],
    ['react', { op: 'react', emoji: '👍', remove: false }],
  ] as const)('needs no finding out when it is a %s: twice comes to the same', async (_op, operation) => {
    const world = await connectedBy({ answers: [unknown], retry: { onUnknown: 'hold' } });
    await world.send('m', '', {}, operation);

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0']);
  });
});

describe('the doubt stays', () => {
  it('when the repeat is put off', async () => {
    const { world } = await uncertain({ answers: [unknown, busy], idempotentSendMs: 60_000 });

    await world.until(() => sent(world).length === 2);
    const { uncertain: isUncertain } = await world.part('prt_m_1' as PartId);

    expect(isUncertain).toBe(true);
  });

  it('when the repeat fails, until the platform has forgotten the key', async () => {
    const { world } = await uncertain({
      answers: [unknown, failed],
      idempotentSendMs: 3_000,
      retry: { backoffMsMin: 2_000 },
      prepare: finds,
    });

    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0', 'm:0']);
    expect((await world.part('prt_m_1' as PartId)).platformIds).toEqual(['p-before']);
  });

  it('when the connector repeats it and is put off', async () => {
    const { world } = await uncertain({ answers: [unknown, busy], prepare: canRepeat });

    await world.until(() => sent(world).length === 2);

    expect((await world.part('prt_m_1' as PartId)).uncertain).toBe(true);
  });

  it('and is told to the connector: it may only repeat what makes no second message', async () => {
    let looks = 0;
    const { world } = await uncertain({
      answers: [unknown, unknown, unknown],
      retry: { attemptsMax: 9 },
      prepare: lookUp(async () => {
        looks += 1;
        return looks === 1
          ? { kind: 'repeatable' }
          : looks === 2
            ? { kind: 'absent' }
            : { kind: 'unresolved' };
      }),
    });

    await world.untilIs('delivered', 'm');

    expect(world.adapter.session.sent.map(({ uncertain: isUncertain }) => isUncertain)).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(sent(world).at(-1)).toBe('m:0 (repeat?)');
  });

  it('is gone when the platform says that it does not have it', async () => {
    const { world } = await uncertain({ answers: [unknown, failed], prepare: findsNothing });

    await world.until(() => sent(world).length === 2);

    expect((await world.part('prt_m_1' as PartId)).uncertain).toBe(false);
  });
});

describe('a platform that cannot be asked now', () => {
  it('is asked again later, and nothing is sent before it answers', async () => {
    let tries = 0;
    const { world } = await uncertain({
      prepare: lookUp(async () => {
        if (++tries === 1) throw new AppError('unavailable', 'Down.');
        return { kind: 'delivered', platformIds: ['p-before'] };
      }),
    });

    await world.untilIs('delivered', 'm');

    expect([tries, sent(world)]).toEqual([2, ['m:0']]);
    expect(world.log.eventsAt('warn')).toContain('delivery.reconcile_failed');
  });

  it('may be asked only so often: then a person decides', async () => {
    const { world, parts } = await uncertain({
      prepare: lookUp(() => Promise.reject(new AppError('unavailable', 'Down.'))),
    });

    await world.untilIs('dead', 'm');

    expect(await world.part(parts[0])).toMatchObject({ reason: 'answer_lost', uncertain: true });
    expect(sent(world)).toEqual(['m:0']);
  });

  it('and does not answer is given up like any call', async () => {
    const { world, parts } = await uncertain({ prepare: lookUp(() => new Promise(() => undefined)) });

    await world.clock.pass(10_000);

    expect((await world.part(parts[0])).attempts).toBe(2);
  });

  it('because the vault is locked is waited for, and that spends no attempt', async () => {
    let isLocked = true;
    const { world, parts } = await uncertain({
      prepare: lookUp(async () => {
        if (isLocked) throw new AppError('vault_locked', 'The vault is locked.');
        return { kind: 'delivered', platformIds: ['p-before'] };
      }),
    });

    await world.clock.pass(600_000);
    const waiting = await world.part(parts[0]);
    isLocked = false;
    await world.untilIs('delivered', 'm');

    expect(waiting).toMatchObject({ state: 'pending', reason: 'vault_locked', attempts: 1, uncertain: true });
    expect(sent(world)).toEqual(['m:0']);
  });

  it('because its credential is gone holds the queue, and the doubt stays', async () => {
    const { world, parts } = await uncertain({
      prepare: lookUp(() => Promise.reject(new AppError('not_found', 'There is no credential.'))),
    });

    await world.clock.pass(600_000);

    expect(await world.part(parts[0])).toMatchObject({
      state: 'pending',
      reason: 'credential_missing',
      attempts: 1,
      uncertain: true,
    });
  });
});

describe('a part that was under way when its daemon died', () => {
  async function leftBehind(script: OutboxScript): Promise<OutboxWorld> {
    const world = await connectedBy(script);
    await world.stop(world.engine);
    await world.send('m', 'hello');
    const now = world.clock.now();
    await world.store.outbox.lease({ now, leaseMs: 1_000, leaseId: 'lse_dead', limit: 1, perSource: 1 });
    await world.clock.pass(1_000);
    return world;
  }

  it('is one of which nobody knows', async () => {
    const world = await leftBehind({ prepare: finds });

    await world.startOutbox();
    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual([]);
    expect((await world.part('prt_m_1' as PartId)).platformIds).toEqual(['p-before']);
  });

  it('stays one when it has to wait first', async () => {
    let isLocked = true;
    const world = await leftBehind({
      prepare: lookUp(async () => {
        if (isLocked) throw new AppError('vault_locked', 'The vault is locked.');
        return { kind: 'unresolved' };
      }),
    });

    await world.startOutbox();
    await world.clock.pass(60_000);
    isLocked = false;
    await world.untilIs('delivered', 'm');

    expect(sent(world)).toEqual(['m:0 (repeat?)']);
  });
});
