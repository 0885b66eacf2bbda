import assert from 'node:assert/strict';
import type { Approval, ApprovalId } from '../../domain/approval.ts';
import type { PairingGrant } from '../../domain/pairing.ts';
import type { BotTurn, Redemption } from '../access-store.ts';
import type { Store } from '../store.ts';
import { rejectsWith } from './checks.ts';
import { connector, eventId, leaseRequest, newMessage, otherConnector } from './data.ts';
import type { StoreCase } from './store-case.ts';

const sender = 'echo:user:1';

function approval(id: string, rest: Partial<Approval> = {}): Approval {
  return {
    id: `apr_${id}` as ApprovalId,
    kind: 'message',
    subject: `subject of ${id}`,
    connector,
    requester: 'tok_a',
    risk: 'high',
    contentHash: `hash of ${id}`,
    request: { text: 'new text' },
    state: 'pending',
    createdAt: 1_000,
    expiresAt: 10_000,
    ...rest,
  };
}

function grant(rest: Partial<PairingGrant> = {}): PairingGrant {
  return { connector, sender, grantedBy: 'tok_b', grantedAt: 2_000, expiresAt: 5_000, ...rest };
}

function redemption(digest: string, now: number, rest: Partial<Redemption> = {}): Redemption {
  const who = rest.sender ?? sender;
  const pending = approval(`${digest}.${now}`, {
    kind: 'pairing',
    subject: `pairing:${connector}:${who}`,
    requester: who,
    createdAt: now,
    expiresAt: now + 900,
  });
  return {
    ...{ connector, sender, digest, now, attemptsMax: 2, attemptsWindowMs: 1_000, approval: pending },
    ...rest,
  };
}

function botTurn(key: string, now: number, rest: Partial<BotTurn> = {}): BotTurn {
  return { connector, sender, event: eventId(key), now, until: now + 1_000, turnsMax: 2, ...rest };
}

function putCode(store: Store, digest: string, expiresAt: number): Promise<void> {
  return store.access.putPairingCode({ digest, connector, issuedBy: 'tok_b', createdAt: 1, expiresAt });
}

const pairing: readonly StoreCase[] = [
  {
    name: 'uses a pairing code up, for one sender only',
    async run(open) {
      const store = await open();
      await putCode(store, 'good', 9_000);

      const first = await store.access.redeemPairingCode(redemption('good', 1_000));
      const again = await store.access.redeemPairingCode(redemption('good', 1_100));
      const other = await store.access.redeemPairingCode(
        redemption('good', 1_200, { sender: 'echo:user:2' }),
      );

      assert.equal(first.kind, 'pending');
      assert.deepEqual(again, { kind: 'already_pending', approval: first.approval });
      assert.equal(other.kind, 'invalid');
      assert.deepEqual(await store.access.listPairingCodes(connector, 1_000), []);
    },
  },
  {
    name: 'locks a sender out after too many wrong codes, until the window is over',
    async run(open) {
      const store = await open();
      await putCode(store, 'good', 9_000);
      await putCode(store, 'old', 900);

      const results = [
        await store.access.redeemPairingCode(redemption('bad', 1_000)),
        await store.access.redeemPairingCode(redemption('old', 1_001)),
        await store.access.redeemPairingCode(redemption('good', 1_002)),
        await store.access.redeemPairingCode(redemption('good', 2_001)),
      ];

      assert.deepEqual(
        results.map((result) => (result.kind === 'pending' ? result.kind : result)),
        [
          { kind: 'invalid', attemptsLeft: 1 },
          { kind: 'expired', attemptsLeft: 0 },
          { kind: 'locked', until: 2_000 },
          'pending',
        ],
      );
    },
  },
  {
    name: 'takes a code on the connector that it was made for only',
    async run(open) {
      const store = await open();
      await putCode(store, 'good', 9_000);

      const result = await store.access.redeemPairingCode(
        redemption('good', 1_000, { connector: otherConnector }),
      );

      assert.equal(result.kind, 'invalid');
      assert.equal((await store.access.listPairingCodes(connector, 1_000)).length, 1);
      assert.deepEqual(await store.access.listPairingCodes(otherConnector, 1_000), []);
    },
  },
  {
    name: 'tells a sender how to pair once in a while',
    async run(open) {
      const store = await open();
      const take = (now: number): Promise<boolean> =>
        store.access.takePairingHint(connector, sender, now, 1_000);

      assert.deepEqual([await take(5_000), await take(5_999), await take(6_000)], [true, false, true]);
    },
  },
  {
    name: 'counts the turns of a bot, each once, until their time is over',
    async run(open) {
      const store = await open();
      const take = (key: string, now: number, rest: Partial<BotTurn> = {}): Promise<boolean> =>
        store.access.takeBotTurn(botTurn(key, now, rest));

      const first = [await take('a', 1_000), await take('b', 1_500)];
      const full = [await take('c', 1_999), await take('a', 1_999)];
      const others = [
        await take('d', 1_999, { sender: 'echo:user:2' }),
        await take('e', 1_999, { connector: otherConnector }),
      ];
      const later = [await take('c', 2_000), await take('f', 2_000)];

      assert.deepEqual(first, [true, true]);
      assert.deepEqual(full, [false, true]);
      assert.deepEqual(others, [true, true]);
      assert.deepEqual(later, [true, false]);
    },
  },
  {
    name: 'forgets the turns of a bot with the connector, and once they do not count any more',
    async run(open) {
      const store = await open();
      await store.access.takeBotTurn(botTurn('a', 1_000));
      await store.access.takeBotTurn(botTurn('b', 1_001));
      await store.access.takeBotTurn(botTurn('c', 1_001, { sender: 'echo:user:2' }));
      const keep = 9e12;

      const { removed } = await store.maintenance.prune({
        ...{ now: 2_000, contentsMs: keep, tombstonesMs: keep, deadLettersMs: keep },
        ...{ journalMs: keep, auditMs: keep, activityMs: keep, sliceRows: 100 },
      });
      await store.connectors.removeConnector(connector, 2_000);

      assert.equal(removed, 1);
      assert.equal(await store.access.takeBotTurn(botTurn('d', 1_500, { turnsMax: 1 })), true);
    },
  },
  {
    name: 'writes the grant with the decision, and takes it away again',
    async run(open) {
      const store = await open();
      await putCode(store, 'good', 9_000);
      const redeemed = await store.access.redeemPairingCode(redemption('good', 1_000));
      assert.ok(redeemed.kind === 'pending');

      await store.access.decideApproval({
        ...{ id: redeemed.approval, approve: true, principal: 'tok_b', now: 1_500, grant: grant() },
      });

      assert.deepEqual(await store.access.listPairingGrants(2_000), [grant()]);
      assert.deepEqual(await store.access.listPairingGrants(5_000), []);
      assert.deepEqual(await store.access.redeemPairingCode(redemption('x', 2_000)), {
        kind: 'already_active',
        expiresAt: 5_000,
      });
      assert.equal(await store.access.revokePairingGrant(connector, sender), true);
      assert.equal(await store.access.revokePairingGrant(connector, sender), false);
      assert.deepEqual(await store.access.listPairingGrants(2_000), []);
    },
  },
];

