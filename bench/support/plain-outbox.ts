// The floor: the least that can be called a durable outbox. One table, no lanes, no fencing, no counters, no trace.
import { DatabaseSync } from 'node:sqlite';

interface Job {
  readonly id: number;
  readonly payload: string;
}

export interface PlainOutbox {
  /** Resolves after the commit, which all calls of the same moment share. */
  enqueue(payload: string): Promise<void>;
  /** Takes up to `limit` jobs that nobody has. */
  claim(limit: number): Promise<readonly Job[]>;
  settle(id: number): Promise<void>;
  close(): void;
}

export function openPlainOutbox(file: string): PlainOutbox {
  const db = new DatabaseSync(file);
  db.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table job (id integer primary key, state text not null, payload text not null);
    create index job_pending on job (id) where state = 'pending'`);
  const insert = db.prepare(`insert into job (state, payload) values ('pending', ?)`);
  const claim = db.prepare(`update job set state = 'taken' where id in (
    select id from job where state = 'pending' order by id limit ?) returning id, payload`);
  const settle = db.prepare(`update job set state = 'done' where id = ?`);
  let waiting: (() => () => void)[] = [];

  const inNextCommit = <Value>(run: () => Value): Promise<Value> =>
    new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(commit);
      waiting.push(() => {
        const value = run();
        return () => resolve(value);
      });
    });
  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    db.exec('begin immediate');
    const answers = batch.map((run) => run());
    db.exec('commit');
    for (const answer of answers) answer();
  };

  return {
    enqueue: (payload) => inNextCommit(() => void insert.run(payload)),
    claim: (limit) => inNextCommit(() => claim.all(limit) as unknown as Job[]),
    settle: (id) => inNextCommit(() => void settle.run(id)),
    close: () => db.close(),
  };
}
