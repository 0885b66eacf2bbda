import { strict as assert } from 'node:assert';
import { laneOf } from '../domain/address.ts';
import { fitEvent } from '../domain/fit-event.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import { type ContractBench, placeOf } from './contract-bench.ts';
import type { OtherEventType, Said } from './contract-harness.ts';

export async function checkMessage(bench: ContractBench): Promise<void> {
  await bench.open();
  const text = 'Grüße, 👩‍👩‍👧! <b>&amp;</b> `code`';

  const { said, event } = await bench.hear({ text });

  assert.ok(event.type === 'message.created');
  assert.equal(event.text, text);
  checkPlace(bench, event, said);
  const { sender } = event;
  assert.equal(sender.kind, 'human');
  assert.equal(sender.verified, true, 'The platform vouches for who wrote.');
  assert.ok(sender.id.startsWith(`${bench.adapter.kind}:user:`), `${sender.id} is not canonical.`);
  assert.equal(bench.adapter.canonicalIdentity('user', sender.id), sender.id);
  for (const role of sender.roles) assert.equal(bench.adapter.canonicalIdentity('role', role), role);
  if (event.guild !== undefined)
    assert.equal(bench.adapter.canonicalIdentity('guild', event.guild), event.guild);
  assert.equal(fitEvent(event).refusal, undefined, 'It is over a limit.');
  assert.deepEqual(JSON.parse(JSON.stringify(event)), event, 'It is more than plain data.');
}

export async function checkThread(bench: ContractBench): Promise<void> {
  await bench.open();
  const inside = await bench.hear({ text: 'inside', inThread: true });
  const outside = await bench.hear({ text: 'outside' });

  checkPlace(bench, inside.event, inside.said);
  assert.notEqual(inside.event.address.thread, undefined);
  assert.notEqual(inside.event.lane, outside.event.lane, 'A thread is a lane of its own.');
}

export async function checkConversations(bench: ContractBench): Promise<void> {
  await bench.open();
  const here = await bench.hear({ text: 'here' });
  const there = await bench.hear({ text: 'there', elsewhere: true });

  checkPlace(bench, there.event, there.said);
  assert.notEqual(here.event.address.conversation, there.event.address.conversation);
  assert.notEqual(here.event.lane, there.event.lane, 'A conversation is a lane of its own.');
}

export async function checkKeys(bench: ContractBench): Promise<void> {
  await bench.open();
  const first = await bench.hear({ text: 'the same words' });
  const second = await bench.hear({ text: 'the same words' });

  assert.notEqual(first.event.dedupeKey, second.event.dedupeKey, 'Two messages are two, whatever they say.');
  assert.equal(bench.inbox.events.length, 2);
}

export async function checkAcknowledgement(bench: ContractBench): Promise<void> {
  await bench.open();
  const commit = Promise.withResolvers<undefined>();
  bench.inbox.commitAfter = commit.promise;

  const saying = bench.say();
  await bench.until('It is offered', () => bench.inbox.offers > 0);
  await settled();
  const early = await Promise.race([saying, settled()]);
  if (early) assert.equal(bench.harness.isAcknowledged(early), false, 'Acknowledged before it was stored.');
  commit.resolve(undefined);
  const said = await saying;

  await bench.eventOf(said);
  await bench.until('It is acknowledged', () => bench.harness.isAcknowledged(said));
}

export async function checkRefusal(bench: ContractBench): Promise<void> {
  await bench.open();
  const before = bench.inbox.cursor;
  bench.inbox.isRefusing = true;

  const saying = bench.say();
  await bench.until('It is offered twice', () => bench.inbox.offers > 1);
  const early = await Promise.race([saying, settled()]);
  if (early) assert.equal(bench.harness.isAcknowledged(early), false, 'Acknowledged, and not stored.');
  assert.equal(bench.inbox.cursor, before, 'The cursor moved past what was not stored.');
  bench.inbox.isRefusing = false;
  const said = await saying;

  await bench.eventOf(said);
  await settled();
  assert.equal(bench.inbox.events.length, 1);
}

/** A daemon that dies with a message that it could not store. */
export async function checkNextSession(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const known = await bench.hear({ text: 'stored' });
  bench.inbox.isRefusing = true;
  const { offers } = bench.inbox;
  const saying = bench.say({ text: 'not stored' });
  await bench.until('It is offered', () => bench.inbox.offers > offers);
  await session.close();

  bench.inbox.isRefusing = false;
  await bench.open();

  const { text } = (await bench.eventOf(await saying)) as { readonly text?: string };
  assert.equal(text, 'not stored');
  const again = bench.inbox.events.filter(({ dedupeKey }) => dedupeKey === known.event.dedupeKey);
  assert.equal(again.length, 1, 'What was stored before is another event now.');
}

export async function checkSilence(bench: ContractBench): Promise<void> {
  const closed = await bench.open();
  await closed.session.close();
  const { offers } = closed.host;

  const saying = bench.say({ text: 'for the next' });
  await bench.open();
  await saying;
  await settled();

  assert.equal(closed.host.offers, offers, 'A closed session offered something.');
}

/** The plug is pulled, and people go on talking. */
export async function checkCatchUp(bench: ContractBench): Promise<void> {
  if (bench.harness.catchesUp !== true) return;
  const before = await bench.open();
  const known = await bench.hear({ text: 'before' });
  await before.session.close();
  const missed = [await bench.say({ text: 'meanwhile' }), await bench.say({ text: 'and still' })];

  await bench.open();

  for (const said of missed) await bench.eventOf(said);
  const order = bench.inbox.events.flatMap((event) => ('text' in event ? [event.text] : []));
  assert.deepEqual(order, ['before', 'meanwhile', 'and still']);
  assert.equal(bench.inbox.events[0]?.dedupeKey, known.event.dedupeKey);
}

export async function checkHappening(bench: ContractBench, type: OtherEventType): Promise<void> {
  const happen = bench.harness.happen[type];
  assert.ok(happen, `It claims to bring in ${type}, and the harness cannot make it happen.`);
  await bench.open();

  const place = await happen();

  const find = (): ChatEvent | undefined =>
    bench.inbox.events.find((event): event is ChatEvent => event.type === type);
  await bench.until(`A ${type} comes in`, () => find() !== undefined);
  checkPlace(bench, find()!, place);
  assert.equal(fitEvent(find()!).refusal, undefined, 'It is over a limit.');
}

function checkPlace(
  bench: ContractBench,
  event: ChatEvent,
  said: Omit<Said, 'message'> & { message?: string },
): void {
  const { address, source, lane } = event;
  assert.equal(source, bench.connectorId);
  assert.equal(address.connector, bench.connectorId);
  assert.deepEqual(placeOf(address), placeOf(said), 'It is not where it was said.');
  if (said.message !== undefined) assert.equal(address.message, said.message);
  assert.equal(lane, laneOf(address), 'Its lane is not that of its address.');
  assert.equal(bench.adapter.canonicalIdentity('conversation', address.conversation), address.conversation);
  assert.notEqual(event.dedupeKey, '');
}

/** One turn of the event loop. */
async function settled(): Promise<undefined> {
  await new Promise(setImmediate);
  return undefined;
}
