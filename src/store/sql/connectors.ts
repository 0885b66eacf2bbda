import { AppError } from '../../domain/errors.ts';
import type { ConnectorId, ConnectorKind } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { ConnectorClaim, ConnectorRecord, ConnectorStore } from '../connector-store.ts';
import type { QueueName } from '../queue.ts';
import { forgetBotTurns } from './bot-turns.ts';
import { lockLane, rescheduleLane, table } from './lanes.ts';
import { forgetPairing } from './pairing.ts';
import { forgetPlatform } from './platforms.ts';
import { queueStateMethods } from './queue-states.ts';
import { fromJson, type Methods, present, toJson, type Tx } from './tx.ts';

interface ConnectorRow {
  id: ConnectorId;
  kind: ConnectorKind;
  config: string;
  secret_ref: string | null;
  enabled: number;
  created_at: number;
  updated_at: number;
}

const removalSliceRows = 500;

export const connectorMethods: Methods<ConnectorStore> = {
  ...queueStateMethods,

  async listConnectors(tx) {
    return (await tx.all<ConnectorRow>(sql`select * from connector order by id`)).map(toConnector);
  },

  async getConnector(tx, id) {
    const row = await tx.get<ConnectorRow>(sql`select * from connector where id = ${id}`);
    return row && toConnector(row);
  },

  async putConnector(tx, connector) {
    await tx.run(sql`
      insert into connector (id, kind, config, secret_ref, enabled, created_at, updated_at)
      values (${connector.id}, ${connector.kind}, ${toJson(connector.config)}, ${connector.secretRef},
        ${connector.enabled ? 1 : 0}, ${connector.createdAt}, ${connector.updatedAt})
      on conflict (id) do update set config = excluded.config, secret_ref = excluded.secret_ref,
        enabled = excluded.enabled, updated_at = excluded.updated_at`);
    tx.touch('connectors');
  },

  async removeConnector(tx, id, at) {
    // Whoever still runs it is stopped first. The row stays, so that the epoch grows when it is added again.
    await tx.run(sql`
      update connector_claim set owner = '', epoch = epoch + 1, until = 0 where connector = ${id}`);
    const events = await endPending(tx, 'inbox', id, at, removalSliceRows);
    const parts = await endPending(tx, 'outbox', id, at, removalSliceRows - events);
    if (events + parts === removalSliceRows) return { more: true };
    await tx.run(sql`delete from connector where id = ${id}`);
    await tx.run(sql`delete from platform_cursor where source = ${id}`);
    await tx.run(sql`delete from queue_state where source = ${id}`);
    await forgetPlatform(tx, id, at);
    await forgetPairing(tx, id);
    await forgetBotTurns(tx, id);
    tx.touch('connectors');
    return { more: false };
  },

  async claim(tx, id, owner, now, until) {
    const claimed = await tx.get<{ epoch: number }>(sql`
      insert into connector_claim (connector, owner, epoch, until) values (${id}, ${owner}, 1, ${until})
      on conflict (connector) do update set owner = excluded.owner, until = excluded.until,
        epoch = case when connector_claim.owner = excluded.owner and connector_claim.until > ${now}
          then connector_claim.epoch else connector_claim.epoch + 1 end
      where connector_claim.owner = excluded.owner or connector_claim.until <= ${now}
      returning epoch`);
    return claimed && { connector: id, owner, epoch: claimed.epoch };
  },

  async releaseClaim(tx, claim) {
    await tx.run(sql`
      update connector_claim set until = 0
      where connector = ${claim.connector} and owner = ${claim.owner} and epoch = ${claim.epoch}`);
    tx.touch('connectors');
  },

  async getCursor(tx, source) {
    const row = await tx.get<{ cursor: string }>(
      sql`select cursor from platform_cursor where source = ${source}`,
    );
    return row?.cursor;
  },
};

/** @throws AppError `lease_lost` when another owner has claimed the connector since. */
export async function checkClaim(tx: Tx, claim: ConnectorClaim): Promise<void> {
  const held = await tx.get<{ owner: string; epoch: number }>(sql`
    select owner, epoch from connector_claim where connector = ${claim.connector} ${tx.locks.forUpdate}`);
  if (held?.owner !== claim.owner || held.epoch !== claim.epoch) {
    throw new AppError('lease_lost', `${claim.connector} is run by another daemon now.`);
  }
}

/** Ends up to `rowsMax` rows that are pending, lane by lane, and answers how many it ended. */
async function endPending(
  tx: Tx,
  queue: QueueName,
  id: ConnectorId,
  at: number,
  rowsMax: number,
): Promise<number> {
  const lanes = await tx.all<{ name: string }>(sql`
    select name from lane where queue = ${queue} and source = ${id} order by due_at limit ${rowsMax}`);
  let ended = 0;
  for (const lane of lanes.map(({ name }) => name).toSorted()) {
    if (ended === rowsMax) break;
    await lockLane(tx, queue, lane);
    ended += await tx.run(sql`
      update ${table(queue)} set state = 'discarded', reason = 'connector_removed', opened = 0, finished_at = ${at}
      where seq in (
        select seq from ${table(queue)} where lane = ${lane} and state = 'pending' order by seq limit ${rowsMax - ended})`);
    await rescheduleLane(tx, queue, lane);
  }
  if (ended > 0) tx.touch(queue);
  tx.gauge(id, queue, 'pending', -ended);
  return ended;
}

function toConnector(row: ConnectorRow): ConnectorRecord {
  return present({
    id: row.id,
    kind: row.kind,
    config: fromJson(row.config) as Record<string, unknown>,
    secretRef: row.secret_ref,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
}
