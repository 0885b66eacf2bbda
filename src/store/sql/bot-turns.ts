import type { ConnectorId } from '../../domain/ids.ts';
import { sql } from '../../lib/sql.ts';
import type { AccessStore } from '../access-store.ts';
import type { Methods, Tx } from './tx.ts';

export const botTurnMethods: Methods<Pick<AccessStore, 'takeBotTurn'>> = {
  async takeBotTurn(tx, { connector, sender, event, now, until, turnsMax }) {
    const known = await tx.get(sql`
      select event_id from bot_turn where connector = ${connector} and sender = ${sender} and event_id = ${event}`);
    if (known) return true;
    const counted = await tx.get<{ n: number }>(sql`
      select count(*) as n from bot_turn
      where connector = ${connector} and sender = ${sender} and expires_at > ${now}`);
    if ((counted?.n ?? 0) >= turnsMax) return false;
    await tx.run(sql`
      insert into bot_turn (connector, sender, event_id, expires_at)
      values (${connector}, ${sender}, ${event}, ${until})`);
    return true;
  },
};

export async function forgetBotTurns(tx: Tx, connector: ConnectorId): Promise<void> {
  await tx.run(sql`delete from bot_turn where connector = ${connector}`);
}
