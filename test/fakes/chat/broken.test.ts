import { expect, it } from 'vitest';
import type { ConnectorAdapter, ConnectorHost, ConnectorSession } from '../../../src/connectors/connector.ts';
import { connectorContract } from '../../../src/connectors/contract.ts';
import type { ConnectorHarness } from '../../../src/connectors/contract-harness.ts';
import { AppError, isAppError } from '../../../src/domain/errors.ts';
import type { OutboundPart } from '../../../src/domain/outbound.ts';
import type { DeliveryOutcome } from '../../../src/domain/outcome.ts';
import { createChatHarness } from './harness.ts';

type Adapter = ConnectorAdapter;
type Sends = (
  part: OutboundPart,
  send: (part: OutboundPart) => Promise<DeliveryOutcome>,
  host: ConnectorHost<unknown>,
) => Promise<DeliveryOutcome>;

/** The adapter, with something in place of its host or its session. */
function opening(
  adapter: Adapter,
  {
    host = (own) => own,
    session = (own) => own,
  }: {
    readonly host?: (own: ConnectorHost<unknown>) => ConnectorHost<unknown>;
    readonly session?: (own: ConnectorSession, host: ConnectorHost<unknown>) => ConnectorSession;
  },
): Adapter {
  return {
    ...adapter,
    open: async (own, signal) => session(await adapter.open(host(own), signal), own),
  };
}

/** Takes `accept` for its own; the rest is the host's. */
const accepting =
  (accept: (own: ConnectorHost<unknown>) => ConnectorHost<unknown>['accept']) =>
  (adapter: Adapter): Adapter =>
    opening(adapter, {
      host: (own) => ({
        ...own,
        secret: () => own.secret(),
        loadCursor: () => own.loadCursor(),
        listConversations: (limit) => own.listConversations(limit),
        takeAccount: (account) => own.takeAccount(account),
        accept: accept(own),
      }),
    });

function sending(sends: Sends): (adapter: Adapter) => Adapter {
  return (adapter) =>
    opening(adapter, {
      session: (own, host) => ({
        ...own,
        sendOutbound: (part, signal) => sends(part, (other) => own.sendOutbound(other, signal), host),
      }),
    });
}

const claiming =
  (claims: Partial<Adapter['capabilities']>) =>
  (adapter: Adapter): Adapter => ({ ...adapter, capabilities: { ...adapter.capabilities, ...claims } });

const claimingOperation =
  (name: 'edit' | 'typing' | 'read') =>
  (adapter: Adapter): Adapter => {
    const { operations } = adapter.capabilities;
    return claiming({ operations: { ...operations, [name]: { ...operations[name], supported: true } } })(
      adapter,
    );
  };

