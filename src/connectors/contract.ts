import { strict as assert } from 'node:assert';
import { type ConnectorAdapter, type ConnectorOperation, connectorOperations } from './connector.ts';
import { ContractBench } from './contract-bench.ts';
import { checkDescription, checkIdentities } from './contract-description.ts';
import {
  checkAfterClose,
  checkCutOff,
  checkRateLimited,
  checkRefused,
  checkRepeat,
  checkReplyLost,
  checkRequestLost,
  checkResolve,
  checkTooLate,
  checkUnauthenticated,
} from './contract-failures.ts';
import type { ConnectorHarness } from './contract-harness.ts';
import {
  checkAcknowledgement,
  checkCatchUp,
  checkConversations,
  checkHappening,
  checkKeys,
  checkMessage,
  checkNextSession,
  checkRefusal,
  checkSilence,
  checkThread,
} from './contract-inbound.ts';
import {
  checkApart,
  checkClose,
  checkLostSession,
  checkMissingCredential,
  checkReceiving,
  checkStale,
  checkTakenAccount,
  checkWrongCredential,
} from './contract-lifecycle.ts';
import { checkUnclaimed, operationChecks } from './contract-outbound.ts';
import { checkSnapshot } from './contract-snapshot.ts';
import { checkLabel, checkTexts } from './contract-text.ts';

/** Fails by throwing. Knows no test runner: `for (const { name, run } of …) it(name, run)`. */
export interface ConnectorCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type Check = (bench: ContractBench) => Promise<void> | void;

/** What decides which cases there are: the claims. */
export type Claims = Pick<ConnectorAdapter, 'capabilities' | 'needsSecret'>;

/**
 * All that a connector must prove against its platform, or a fake of it, before it is used. What it claims
 * and does not prove fails. Each case makes a harness of its own, and closes it. `patienceMs` is how long to
 * wait for what comes by itself, e.g. for the session after one that was lost.
 */
export function connectorContract(
  claims: Claims,
  createHarness: () => Promise<ConnectorHarness>,
  { patienceMs = 20_000 }: { readonly patienceMs?: number } = {},
): readonly ConnectorCase[] {
  const { capabilities, needsSecret } = claims;
  const cases: readonly (readonly [string, Check, boolean?])[] = [
    ['is described completely', (bench) => checkDescription(bench, claims)],
    ['spells every identity in one way, and refuses what is none', checkIdentities],
    ['closes when it is asked to, also twice', checkClose],
    ['opens no session with a wrong credential, and says so', checkWrongCredential, needsSecret],
    ['lets it pass that its credential is missing or locked away', checkMissingCredential, needsSecret],
    ['opens no session as an account that another connector has', checkTakenAccount, needsSecret],
    ['says that its session is lost, and opens another', checkLostSession],
    ['knows whether it hears its platform, where it says so', checkReceiving],
    ['ends a session whose connector another daemon runs', checkStale],
    ['keeps accounts apart', checkApart],
    ['tells how its session is doing, in plain data', checkSnapshot],

    ['brings a message in, whole and from where it was said', checkMessage],
    [
      'brings a message of a thread in as that of a thread',
      checkThread,
      capabilities.operations.thread.supported,
    ],
    ['tells conversations apart', checkConversations],
    ['tells two messages apart that say the same', checkKeys],
    ['acknowledges nothing before it is stored', checkAcknowledgement],
    ['offers again what could not be stored, and moves no cursor past it', checkRefusal],
    ['offers to its next session what the one before could not store', checkNextSession],
    ['offers nothing once it is closed', checkSilence],
    ['brings in, in order, what was said while no session was open', checkCatchUp],
    ...capabilities.inbound.flatMap((type): (readonly [string, Check])[] =>
      type === 'message.created' || type === 'webhook'
        ? []
        : [[`brings in what it claims: ${type}`, (bench) => checkHappening(bench, type)]],
    ),

    ...connectorOperations.map((name) => proofOf(name, capabilities.operations[name].supported)),
    ['refuses what it does not claim', checkUnclaimed],
    ['takes every text in parts that the platform accepts, and loses nothing', checkTexts],
    ['says in the text that it may be a repeat', checkLabel],

    ['knows that nothing was sent when there was no connection', checkRequestLost],
    ['knows that it does not know when the answer was lost', checkReplyLost],
    ['passes on how long the platform asks to wait, and does not wait', checkRateLimited],
    ['takes a refusal of the message for what it is', checkRefused],
    ['says when its credential is not good any more', checkUnauthenticated],
    ['ends a call when it is cut off', checkCutOff],
    ['sends nothing when it is cut off before', checkTooLate],
    ['answers with an outcome also after its end', checkAfterClose],
    ['sends a repeat once for as long as it claims', checkRepeat, capabilities.idempotentSendMs > 0],
    ['finds what arrived, and does not find what did not', checkResolve],
  ];
  return cases.flatMap(([name, check, applies = true]) =>
    applies ? [{ name, run: () => runOn(createHarness, patienceMs, check) }] : [],
  );
}

function proofOf(name: ConnectorOperation, supported: boolean): readonly [string, Check, boolean] {
  return [`can do what it claims: ${name}`, operationChecks[name], supported];
}

async function runOn(
  createHarness: () => Promise<ConnectorHarness>,
  patienceMs: number,
  check: Check,
): Promise<void> {
  const bench = new ContractBench(await createHarness(), patienceMs);
  let failure: { readonly thrown: unknown } | undefined;
  try {
    await check(bench);
  } catch (thrown) {
    failure = { thrown };
  }
  const ending = await bench.end().then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  );
  const first = failure ?? ending;
  if (first)
    throw first.thrown instanceof Error
      ? first.thrown
      : new assert.AssertionError({ message: String(first.thrown) });
}
