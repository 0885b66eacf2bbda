-- Times are Unix milliseconds. `$serial` is the driver's own growing key.

-- A lane is one conversation of one source, and exists while something in it is pending. Its row is the
-- mutex that keeps it in order: adding to, leasing or settling a lane locks this row first.
create table lane (
  queue      text   not null,             -- 'inbox' or 'outbox'
  name       text   not null,
  source     text   not null,
  due_at     bigint not null,             -- when its head may be taken: at once, after a wait, or when its lease runs out
  lease_id   text,                        -- the fencing token of the live lease
  leased_seq bigint,                      -- the row that is out
  primary key (queue, name)
);
create index lane_due on lane (queue, source, due_at);

create table inbox (
  seq              $serial,
  id               text   not null unique,
  source           text   not null,
  lane             text   not null,
  type             text   not null,
  dedupe_key       text   not null,
  content_key      text,
  trace_id         text   not null,
  state            text   not null,       -- pending, done, ignored, dead, discarded
  reason           text,
  detail           text,
  rule_id          text,
  agent_id         text,
  delivery_id      text,
  attempts         integer not null default 0,
  opened           integer not null default 0,  -- an attempt began and has not been settled
  awaiting         integer not null default 0,  -- the agent has it and answers later
  answer_plan      text,                        -- JSON: where the answer of an awaited turn goes
  post_id          text,                        -- the post that ended a turn that was awaited
  duplicates       integer not null default 0,
  accepted_at      bigint not null,
  due_at           bigint not null,
  first_attempt_at bigint,
  finished_at      bigint,
  event            text                   -- JSON; null once retention has removed the contents
);
create unique index inbox_dedupe on inbox (source, dedupe_key);
create unique index inbox_content on inbox (source, content_key) where content_key is not null;
create index inbox_lane on inbox (lane, seq) where state = 'pending';
create index inbox_dead on inbox (finished_at, id) where state = 'dead';
create index inbox_dead_source on inbox (source, finished_at, id) where state = 'dead';
create index inbox_source on inbox (source, seq);
create index inbox_full on inbox (finished_at) where event is not null and state in ('done', 'ignored', 'discarded');
create index inbox_delivery on inbox (delivery_id) where delivery_id is not null and event is not null;
create index inbox_tombstone on inbox (finished_at) where event is null;

create table outbox (
  seq                $serial,
  id                 text   not null unique,
  message_id         text   not null,
  key                text   not null unique,
  source             text   not null,     -- the connector
  lane               text   not null,
  part               integer not null,
  parts              integer not null,
  state              text   not null,     -- pending, delivered, dead, held, discarded
  reason             text,
  detail             text,
  origin             text   not null,     -- JSON
  event_id           text,
  attempts           integer not null default 0,
  deferrals          integer not null default 0,
  opened             integer not null default 0,
  uncertain          integer not null default 0,
  possible_duplicate integer not null default 0,
  created_at         bigint not null,
  due_at             bigint not null,
  first_attempt_at   bigint,
  finished_at        bigint,
  platform_ids       text,                -- JSON
  first_platform_id  text,
  digest             text   not null,     -- of address and operation: the same key must mean the same thing
  address            text,                -- JSON; null once retention has removed the contents
  operation          text                 -- JSON
);
create index outbox_lane on outbox (lane, seq) where state = 'pending';
create index outbox_message on outbox (message_id, part);
create index outbox_event on outbox (event_id) where event_id is not null;
create index outbox_dead on outbox (finished_at, id) where state in ('dead', 'held');
create index outbox_dead_source on outbox (source, finished_at, id) where state in ('dead', 'held');
create index outbox_platform on outbox (source, first_platform_id) where first_platform_id is not null;
create index outbox_full on outbox (finished_at) where operation is not null and state in ('delivered', 'discarded');
create index outbox_tombstone on outbox (finished_at) where operation is null;

-- Lanes in which we have spoken: what makes us a participant of a thread.
create table participation (
  lane text   not null primary key,
  at   bigint not null
);

-- A queue that does not move, and why. No row means that it moves.
create table queue_state (
  source        text    not null primary key,
  paused        integer not null default 0,
  pause_reason  text,
  hold_reason   text,
  hold_until    bigint,
  drain_through bigint
);

create table connector (
  id          text    not null primary key,
  kind        text    not null,
  config      text    not null,           -- JSON
  secret_ref  text,
  enabled     integer not null,
  created_at  bigint  not null,
  updated_at  bigint  not null
);
-- Who holds the live session of a connector. The epoch only grows, so a stale holder is found out.
create table connector_claim (
  connector text   not null primary key,
  owner     text   not null,
  epoch     bigint not null,
  until     bigint not null
);
create table platform_cursor (
  source     text   not null primary key,
  cursor     text   not null,
  updated_at bigint not null
);

create table integration (
  id         text   not null primary key,
  enabled    integer not null,
  record     text   not null,             -- JSON
  updated_at bigint not null
);
create table delivery (
  seq            $serial,
  id             text   not null unique,
  integration    text   not null,
  at             bigint not null,
  remote_address text   not null,
  headers        text   not null,         -- JSON: name and value in turn, as received
  body           bytea,                   -- null for a duplicate, and once retention has removed it
  body_bytes     integer not null,
  verdict        text   not null,
  reason         text   not null,
  detail         text,
  provider_event text,
  secret_ref     text,
  skew_ms        bigint,
  event_id       text
);
create index delivery_integration on delivery (integration, seq);
create index delivery_refused on delivery (integration, seq) where verdict not in ('accepted', 'duplicate');

create table rule  (id text not null primary key, position bigint not null, record text not null);
create table agent (id text not null primary key, record text not null);
create table token (id text not null primary key, digest text not null unique, record text not null);

create table secret (
  scope         text   not null,
  key           text   not null,
  master_key_id text   not null,
  envelope      bytea  not null,
  created_at    bigint not null,
  updated_at    bigint not null,
  primary key (scope, key)
);
create table meta (key text not null primary key, value text not null);

create table journal (
  seq     $serial,
  at      bigint not null,
  kind    text   not null,
  level   text   not null,
  source  text,
  subject text,
  data    text   not null                 -- JSON
);
create index journal_subject on journal (subject, seq) where subject is not null;
create index journal_source on journal (source, seq) where source is not null;

create table audit (
  seq       $serial,
  at        bigint not null,
  principal text   not null,
  action    text   not null,
  target    text   not null,
  detail    text   not null
);

-- Changed in the same commit as the rows that they count.
create table gauge (
  source text   not null,
  queue  text   not null,
  state  text   not null,
  n      bigint not null,
  primary key (source, queue, state)
);
create table activity (
  source text   not null,
  minute bigint not null,
  kind   text   not null,
  n      bigint not null,
  primary key (minute, source, kind)
);
create table total (
  source text   not null,
  kind   text   not null,
  n      bigint not null,
  primary key (source, kind)
);
