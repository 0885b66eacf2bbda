import { afterEach, describe, expect, it } from 'vitest';
import { CoreWorld } from '../../test/support/core-world.ts';
import { closeAll } from '../../test/support/egress.ts';
import { message } from '../../test/support/events.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { rule } from '../../test/support/rules.ts';
import type { Agent } from '../agents/agent.ts';
import type { AgentSpec } from '../domain/agent-spec.ts';
import { AppError } from '../domain/errors.ts';
import type { AgentId } from '../domain/ids.ts';
import type { Rule } from '../domain/rule.ts';
import { AgentDirectory } from './agent-directory.ts';
import { Policy } from './policy.ts';

afterEach(closeAll);

const noFacts = { participates: false, paired: false, botTurns: 0 };

/** A list in the store that answers when the test lets it. */
function slowList<Item>(): {
  readonly list: () => Promise<readonly Item[]>;
  readonly answer: (call: number, items: readonly Item[]) => Promise<void>;
} {
  const calls: PromiseWithResolvers<readonly Item[]>[] = [];
  return {
    list: () => {
      const call = Promise.withResolvers<readonly Item[]>();
      calls.push(call);
      return call.promise;
    },
    answer: async (call, items) => {
      calls[call]?.resolve(items);
      await settled();
    },
  };
}

describe('the rules in force', () => {
  it('are none before they are loaded: nothing is accepted by mistake', () => {
    const policy = new Policy({ listRules: () => Promise.resolve([rule()]) });

    expect(policy.router.route(message(), noFacts)).toMatchObject({
      action: 'ignore',
      reason: 'no_matching_rule',
    });
  });

  it('are those that were asked for last, whichever answer comes first', async () => {
    const { list, answer } = slowList<Rule>();
    const policy = new Policy({ listRules: list });
    const loads = [policy.reload(), policy.reload()];

    await answer(1, [rule({ action: 'deny' })]);
    await answer(0, [rule()]);
    await Promise.all(loads);

    expect(policy.rules).toMatchObject([{ action: 'deny' }]);
    expect(policy.router.route(message(), noFacts)).toMatchObject({ action: 'deny' });
  });

  it('stay in force when the store does not answer', async () => {
    let isDown = false;
    const policy = new Policy({
      listRules: () =>
        isDown ? Promise.reject(new AppError('unavailable', 'Down.')) : Promise.resolve([rule()]),
    });
    await policy.reload();
    const { hash } = policy.router;

    isDown = true;

    await expect(policy.reload()).rejects.toMatchObject({ code: 'unavailable' });
    expect(policy.router.hash).toBe(hash);
  });
});

describe('the agents in force', () => {
  const spec = (id: string, fields: Partial<AgentSpec> = {}): AgentSpec => ({
    ...{ id: id as AgentId, kind: 'scripted', config: {}, enabled: true },
    ...{ concurrency: 1, timeoutMs: 1_000, attemptsMax: 1, ...fields },
  });
  const directoryOf = (
    list: () => Promise<readonly AgentSpec[]>,
    log = new CoreWorld().log,
  ): AgentDirectory & { made: string[] } => {
    const made: string[] = [];
    const createAgent = ({ id, config }: AgentSpec): Agent => {
      if (config.broken === true) throw new AppError('invalid_request', 'It has no URL.');
      made.push(id);
      return { run: () => Promise.resolve({ kind: 'answered' }) };
    };
    return Object.assign(new AgentDirectory({ store: { listAgents: list }, createAgent, log }), { made });
  };

  it('are those that were asked for last, whichever answer comes first', async () => {
    const { list, answer } = slowList<AgentSpec>();
    const directory = directoryOf(list);
    const loads = [directory.reload(), directory.reload()];

    await answer(1, [spec('new')]);
    await answer(0, [spec('old')]);
    await Promise.all(loads);

    expect(directory.list().map(({ id }) => id)).toEqual(['new']);
  });

  it('are made anew only where something changed', async () => {
    const lists = [
      [spec('one'), spec('two')],
      [spec('one'), spec('two', { timeoutMs: 9 })],
    ];
    const directory = directoryOf(() => Promise.resolve(lists.shift() ?? []));

    await directory.reload();
    const before = directory.find('one' as AgentId)?.agent;
    await directory.reload();

    expect(directory.made).toEqual(['one', 'two', 'two']);
    expect(directory.find('one' as AgentId)?.agent).toBe(before);
    expect(directory.find('two' as AgentId)?.spec.timeoutMs).toBe(9);
  });

  it('are all there but the one that cannot be made, which is told', async () => {
    const { log } = new CoreWorld();
    const directory = directoryOf(
      () => Promise.resolve([spec('bad', { config: { broken: true } }), spec('good')]),
      log,
    );

    await directory.reload();

    expect([directory.find('bad' as AgentId), directory.find('good' as AgentId)?.spec.id]).toEqual([
      undefined,
      'good',
    ]);
    expect(log.eventsAt('error')).toEqual(['agent.unusable']);
  });

  it('are not found while they are switched off, but listed', async () => {
    const directory = directoryOf(() => Promise.resolve([spec('off', { enabled: false })]));

    await directory.reload();

    expect([directory.find('off' as AgentId), directory.list().length]).toEqual([undefined, 1]);
  });
});

describe('settings that cannot be read', () => {
  it('keep the daemon from starting', async () => {
    const world = new CoreWorld();
    world.faults.before('rules.listRules', () => {
      throw new AppError('unavailable', 'Down.');
    });

    await expect(world.start()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('are told when they change later, and those before stay in force', async () => {
    const world = new CoreWorld();
    await world.furnish();
    const engine = await world.start();
    const { hash } = engine.policy.router;
    world.faults.before('rules.listRules', () => {
      throw new AppError('unavailable', 'Down.');
    });

    await world.addRule({ action: 'deny' });
    await settled();

    expect(engine.policy.router.hash).toBe(hash);
    expect(world.log.eventsAt('error')).toEqual(['config.reload_failed']);
  });
});
