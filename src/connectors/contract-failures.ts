import { strict as assert } from 'node:assert';
import { inspect } from 'node:util';
import type { Address } from '../domain/address.ts';
import { isReasonCode } from '../domain/reasons.ts';
import type { DeliveryOutcome, ResolvedUnknown } from '../domain/outcome.ts';
import type { OutboundPart } from '../domain/outbound.ts';
import { systemClock } from '../lib/clock.ts';
import type { ConnectorSession } from './connector.ts';
import type { ContractBench } from './contract-bench.ts';
import type { FaultName } from './contract-harness.ts';

/** A message that met a fault. */
interface Failed {
  readonly session: ConnectorSession;
  readonly address: Address;
  readonly part: OutboundPart;
  readonly outcome: DeliveryOutcome;
  readonly afterMs?: number;
}

export async function checkRequestLost(bench: ContractBench): Promise<void> {
  const failed = await meet(bench, 'requestLost');
  if (!failed) return;
  assert.equal(failed.outcome.kind, 'retry', 'Nothing was sent, so it can be sent again.');
  await nothingShown(bench);
  await bench.deliver(failed.session, { ...failed.part, attempt: 2 });
  assert.equal((await bench.harness.shown()).length, 1);
}

export async function checkReplyLost(bench: ContractBench): Promise<void> {
  const failed = await meet(bench, 'replyLost');
  if (!failed) return;
  assert.equal(failed.outcome.kind, 'unknown', 'Nobody can know whether it was posted.');
  assert.equal((await bench.harness.shown()).length, 1, 'The harness was to post it.');
}

export async function checkRateLimited(bench: ContractBench): Promise<void> {
  const failed = await meet(bench, 'rateLimited');
  if (!failed) return;
  const { outcome, afterMs } = failed;
  assert.ok(outcome.kind === 'retry' && outcome.deferral, 'To wait is no failure, and spends no attempt.');
  assert.equal(outcome.code, 'rate_limited');
  assert.ok(afterMs !== undefined, 'The harness does not say how long the platform asks to wait.');
  assert.ok((outcome.afterMs ?? 0) >= afterMs, `It would come back after ${outcome.afterMs ?? 0} ms.`);
  await nothingShown(bench);
}

export async function checkRefused(bench: ContractBench): Promise<void> {
  const failed = await meet(bench, 'refused');
  if (!failed) return;
  const { outcome } = failed;
  assert.ok(outcome.kind === 'rejected', 'It will never be taken.');
  assert.notEqual(outcome.scope, 'connector', 'It is the message that is wrong, not the connector.');
  assert.notEqual(outcome.detail, '');
  await nothingShown(bench);
}

export async function checkUnauthenticated(bench: ContractBench): Promise<void> {
  const failed = await meet(bench, 'unauthenticated');
  if (!failed) return;
  const { outcome } = failed;
  assert.ok(
    outcome.kind === 'rejected' && outcome.scope === 'connector',
    'All of the connector has to wait.',
  );
  assert.equal(outcome.code, 'unauthenticated');
  await nothingShown(bench);
}

/** A call that gets no answer ends when its caller has waited long enough. */
export async function checkCutOff(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  const provoked = await bench.provoke('hang');
  if (!provoked) return;
  const cut = new AbortController();
  const part = bench.part(event.address, provoked.text ?? 'hello');
  let outcome: DeliveryOutcome | undefined;
  const sending = bench.send(session, part, cut.signal).then((reached) => (outcome = reached));
  await bench.until('The platform has it', async () => (await bench.harness.shown()).length > 0);
  assert.equal(outcome, undefined, 'There was no answer, and it has one.');

  cut.abort();

  await bench.until('The call ends', () => outcome !== undefined);
  assert.equal((await sending).kind, 'unknown', 'It was sent, and nobody knows more.');
}

/** A call that is cut off before it begins sends nothing. */
export async function checkTooLate(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();

  const outcome = await bench.send(session, bench.part(event.address, 'too late'), AbortSignal.abort());

  assert.ok(outcome.kind === 'retry' || outcome.kind === 'unknown', inspect(outcome));
  await nothingShown(bench);
}

/** A call on a session that is over comes to something, and does not throw. */
export async function checkAfterClose(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  await session.close();

  const outcome = await bench.send(session, bench.part(event.address, 'after the end'));

  const shown = await bench.harness.shown();
  if (outcome.kind === 'delivered') assert.equal(shown.length, 1);
  if (outcome.kind === 'retry' || outcome.kind === 'rejected') assert.deepEqual(shown, []);
}

export async function checkRepeat(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  const part = bench.part(event.address, 'once');
  const first = await bench.deliver(session, part);

  const second = await bench.deliver(session, { ...part, attempt: 2, uncertain: true });
  await session.close();
  const { session: next } = await bench.open();
  const third = await bench.deliver(next, { ...part, attempt: 3, uncertain: true });

  assert.deepEqual([second, third], [first, first], 'The repeat is known by another id.');
  assert.equal((await bench.harness.shown()).length, 1, 'It claims that the platform knows a repeat.');
  await bench.deliver(next, bench.part(event.address, 'once'));
  assert.equal((await bench.harness.shown()).length, 2, 'Another part with the same text is no repeat.');
}

/** A session that has a way to look is held to what it finds. */
export async function checkResolve(bench: ContractBench): Promise<void> {
  const { session: first } = await bench.open();
  if (!first.resolveUnknown) return;
  const failed = await meet(bench, 'replyLost');
  assert.ok(failed, 'It claims to find what got lost, and the harness cannot lose an answer.');
  const [posted] = await bench.harness.shown();
  const firstAttemptAt = systemClock.now() - 1_000;
  const never = { ...bench.part(failed.address, failed.part.operation), firstAttemptAt };

  for (const session of [failed.session, (await bench.open()).session]) {
    const look = (part: OutboundPart): Promise<ResolvedUnknown> | undefined =>
      session.resolveUnknown?.({ ...part, firstAttemptAt }, AbortSignal.timeout(10_000));
    assert.deepEqual(await look(failed.part), { kind: 'delivered', platformIds: [posted?.message] });
    // As in an outbox that has noted it; what looks the same is not the same for that.
    bench.inbox.sent.add(posted?.message ?? '');
    assert.deepEqual(await look(never), { kind: 'absent' }, 'It found what was never sent.');
    bench.inbox.sent.clear();
  }
}

/** Provokes a fault and sends into it. Undefined where the platform cannot fail so. */
async function meet(bench: ContractBench, fault: FaultName): Promise<Failed | undefined> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  const provoked = await bench.provoke(fault);
  if (!provoked) return undefined;
  const part = bench.part(event.address, provoked.text ?? 'hello');
  const outcome = await bench.send(session, part);
  if (outcome.kind !== 'delivered')
    assert.ok(isReasonCode(outcome.code), `${outcome.code} is in no table of reasons.`);
  const { afterMs } = provoked;
  return { session, address: event.address, part, outcome, ...(afterMs === undefined ? {} : { afterMs }) };
}

async function nothingShown(bench: ContractBench): Promise<void> {
  assert.deepEqual(await bench.harness.shown(), [], 'The platform shows something that surely was not sent.');
}
