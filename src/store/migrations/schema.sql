CREATE TABLE activity (
  source text   not null,
  minute bigint not null,
  kind   text   not null,
  n      bigint not null,
  primary key (minute, source, kind)
);

CREATE TABLE agent (id text not null primary key, record text not null);

CREATE TABLE approval (
  seq          integer primary key autoincrement,
  id           text   not null unique,
  kind         text   not null,           -- message, pairing
  subject      text   not null,           -- what it is about; only one may be pending for it
  connector    text   not null,
  requester    text   not null,
  risk         text   not null,
  content_hash text   not null,
  request      text   not null,           -- JSON
  state        text   not null,           -- pending, approved, denied, consumed
  created_at   bigint not null,
  expires_at   bigint not null,
  decided_by   text,
  decided_at   bigint
);

CREATE INDEX approval_age on approval (expires_at);

CREATE UNIQUE INDEX approval_pending on approval (subject) where state = 'pending';

CREATE TABLE artifact (
  id           text   not null primary key,
  content_type text   not null,
  bytes        bigint not null,
  created_at   bigint not null,
  used_at      bigint not null
);

CREATE INDEX artifact_age on artifact (used_at);

CREATE TABLE attachment (
  event_id text   not null,
  id       text   not null,
  artifact text,                          -- null when it was not taken
  reason   text   not null,
  at       bigint not null,
  primary key (event_id, id)
);

CREATE INDEX attachment_age on attachment (at);

CREATE INDEX attachment_artifact on attachment (artifact) where artifact is not null;

CREATE TABLE audit (
  seq       integer primary key autoincrement,
  at        bigint not null,
  principal text   not null,
  action    text   not null,
  target    text   not null,
  detail    text   not null
);

CREATE TABLE bot_turn (
  connector  text   not null,
  sender     text   not null,
  event_id   text   not null,
  expires_at bigint not null,             -- from when on it does not count any more
  primary key (connector, sender, event_id)
);

CREATE INDEX bot_turn_expiry on bot_turn (expires_at);

CREATE TABLE connector (
  id          text    not null primary key,
  kind        text    not null,
  config      text    not null,           -- JSON
  secret_ref  text,
  enabled     integer not null,
  created_at  bigint  not null,
  updated_at  bigint  not null
);

CREATE TABLE connector_claim (
  connector text   not null primary key,
  owner     text   not null,
  epoch     bigint not null,
  until     bigint not null
);

CREATE TABLE conversation (
  lane         text   not null primary key,
  source       text   not null,
  conversation text   not null,
  thread       text,
  guild        text,
  direct       integer not null default 0,
  position     text   not null,           -- of the newest committed message; longer is later, then by text
  seen_at      bigint not null
);

CREATE INDEX conversation_age on conversation (seen_at);

CREATE INDEX conversation_source on conversation (source, seen_at desc, lane);