const approvals: readonly StoreCase[] = [
  {
    name: 'answers a repeated request with the approval that is pending, and replaces one for other contents',
    async run(open) {
      const store = await open();
      const first = approval('a', { subject: 's' });
      await store.access.requestApproval(first);

      const same = await store.access.requestApproval({ ...first, id: 'apr_b' as ApprovalId });
      const other = await store.access.requestApproval(approval('c', { subject: 's' }));

      assert.equal(same.id, first.id);
      assert.equal(other.id, 'apr_c');
      assert.equal((await store.access.getApproval(first.id))?.state, 'denied');
      const { items } = await store.access.listApprovals({ state: 'pending' }, { limit: 10 });
      assert.deepEqual(items, [other]);
    },
  },
  {
    name: 'lets another principal than the one who asked decide, once, in time',
    async run(open) {
      const store = await open();
      const { id } = await store.access.requestApproval(approval('a'));
      const late = await store.access.requestApproval(approval('late'));
      const decide = (principal: string, now = 2_000): Promise<Approval> =>
        store.access.decideApproval({ id, approve: true, principal, now });

      await rejectsWith(decide('tok_a'), 'forbidden');
      const decided = await decide('tok_b');
      assert.deepEqual([decided.state, decided.decidedBy, decided.decidedAt], ['approved', 'tok_b', 2_000]);
      await rejectsWith(decide('tok_c'), 'conflict');
      await rejectsWith(
        store.access.decideApproval({ id: late.id, approve: true, principal: 'tok_b', now: 10_000 }),
        'conflict',
      );
      await rejectsWith(
        store.access.decideApproval({ id: 'apr_no' as ApprovalId, approve: true, principal: 'b', now: 1 }),
        'not_found',
      );
    },
  },
  {
    name: 'is good for once, for what was asked, and for who asked',
    async run(open) {
      const store = await open();
      const { id } = await store.access.requestApproval(approval('a'));
      let count = 0;
      const use = (contentHash: string, principal = 'tok_a', now = 3_000): Promise<unknown> =>
        store.outbox.enqueue(newMessage({ key: `use-${++count}` }), now, 10, { id, contentHash, principal });
      await rejectsWith(use('hash of a'), 'conflict');
      await store.access.decideApproval({ id, approve: true, principal: 'tok_b', now: 2_000 });

      await rejectsWith(use('another hash'), 'conflict');
      await rejectsWith(use('hash of a', 'tok_b'), 'forbidden');
      await rejectsWith(use('hash of a', 'tok_a', 10_000), 'conflict');
      await use('hash of a');
      await rejectsWith(use('hash of a'), 'conflict');

      assert.equal((await store.access.getApproval(id))?.state, 'consumed');
      assert.equal((await store.outbox.lease(leaseRequest(4_000))).rows.length, 1);
    },
  },
  {
    name: 'is not used up by what could not be stored',
    async run(open) {
      const store = await open();
      const { id, contentHash } = await store.access.requestApproval(approval('a'));
      await store.access.decideApproval({ id, approve: true, principal: 'tok_b', now: 2_000 });
      await store.outbox.enqueue(newMessage({ key: 'full' }), 2_000, 1);

      await rejectsWith(
        store.outbox.enqueue(newMessage({ key: 'more' }), 3_000, 1, { id, contentHash, principal: 'tok_a' }),
        'unavailable',
      );

      assert.equal((await store.access.getApproval(id))?.state, 'approved');
    },
  },
];

export const accessCases: readonly StoreCase[] = [...pairing, ...approvals];
