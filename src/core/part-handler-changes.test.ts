import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../test/support/egress.ts';
import { settled } from '../../test/support/manual-clock.ts';
import { connectedBy, delivered, type OutboxWorld } from '../../test/support/outbox-world.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';

const unknown = { kind: 'unknown', code: 'answer_lost' } as const satisfies DeliveryOutcome;

afterEach(closeAll);

describe('a change of a message that is gone', () => {
  const gone = {
    kind: 'rejected',
    code: 'message_gone',
    detail: 'It was deleted.',
    scope: 'message',
  } as const satisfies DeliveryOutcome;
  const ops = (world: OutboxWorld): readonly string[] =>
    world.adapter.sessions.flatMap((session) => session.sent.map(({ operation }) => operation.op));

  it('becomes a message of its own', async () => {
    const world = await connectedBy({ answers: [delivered, gone] });
    await world.send('d', 'a draft');
    await settled();

    await world.send('m', 'hello', {}, { op: 'edit', text: 'the whole', of: 'd:0' });
    await world.untilIs('delivered', 'm');

    expect(ops(world)).toEqual(['send', 'edit', 'send']);
    expect(world.sentTexts.at(-1)).toBe('the whole');
  });

  it('is looked up like any other when the answer to that was lost', async () => {
    const world = await connectedBy({
      answers: [delivered, gone, unknown, gone],
      prepare: (session) => {
        session.resolveUnknown = async () => ({ kind: 'delivered', platformIds: ['p-before'] });
      },
    });
    await world.send('d', 'a draft');
    await settled();

    await world.send('m', 'hello', {}, { op: 'edit', text: 'the whole', of: 'd:0' });
    await world.untilIs('delivered', 'm');

    expect(ops(world)).toEqual(['send', 'edit', 'send', 'edit']);
  });
});
