import { describe, expect, it } from 'vitest';
import type { PostedMessage } from '../fakes/chat/platform.ts';
import { connector, World, type WorldOptions } from './world.ts';
import { Marks } from './marks.ts';

const recognising = { idempotentKeys: true, lookUp: false };
const readable = { idempotentKeys: false, lookUp: true };
const blind = { idempotentKeys: false, lookUp: false };

const seeds = Array.from(
  { length: Number(process.env.PALYRA_SIM_SEEDS ?? 6) },
  (_, index) => Number(process.env.PALYRA_SIM_SEED ?? 1) + index,
);

const kinds: readonly (readonly [string, Omit<WorldOptions, 'seed'>])[] = [
  [
    'a platform that recognises repeats',
    { traits: recognising, onUnknown: 'resend-labelled', daemons: 1, conversations: 5, messages: 40 },
  ],
  [
    'a platform that can be read back',
    { traits: readable, onUnknown: 'resend-labelled', daemons: 1, conversations: 5, messages: 40 },
  ],
  [
    'a blind platform, where repeats are labelled',
    { traits: blind, onUnknown: 'resend-labelled', daemons: 1, conversations: 5, messages: 40 },
  ],
  [
    'a blind platform, where a person decides',
    { traits: blind, onUnknown: 'hold', daemons: 1, conversations: 5, messages: 40 },
  ],
  [
    'two daemons on one store',
    { traits: readable, onUnknown: 'resend-labelled', daemons: 2, conversations: 5, messages: 40 },
  ],
];

const seen = new Marks();

describe.each(kinds)('through a storm, with %s', (_name, options) => {
  it.each(seeds)('everything said is answered once and in order (seed %i)', async (seed) => {
    const world = new World({ ...options, seed });
    try {
      const quiet = await world.run();

      const hint = `seed ${seed}: ${world.marks.toString()}`;
      expect(world.marks.complaints, hint).toEqual([]);
      expect(quiet, `did not come to rest, ${hint}`).toBe(true);
      await checkAnswers(world, hint);
      world.marks.forEach((what, count) => seen.saw(what, count));
    } finally {
      await world.close();
    }
  });
});

it('the storms did what storms do', () => {
  for (const what of [
    'killed',
    'request lost',
    'reply lost',
    'rate limited',
    'session lost',
    'commit lost',
    'answer to a commit lost',
    'agent failed',
    'platform redelivered',
    'stale write refused',
    'reconciled',
    'labelled',
    'held',
  ]) {
    expect(seen.count(what), what).toBeGreaterThan(0);
  }
});

/** Accounts for every message: one answer, whole, in the place it was said, after those of the messages before it. */
async function checkAnswers(world: World, hint: string): Promise<void> {
  const { platform, store, marks } = world;
  const { items } = await store.inbox.listEvents({}, { limit: 500 });
  expect(
    items.map(({ state }) => state).filter((state) => state !== 'done'),
    hint,
  ).toEqual([]);
  const heldParts = await heldKeys(world);
  for (const key of heldParts) marks.saw(`held ${key}`);
  for (const event of items) {
    const parts = await store.outbox.listPartsOfEvent(event.id);
    const steps = await store.journal.listSubject(event.id, 1_000);
    if (steps.some(({ data }) => data.outcome === 'reconciled')) marks.saw('reconciled');
    for (const part of parts) {
      const copies = platform.posted.filter(({ key }) => key === part.key);
      const unlabelled = copies.filter(({ text }) => !text.startsWith('(repeat?) '));
      expect(unlabelled.length, `${part.key} was sent ${copies.length} times, ${hint}`).toBeLessThanOrEqual(
        1,
      );
      if (copies.length > 1) marks.saw('labelled');
      if (part.state === 'delivered') expect(copies.length, `${part.key} ${hint}`).toBeGreaterThanOrEqual(1);
      else expect(['held'], `${part.key} is ${part.state}, ${hint}`).toContain(part.state);
    }
    if (event.event?.type === 'message.created') {
      const { conversation, thread } = event.event.address;
      const text = event.event.text;
      const answer = platform.posted.find(({ key }) => parts[0]?.key === key);
      if (answer)
        expect([answer.conversation, answer.thread, answer.text.includes(`re ${text}`)], hint).toEqual([
          conversation,
          thread,
          true,
        ]);
    }
  }
  checkOrder(world, hint);
  const gauges = await store.stats.listGauges();
  expect(
    gauges.filter(({ state, count }) => state === 'pending' && count !== 0),
    hint,
  ).toEqual([]);
  expect((await store.connectors.getConnector(connector))?.enabled).toBe(true);
}

/** In each lane, the first copies of the answers stand in the order of what they answer. */
function checkOrder({ platform }: World, hint: string): void {
  const lanes = new Map<string, PostedMessage[]>();
  const firstCopies = platform.posted.filter(
    (message, index) => platform.posted.findIndex(({ key }) => key === message.key) === index,
  );
  for (const message of firstCopies) {
    const lane = `${message.conversation}/${message.thread ?? ''}`;
    lanes.set(lane, [...(lanes.get(lane) ?? []), message]);
  }
  const said = platform.said.map(({ id }) => id);
  for (const [lane, messages] of lanes) {
    const order = messages.flatMap(({ replyTo }) => (replyTo === undefined ? [] : [said.indexOf(replyTo)]));
    expect(order, `${lane} ${hint}`).toEqual(order.toSorted((left, right) => left - right));
  }
}

async function heldKeys({ store }: World): Promise<readonly string[]> {
  const { items } = await store.deadLetters.listDeadLetters({}, { limit: 500 });
  return items.map(({ id }) => id);
}
