// The floor: the least that can be called durable ingest. Bare node:http, an HMAC, and SQLite inserts of which
// those of one turn of the event loop share a commit.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

const [file = '', secret = ''] = process.argv.slice(2);
const db = new DatabaseSync(file);
db.exec(
  'pragma journal_mode = wal; pragma synchronous = full; create table event (id text primary key, body blob not null)',
);
const insert = db.prepare('insert into event (id, body) values (?, ?) on conflict do nothing');
let waiting: { readonly id: string; readonly body: Buffer; readonly response: ServerResponse }[] = [];

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const given = Buffer.from(String(request.headers['x-hub-signature-256']).slice(7), 'hex');
    const expected = createHmac('sha256', secret).update(body).digest();
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(401).end();
      return;
    }
    if (waiting.length === 0) setImmediate(commit);
    waiting.push({ id: String(request.headers['x-github-delivery']), body, response });
  });
});

function commit(): void {
  const batch = waiting;
  waiting = [];
  db.exec('begin immediate');
  for (const { id, body } of batch) insert.run(id, body);
  db.exec('commit');
  for (const { response } of batch) response.writeHead(202, { 'content-length': 2 }).end('ok');
}

server.listen(0, '127.0.0.1', () =>
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
);