/** A fault of an adapter, the case that must see it, and what that says of it. */
const faults: readonly (readonly [string, (adapter: Adapter) => Adapter, string, RegExp])[] = [
  [
    'acknowledges what it has not stored yet',
    accepting((own) => async (...given) => {
      void own.accept(...given).catch(() => undefined);
      return [];
    }),
    'acknowledges nothing before it is stored',
    /Acknowledged before it was stored/,
  ],
  [
    'swallows a refusal of the store',
    accepting(
      (own) =>
        (...given) =>
          own.accept(...given).catch(() => []),
    ),
    'offers again what could not be stored, and moves no cursor past it',
    /It is offered twice: not within/,
  ],
  [
    'goes on when another daemon runs the connector',
    accepting(
      (own) =>
        (...given) =>
          own.accept(...given).catch(() => []),
    ),
    'ends a session whose connector another daemon runs',
    /The session ends: not within/,
  ],
  [
    'does not say which account it is',
    (adapter) =>
      opening(adapter, {
        host: (own) => ({
          ...own,
          secret: () => own.secret(),
          loadCursor: () => own.loadCursor(),
          accept: (...given) => own.accept(...given),
          takeAccount: () => undefined,
        }),
      }),
    'opens no session as an account that another connector has',
    /Missing expected rejection/,
  ],
  [
    'makes an error of its own of an account that is taken',
    (adapter) => ({
      ...adapter,
      open: (host, signal) =>
        adapter.open(host, signal).catch((error: unknown) => {
          throw isAppError(error, 'conflict') ? new AppError('conflict', 'The account is taken.') : error;
        }),
    }),
    'opens no session as an account that another connector has',
    /It was to throw what `takeAccount` threw/,
  ],
  [
    'answers in the channel instead of the thread',
    sending(({ address: { thread: _thread, ...address }, ...part }, send) => send({ ...part, address })),
    'can do what it claims: thread',
    /The answer left the thread/,
  ],
  [
    'answers in another conversation',
    sending((part, send) => send({ ...part, address: { ...part.address, conversation: 'room' } })),
    'can do what it claims: send',
    /not where the question was/,
  ],
  ['claims to edit', claimingOperation('edit'), 'can do what it claims: edit', /It was not delivered/],
  [
    'claims to show that it types',
    claimingOperation('typing'),
    'can do what it claims: typing',
    /It was not delivered/,
  ],
  ['claims to read', claimingOperation('read'), 'can do what it claims: read', /It claims to read/],
  [
    'claims that the platform knows repeats',
    claiming({ idempotentSendMs: 60_000 }),
    'sends a repeat once for as long as it claims',
    /The repeat is known by another id/,
  ],
  [
    'claims events that never come',
    claiming({ inbound: ['message.created', 'message.edited'] }),
    'brings in what it claims: message.edited',
    /the harness cannot make it happen/,
  ],
  [
    'says that it did what it cannot do',
    sending(async ({ operation, ...part }, send) =>
      operation.op === 'send' ? send({ ...part, operation }) : { kind: 'delivered', platformIds: [] },
    ),
    'refuses what it does not claim',
    /It does not claim edit/,
  ],
  [
    'calls a lost answer a failure',
    sending(async (part, send) => {
      const outcome = await send(part);
      return outcome.kind === 'unknown'
        ? { ...outcome, kind: 'retry', scope: 'lane', deferral: false }
        : outcome;
    }),
    'knows that it does not know when the answer was lost',
    /Nobody can know whether it was posted/,
  ],
  [
    'counts a wait as a failure',
    sending(async (part, send) => {
      const outcome = await send(part);
      return outcome.kind === 'retry' ? { ...outcome, deferral: false } : outcome;
    }),
    'passes on how long the platform asks to wait, and does not wait',
    /To wait is no failure/,
  ],
  [
    'throws what the platform answered',
    sending(async (part, send) => {
      const outcome = await send(part);
      if (outcome.kind === 'rejected') throw new Error(outcome.detail);
      return outcome;
    }),
    'takes a refusal of the message for what it is',
    /that is no message/,
  ],
  [
    'tells its secret in an outcome',
    sending(async (part, send, host) => {
      const outcome = await send(part);
      return outcome.kind === 'rejected' ? { ...outcome, detail: (await host.secret()).reveal() } : outcome;
    }),
    'takes a refusal of the message for what it is',
    /The secret stands in/,
  ],
  [
    'tells its secret in the log',
    (adapter) =>
      opening(adapter, {
        session: (own, host) => {
          void host.secret().then((secret) => host.log.info('session.opened', { token: secret.reveal() }));
          return own;
        },
      }),
    'closes when it is asked to, also twice',
    /The secret stands in/,
  ],
  [
    'says that it hears its platform, and nobody can tell',
    (adapter) =>
      opening(adapter, { session: (own) => ({ ...own, receiving: () => ({ ok: true, since: 0 }) }) }),
    'knows whether it hears its platform, where it says so',
    /the harness cannot cut it off/,
  ],
  [
    'finds what was never sent',
    (adapter) =>
      opening(adapter, {
        session: (own) => ({
          ...own,
          resolveUnknown: async () => ({ kind: 'delivered', platformIds: ['m1'] }),
        }),
      }),
    'finds what arrived, and does not find what did not',
    /It found what was never sent/,
  ],
  [
    'sends a repeat without a label',
    sending((part, send) => send({ ...part, possibleDuplicate: false })),
    'says in the text that it may be a repeat',
    /It does not say that it may be a repeat/,
  ],
  [
    'cuts texts too long',
    claiming({ textMax: 10_000 }),
    'takes every text in parts that the platform accepts, and loses nothing',
    /It was not delivered/,
  ],
  [
    'loses the end of a long text',
    (adapter) => ({ ...adapter, split: ({ text }) => [{ op: 'send', text: text.slice(0, 64) }] }),
    'takes every text in parts that the platform accepts, and loses nothing',
    /Something of the text is lost/,
  ],
  [
    'takes anything for an identity',
    (adapter) => ({
      ...adapter,
      canonicalIdentity: (entity, raw) => `chat:${entity}:${raw.replace(`chat:${entity}:`, '')}`,
    }),
    'spells every identity in one way, and refuses what is none',
    /user "<@ada>"/,
  ],
  [
    'does not listen to its signal',
    (adapter) =>
      opening(adapter, {
        session: (own) => ({
          ...own,
          sendOutbound: (part) => own.sendOutbound(part, new AbortController().signal),
        }),
      }),
    'sends nothing when it is cut off before',
    /delivered/,
  ],
];

it.each(faults)('the contract sees an adapter that %s', async (_what, breakIt, name, says) => {
  const createHarness = async (): Promise<ConnectorHarness> => {
    const harness = await createChatHarness({ idempotentKeys: false, lookUp: false });
    return { ...harness, adapter: breakIt(harness.adapter) };
  };
  const harness = await createHarness();
  await harness.close();
  const cases = connectorContract(harness.adapter, createHarness, { patienceMs: 500 });

  const failing = cases.find((each) => each.name === name)?.run();

  await expect(failing).rejects.toThrow(says);
});
