import type { AgentSpec } from '../../domain/agent-spec.ts';
import { AppError } from '../../domain/errors.ts';
import type { Rule } from '../../domain/rule.ts';
import { sql } from '../../lib/sql.ts';
import type { TokenRecord } from '../../domain/token.ts';
import type { AgentStore, MetaStore, RuleStore, TokenStore } from '../settings-store.ts';
import { fromJson, type Methods, toJson } from './tx.ts';

interface RecordRow {
  record: string;
}

export const ruleMethods: Methods<RuleStore> = {
  async listRules(tx) {
    const rows = await tx.all<RecordRow>(sql`select record from rule order by position, id`);
    return rows.map((row) => fromJson(row.record) as Rule);
  },

  async putRule(tx, rule) {
    await tx.run(sql`
      insert into rule (id, position, record) values (${rule.id}, ${rule.position}, ${toJson(rule)})
      on conflict (id) do update set position = excluded.position, record = excluded.record`);
    tx.touch('rules');
  },

  async removeRule(tx, id) {
    tx.touch('rules');
    return (await tx.run(sql`delete from rule where id = ${id}`)) > 0;
  },
};

export const agentMethods: Methods<AgentStore> = {
  async listAgents(tx) {
    const rows = await tx.all<RecordRow>(sql`select record from agent order by id`);
    return rows.map((row) => fromJson(row.record) as AgentSpec);
  },

  async putAgent(tx, agent) {
    await tx.run(sql`
      insert into agent (id, record) values (${agent.id}, ${toJson(agent)})
      on conflict (id) do update set record = excluded.record`);
    tx.touch('agents');
  },

  async removeAgent(tx, id) {
    tx.touch('agents');
    return (await tx.run(sql`delete from agent where id = ${id}`)) > 0;
  },
};

export const tokenMethods: Methods<TokenStore> = {
  async listTokens(tx) {
    const rows = await tx.all<RecordRow>(sql`select record from token order by id`);
    return rows.map((row) => fromJson(row.record) as TokenRecord);
  },

  async getTokenByDigest(tx, digest) {
    const row = await tx.get<RecordRow>(sql`select record from token where digest = ${digest}`);
    return row && (fromJson(row.record) as TokenRecord);
  },

  async putToken(tx, token) {
    await tx.run(sql`
      insert into token (id, digest, record) values (${token.id}, ${token.digest}, ${toJson(token)})
      on conflict (id) do update set digest = excluded.digest, record = excluded.record`);
  },

  async revokeToken(tx, id, at) {
    const row = await tx.get<RecordRow>(sql`select record from token where id = ${id}`);
    if (!row) throw new AppError('not_found', `There is no token ${id}.`);
    const token: TokenRecord = { ...(fromJson(row.record) as TokenRecord), revokedAt: at };
    await tx.run(sql`update token set record = ${toJson(token)} where id = ${id}`);
  },
};

export const metaMethods: Methods<MetaStore> = {
  async getMeta(tx, key) {
    return (await tx.get<{ value: string }>(sql`select value from meta where key = ${key}`))?.value;
  },

  async putMeta(tx, key, value) {
    await tx.run(sql`
      insert into meta (key, value) values (${key}, ${value}) on conflict (key) do update set value = excluded.value`);
  },
};
