import { strict as assert } from 'node:assert';
import { inspect } from 'node:util';
import type { Address } from '../domain/address.ts';
import type { OutboundOp, OutboundOperation } from '../domain/outbound.ts';
import type { ConnectorOperation, ConnectorSession } from './connector.ts';
import { type ContractBench, placeOf } from './contract-bench.ts';
import type { Shown } from './contract-harness.ts';

/** An open session, and a message of ours in a place from which a message came. */
interface Scene {
  readonly session: ConnectorSession;
  readonly address: Address;
  readonly own: Shown;
}

/** A claim is proven by what the platform shows afterwards. */
export const operationChecks: Readonly<Record<ConnectorOperation, (bench: ContractBench) => Promise<void>>> =
  {
    send: checkSend,
    reply: checkReply,
    thread: checkThread,
    edit: checkEdit,
    delete: checkDelete,
    react: checkReact,
    typing: checkTyping,
    read: checkRead,
    search: checkSearch,
  };

async function checkSend(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  for (const elsewhere of [false, true]) {
    const { event } = await bench.hear({ elsewhere });
    const text = `the answer ${elsewhere ? 'there' : 'here'}`;

    const shown = await shownAs(bench, await bench.deliver(session, bench.part(event.address, text)));

    assert.equal(shown.text, text);
    assert.deepEqual(placeOf(shown), placeOf(event.address), 'The answer is not where the question was.');
  }
  assert.equal((await bench.harness.shown()).length, 2);
}

async function checkReply(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { said, event } = await bench.hear();
  const { message: _message, ...place } = event.address;

  const replying = await bench.deliver(session, bench.part(event.address, 'to you'));
  const plain = await bench.deliver(session, bench.part(place, 'to all'));

  assert.equal((await shownAs(bench, replying)).replyTo, said.message);
  assert.equal((await shownAs(bench, plain)).replyTo, undefined, 'It refers to a message unasked.');
}

async function checkThread(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear({ inThread: true });

  const message = await bench.deliver(session, bench.part(event.address, 'in the thread'));

  const shown = await shownAs(bench, message);
  assert.notEqual(event.address.thread, undefined);
  assert.deepEqual(placeOf(shown), placeOf(event.address), 'The answer left the thread.');
}

async function checkEdit(bench: ContractBench): Promise<void> {
  const { session, address, own } = await scene(bench);

  await doTwice(bench, session, { ...address, message: own.message }, { op: 'edit', text: 'better' });

  assert.equal((await shownAs(bench, own.message)).text, 'better');
  assert.equal((await bench.harness.shown()).length, 1, 'The edit is a message of its own.');
}

async function checkDelete(bench: ContractBench): Promise<void> {
  const { session, address, own } = await scene(bench);

  await bench.deliver(session, bench.part({ ...address, message: own.message }, { op: 'delete' }));

  assert.deepEqual(await bench.harness.shown(), []);
}

async function checkReact(bench: ContractBench): Promise<void> {
  const { session, address, own } = await scene(bench);
  const to = { ...address, message: own.message };
  const reactions = async (): Promise<readonly string[]> =>
    (await shownAs(bench, own.message)).reactions ?? [];

  await doTwice(bench, session, to, { op: 'react', emoji: '👍', remove: false });
  assert.deepEqual(await reactions(), ['👍']);

  await bench.deliver(session, bench.part(to, { op: 'react', emoji: '👍', remove: true }));
  assert.deepEqual(await reactions(), []);
}

async function checkTyping(bench: ContractBench): Promise<void> {
  const { session, address } = await scene(bench);
  const { message: _message, ...place } = address;

  await bench.deliver(session, bench.part(place, { op: 'typing' }));

  const { harness } = bench;
  assert.equal(harness.typingShown?.(placeOf(address)), 1, 'It claims typing, and nobody sees it.');
  assert.equal((await bench.harness.shown()).length, 1, 'Typing is a message.');
}

/** Not every platform keeps what people say to us; what we have said is there, the newest first. */
async function checkRead(bench: ContractBench): Promise<void> {
  const { session, address, own } = await scene(bench);
  const second = await bench.deliver(session, bench.part(address, 'second'));

  const answer = await session.read?.({ ...placeOf(address), limit: 10 }, AbortSignal.timeout(10_000));

  assert.ok(answer?.kind === 'found', `It claims to read: ${inspect(answer)}`);
  const { messages } = answer.value;
  const ours = messages.filter(({ sender }) => sender.isSelf);
  assert.deepEqual(
    ours.map((view) => [view.address.message, view.text]),
    [
      [second, 'second'],
      [own.message, own.text],
    ],
  );
  for (const view of messages) assert.deepEqual(placeOf(view.address), placeOf(address));
}

async function checkSearch(bench: ContractBench): Promise<void> {
  const { session, address } = await scene(bench);
  const needle = await bench.deliver(session, bench.part(address, 'a NEEDLE in the hay'));

  const request = { ...placeOf(address), query: 'needle', limit: 50 };
  const answer = await session.search?.(request, AbortSignal.timeout(10_000));

  assert.ok(answer?.kind === 'found', `It claims to search: ${inspect(answer)}`);
  assert.deepEqual(
    answer.value.messages.map((found) => found.address.message),
    [needle],
  );
}

const samples: Readonly<Record<OutboundOp, OutboundOperation>> = {
  send: { op: 'send', text: 'hello' },
  edit: { op: 'edit', text: 'better' },
  delete: { op: 'delete' },
  react: { op: 'react', emoji: '👍', remove: false },
  typing: { op: 'typing' },
};

/** What it says that it cannot do, it does not say that it has done. */
export async function checkUnclaimed(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  for (const operation of Object.values(samples)) {
    if (bench.adapter.capabilities.operations[operation.op].supported) continue;
    const outcome = await bench.send(session, bench.part(event.address, operation));
    assert.equal(
      outcome.kind,
      'rejected',
      `It does not claim ${operation.op}, and it came to ${inspect(outcome)}`,
    );
  }
}

async function scene(bench: ContractBench): Promise<Scene> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  const { address } = event;
  const message = await bench.deliver(session, bench.part(address, 'first'));
  return { session, address, own: await shownAs(bench, message) };
}

/** After a lost answer it is done again: that must come to the same. */
async function doTwice(
  bench: ContractBench,
  session: ConnectorSession,
  address: Address,
  operation: OutboundOperation,
): Promise<void> {
  const part = bench.part(address, operation);
  await bench.deliver(session, part);
  await bench.deliver(session, { ...part, attempt: 2 });
}

export async function shownAs(bench: ContractBench, message: string): Promise<Shown> {
  const shown = await bench.harness.shown();
  const found = shown.find((each) => each.message === message);
  assert.ok(found, `The platform shows no message ${message}, only: ${inspect(shown)}`);
  return found;
}
