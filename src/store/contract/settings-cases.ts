import assert from 'node:assert/strict';
import type { AgentSpec } from '../../domain/agent-spec.ts';
import type { AgentId, RuleId, TokenId } from '../../domain/ids.ts';
import type { Rule } from '../../domain/rule.ts';
import type { TokenRecord } from '../../domain/token.ts';
import { known, rejectsWith } from './checks.ts';
import type { StoreCase } from './store-case.ts';

function rule(id: string, position: number): Rule {
  return {
    id: id as RuleId,
    position,
    enabled: true,
    match: { sources: ['echo:*'], direct: true },
    action: 'accept',
    agent: 'a' as AgentId,
    allowFrom: [],
    denyFrom: ['echo:user:9'],
    directMessages: 'allow',
    mention: { required: false, patterns: ['*bot*'] },
    broadcast: 'deny',
    bots: 'deny',
    isolateSessionBySender: false,
  };
}

function token(id: string, rest: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id: id as TokenId,
    name: `name of ${id}`,
    digest: `digest of ${id}`,
    scopes: ['read', 'send'],
    createdAt: 1,
    ...rest,
  };
}

export const settingsCases: readonly StoreCase[] = [
  {
    name: 'lists rules in the order in which they are asked',
    async run(open) {
      const store = await open();
      for (const item of [rule('b', 20), rule('c', 10), rule('a', 20)]) await store.rules.putRule(item);

      assert.deepEqual(await store.rules.listRules(), [rule('c', 10), rule('a', 20), rule('b', 20)]);
      await store.rules.putRule(rule('c', 30));
      assert.deepEqual(
        (await store.rules.listRules()).map(({ id }) => id),
        ['a', 'b', 'c'],
      );
    },
  },
  {
    name: 'says whether the rule or agent to remove was there',
    async run(open) {
      const store = await open();
      await store.rules.putRule(rule('a', 1));

      const removed = [
        await store.rules.removeRule('a' as RuleId),
        await store.rules.removeRule('a' as RuleId),
      ];

      assert.deepEqual(removed, [true, false]);
      assert.deepEqual(await store.rules.listRules(), []);
      assert.equal(await store.agents.removeAgent('a' as AgentId), false);
    },
  },
  {
    name: 'keeps agents as they were put, by id',
    async run(open) {
      const store = await open();
      const agent = (id: string, kind: string): AgentSpec => ({
        ...{ id: id as AgentId, kind, config: { url: 'http://127.0.0.1:1', list: [1] }, enabled: true },
        ...{ concurrency: 4, timeoutMs: 60_000, attemptsMax: 5 },
      });
      for (const spec of [agent('b', 'http'), agent('a', 'http'), agent('a', 'echo')])
        await store.agents.putAgent(spec);

      assert.deepEqual(await store.agents.listAgents(), [agent('a', 'echo'), agent('b', 'http')]);
      assert.equal(await store.agents.removeAgent('a' as AgentId), true);
      assert.deepEqual(
        (await store.agents.listAgents()).map(({ id }) => id),
        ['b'],
      );
    },
  },
  {
    name: 'finds a token by its digest, also after it was changed',
    async run(open) {
      const store = await open();
      await store.tokens.putToken(token('a'));
      await store.tokens.putToken(token('b', { expiresAt: 9 }));

      assert.deepEqual(await store.tokens.getTokenByDigest('digest of b'), token('b', { expiresAt: 9 }));
      await store.tokens.putToken(token('b', { digest: 'new' }));

      assert.equal(await store.tokens.getTokenByDigest('digest of b'), undefined);
      assert.equal(known(await store.tokens.getTokenByDigest('new')).id, 'b');
      assert.deepEqual(
        (await store.tokens.listTokens()).map(({ id }) => id),
        ['a', 'b'],
      );
    },
  },
  {
    name: 'keeps a revoked token, and says since when',
    async run(open) {
      const store = await open();
      await store.tokens.putToken(token('a'));

      await store.tokens.revokeToken('a' as TokenId, 5_000);

      assert.deepEqual(await store.tokens.listTokens(), [token('a', { revokedAt: 5_000 })]);
      assert.equal((await store.tokens.getTokenByDigest('digest of a'))?.revokedAt, 5_000);
      await rejectsWith(store.tokens.revokeToken('none' as TokenId, 1), 'not_found');
    },
  },
  {
    name: 'keeps small values of the installation',
    async run(open) {
      const store = await open();

      await store.meta.putMeta('started', 'once');
      await store.meta.putMeta('started', 'twice');

      assert.equal(await store.meta.getMeta('started'), 'twice');
      assert.equal(await store.meta.getMeta('other'), undefined);
    },
  },
];
