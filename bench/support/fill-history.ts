import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

/**
 * A database with so many finished events, each with its delivered answer and the steps of its trace, as
 * they look before retention comes. Keys are as random as those of platforms.
 */
export async function fillHistory(file: string, rows: number): Promise<void> {
  await fill(file, (db) => {
    for (const insert of history) db.prepare(insert).run(rows);
  });
}

/** A database with one lane in each queue in which so many rows stand behind one that waits. */
export async function fillStuckLanes(file: string, rows: number): Promise<void> {
  await fill(file, (db) => {
    for (const insert of stuck) db.prepare(insert).run(rows);
    for (const queue of ['inbox', 'outbox']) {
      db.prepare(`insert into lane (queue, name, source, due_at) values (?, ?, ?, ?)`).run(
        queue,
        stuckLane,
        'echo:default',
        Number.MAX_SAFE_INTEGER,
      );
      db.prepare(`insert into gauge (source, queue, state, n) values ('echo:default', ?, 'pending', ?)`).run(
        queue,
        rows,
      );
    }
  });
}

async function fill(file: string, run: (db: DatabaseSync) => void): Promise<void> {
  const { store } = await openSqliteStore(file, 0, (error) => {
    throw error;
  });
  await store.close();
  const db = new DatabaseSync(file);
  db.exec('pragma synchronous = off; pragma journal_mode = memory; pragma cache_size = -1000000; begin');
  run(db);
  db.exec('commit; pragma journal_mode = wal');
  db.close();
}

const numbers = 'with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)';
const room = `'echo:default/room-' || (i % 5000)`;
const event = `'{"type":"message.created","source":"echo:default","text":"' || hex(randomblob(100)) || '"}'`;
const operation = `'{"op":"send","text":"' || hex(randomblob(100)) || '"}'`;

const history = [
  `insert into inbox (id, source, lane, type, dedupe_key, trace_id, state, reason, rule_id, agent_id, attempts,
     accepted_at, due_at, first_attempt_at, finished_at, event)
   ${numbers}
   select printf('evt_%026d', i), 'echo:default', ${room}, 'message.created', hex(randomblob(16)),
     lower(hex(randomblob(16))), 'done', 'answered', 'echo', 'echo', 1, i, i, i, i, ${event} from n`,
  `insert into outbox (id, message_id, key, source, lane, part, parts, state, reason, origin, event_id, attempts,
     created_at, due_at, first_attempt_at, finished_at, platform_ids, first_platform_id, digest, address, operation)
   ${numbers}
   select printf('prt_%026d', i), printf('msg_%026d', i), printf('turn_%026d:0:0', i), 'echo:default', ${room}, 1, 1,
     'delivered', 'delivered', '{"kind":"turn"}', printf('evt_%026d', i), 1, i, i, i, i, '["x"]', hex(randomblob(16)),
     hex(randomblob(32)), '{"connector":"echo:default","conversation":"room"}', ${operation} from n`,
  `insert into journal (at, kind, level, source, subject, data)
   ${numbers}
   select i, 'inbound.accepted', 'info', 'echo:default', printf('evt_%026d', i), '{"type":"message.created"}' from n`,
  `insert into journal (at, kind, level, source, subject, data)
   ${numbers}
   select i, 'delivery.attempted', 'info', 'echo:default', printf('evt_%026d', i), '{"part":1,"attempt":1}' from n`,
];

const stuckLane = 'echo:default/stuck';
const stuck = [
  `insert into inbox (id, source, lane, type, dedupe_key, trace_id, state, accepted_at, due_at, event)
   ${numbers}
   select printf('evt_s%025d', i), 'echo:default', '${stuckLane}', 'message.created', hex(randomblob(16)),
     lower(hex(randomblob(16))), 'pending', i, 9007199254740991, ${event} from n`,
  `insert into outbox (id, message_id, key, source, lane, part, parts, state, origin, created_at, due_at, digest,
     address, operation)
   ${numbers}
   select printf('prt_s%025d', i), printf('msg_s%025d', i), printf('stuck:%d', i), 'echo:default', '${stuckLane}', 1, 1,
     'pending', '{"kind":"api","principal":"bench"}', i, 9007199254740991, hex(randomblob(32)),
     '{"connector":"echo:default","conversation":"stuck"}', ${operation} from n`,
];
