import { strict as assert } from 'node:assert';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { ConnectorId } from '../domain/ids.ts';
import { systemClock } from '../lib/clock.ts';
import type { SessionEnd } from './connector.ts';
import type { ContractBench, OpenSession } from './contract-bench.ts';
import { ContractInbox } from './contract-host.ts';

export async function checkClose(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();

  await Promise.all([session.close(), session.close()]);
  await session.close();

  assert.deepEqual(await endOf(bench, session), { kind: 'closed' } satisfies SessionEnd);
}

export async function checkWrongCredential(bench: ContractBench): Promise<void> {
  bench.secret = () => 'surely not the secret of this account';
  await rejects(bench.open(), 'unauthenticated', 'forbidden');
}

export async function checkMissingCredential(bench: ContractBench): Promise<void> {
  for (const code of ['not_found', 'vault_locked'] as const) {
    bench.secret = () => {
      throw new AppError(code, 'There is no secret now.');
    };
    await rejects(bench.open(), code);
  }
}

export async function checkTakenAccount(bench: ContractBench): Promise<void> {
  bench.inbox.isAccountTaken = true;
  await assert.rejects(
    bench.open(),
    (thrown) => thrown instanceof AppError && thrown.reason === 'account_taken',
    'It was to throw what `takeAccount` threw.',
  );
  assert.equal(bench.inbox.offers, 0, 'It heard something before it said which account it is.');
}

export async function checkLostSession(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  if (!(await bench.provoke('sessionLost'))) return;

  const end = await endOf(bench, session);
  assert.ok(end.kind === 'lost', `It says that it ended so: ${end.kind}`);
  assert.notEqual(end.detail, '');

  await session.close();
  await bench.open();
  const { event } = await bench.hear({ text: 'are you there' });
  assert.equal('text' in event ? event.text : '', 'are you there');
}

export async function checkStale(bench: ContractBench): Promise<void> {
  const { session, host } = await bench.open();
  host.isStale = true;
  const { cursor } = bench.inbox;

  // Not every platform tells that it was not taken.
  void bench.say().catch(() => undefined);

  await endOf(bench, session);
  assert.deepEqual([bench.inbox.events, bench.inbox.cursor], [[], cursor]);
}

/** What a session says of whether it hears its platform is so. */
export async function checkReceiving(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  if (!session.receiving) return;
  const hears = (): boolean => {
    const reception = session.receiving!();
    bench.heard.push(reception);
    assert.ok(reception.since <= systemClock.now(), 'It is so since a time that is yet to come.');
    assert.ok(reception.ok || reception.detail !== '', 'It does not say why it hears nothing.');
    return reception.ok;
  };
  await bench.until('It hears its platform', hears);

  const letBack = await bench.harness.cutOff?.();
  assert.ok(letBack, 'It says whether it hears its platform, and the harness cannot cut it off.');

  await bench.until('It says that it hears nothing', () => !hears());
  letBack();
  await bench.until('It hears its platform again', hears);
}

/** Two accounts, of which one ends. */
export async function checkApart(bench: ContractBench): Promise<void> {
  const kept = await bench.open();
  const other = await bench.open(`${bench.adapter.kind}:other` as ConnectorId, new ContractInbox());

  await other.session.close();

  assert.equal(await isOver(kept), false, 'It ended together with another account’s.');
  const { event, said } = await bench.hear({ text: 'for the first' });
  assert.equal(event.source, bench.connectorId);
  assert.equal(event.address.message, said.message);
  await bench.deliver(kept.session, bench.part(event.address, 'and so it answers'));
}

async function isOver({ session }: OpenSession): Promise<boolean> {
  return Promise.race([session.closed.then(() => true), new Promise(setImmediate).then(() => false)]);
}

async function endOf(bench: ContractBench, session: OpenSession['session']): Promise<SessionEnd> {
  let end: SessionEnd | undefined;
  void session.closed.then((reached) => (end = reached));
  await bench.until('The session ends', () => end !== undefined);
  return end!;
}

async function rejects(work: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<void> {
  await assert.rejects(
    work,
    (thrown) => thrown instanceof AppError && codes.includes(thrown.code),
    `It was to throw ${codes.join(' or ')}.`,
  );
}