CREATE TABLE delivery (
  seq            integer primary key autoincrement,
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

CREATE INDEX delivery_integration on delivery (integration, seq);

CREATE INDEX delivery_refused on delivery (integration, seq) where verdict not in ('accepted', 'duplicate');

CREATE TABLE gap (
  seq        integer primary key autoincrement,
  id         text    not null unique,
  source     text    not null,
  scope      text    not null,            -- which of the connector's connections, e.g. a shard
  from_at    bigint  not null,
  to_at      bigint,
  cause      text    not null,
  state      text    not null,            -- open, resumed, read_back, skipped
  detail     text,
  recovered  integer not null default 0,
  duplicates integer not null default 0,
  skipped    integer not null default 0
);

CREATE INDEX gap_ended on gap (to_at) where state <> 'open';

CREATE INDEX gap_open on gap (source, scope) where state = 'open';

CREATE INDEX gap_source on gap (source, seq);

CREATE TABLE gauge (
  source text   not null,
  queue  text   not null,
  state  text   not null,
  n      bigint not null,
  primary key (source, queue, state)
);

CREATE TABLE inbox (
  seq              integer primary key autoincrement,
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

CREATE UNIQUE INDEX inbox_content on inbox (source, content_key) where content_key is not null;

CREATE INDEX inbox_dead on inbox (finished_at, id) where state = 'dead';

CREATE INDEX inbox_dead_source on inbox (source, finished_at, id) where state = 'dead';

CREATE UNIQUE INDEX inbox_dedupe on inbox (source, dedupe_key);

CREATE INDEX inbox_delivery on inbox (delivery_id) where delivery_id is not null and event is not null;

CREATE INDEX inbox_full on inbox (finished_at) where event is not null and state in ('done', 'ignored', 'discarded');

CREATE INDEX inbox_lane on inbox (lane, seq) where state = 'pending';

CREATE INDEX inbox_source on inbox (source, seq);

CREATE INDEX inbox_tombstone on inbox (finished_at) where event is null;

CREATE TABLE integration (
  id         text   not null primary key,
  enabled    integer not null,
  record     text   not null,             -- JSON
  updated_at bigint not null
);

CREATE TABLE journal (
  seq     integer primary key autoincrement,
  at      bigint not null,
  kind    text   not null,
  level   text   not null,
  source  text,
  subject text,
  data    text   not null                 -- JSON
);

CREATE INDEX journal_source on journal (source, seq) where source is not null;

CREATE INDEX journal_subject on journal (subject, seq) where subject is not null;

CREATE TABLE lane (
  queue      text   not null,             -- 'inbox' or 'outbox'
  name       text   not null,
  source     text   not null,
  due_at     bigint not null,             -- when its head may be taken: at once, after a wait, or when its lease runs out
  lease_id   text,                        -- the fencing token of the live lease
  leased_seq bigint,                      -- the row that is out
  primary key (queue, name)
);

CREATE INDEX lane_due on lane (queue, source, due_at);

CREATE TABLE meta (key text not null primary key, value text not null);

CREATE TABLE note (
  source     text   not null,
  key        text   not null,
  value      text   not null,
  expires_at bigint,
  primary key (source, key)
);

CREATE INDEX note_expiry on note (expires_at) where expires_at is not null;

CREATE TABLE outbox (
  seq                integer primary key autoincrement,
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

CREATE INDEX outbox_dead on outbox (finished_at, id) where state in ('dead', 'held');

CREATE INDEX outbox_dead_source on outbox (source, finished_at, id) where state in ('dead', 'held');

CREATE INDEX outbox_event on outbox (event_id) where event_id is not null;

CREATE INDEX outbox_full on outbox (finished_at) where operation is not null and state in ('delivered', 'discarded');

CREATE INDEX outbox_lane on outbox (lane, seq) where state = 'pending';

CREATE INDEX outbox_message on outbox (message_id, part);

CREATE INDEX outbox_platform on outbox (source, first_platform_id) where first_platform_id is not null;

CREATE INDEX outbox_tombstone on outbox (finished_at) where operation is null;

CREATE TABLE pairing_attempt (
  connector  text    not null,
  sender     text    not null,
  failures   integer not null default 0,
  since      bigint  not null,
  hinted_at  bigint,
  primary key (connector, sender)
);

CREATE INDEX pairing_attempt_age on pairing_attempt (since);

CREATE TABLE pairing_code (
  digest     text   not null primary key, -- SHA-256 of connector and code
  connector  text   not null,
  issued_by  text   not null,
  created_at bigint not null,
  expires_at bigint not null
);

CREATE INDEX pairing_code_connector on pairing_code (connector, expires_at);

CREATE INDEX pairing_code_expiry on pairing_code (expires_at);

CREATE TABLE pairing_grant (
  connector  text   not null,
  sender     text   not null,
  granted_by text   not null,
  granted_at bigint not null,
  expires_at bigint not null,
  primary key (connector, sender)
);

CREATE INDEX pairing_grant_expiry on pairing_grant (expires_at);

CREATE TABLE participation (
  lane text   not null primary key,
  at   bigint not null
);

CREATE INDEX participation_at on participation (at);

CREATE TABLE platform_cursor (
  source     text   not null primary key,
  cursor     text   not null,
  updated_at bigint not null
);

CREATE TABLE queue_state (
  source        text    not null primary key,
  paused        integer not null default 0,
  pause_reason  text,
  hold_reason   text,
  hold_until    bigint,
  drain_through bigint
);

CREATE TABLE rule  (id text not null primary key, position bigint not null, record text not null);

CREATE TABLE schema_migration (
      version integer primary key, name text not null, checksum text not null, applied_at bigint not null);

CREATE TABLE secret (
  scope         text   not null,
  key           text   not null,
  master_key_id text   not null,
  envelope      bytea  not null,
  created_at    bigint not null,
  updated_at    bigint not null,
  primary key (scope, key)
);

CREATE TABLE token (id text not null primary key, digest text not null unique, record text not null);

CREATE TABLE total (
  source text   not null,
  kind   text   not null,
  n      bigint not null,
  primary key (source, kind)
);
