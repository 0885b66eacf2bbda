-- The places that a connector has heard from, and how far it has heard: what is read back after a gap.
create table conversation (
  lane         text   not null primary key,
  source       text   not null,
  conversation text   not null,
  thread       text,
  guild        text,
  direct       integer not null default 0,
  position     text   not null,           -- of the newest committed message; longer is later, then by text
  seen_at      bigint not null
);
create index conversation_source on conversation (source, seen_at desc, lane);
create index conversation_age on conversation (seen_at);

-- Times in which a connector did not hear its platform, and how each was closed.
create table gap (
  seq        $serial,
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
create index gap_source on gap (source, seq);
create index gap_open on gap (source, scope) where state = 'open';
create index gap_ended on gap (to_at) where state <> 'open';

-- What an adapter remembers between sessions. Secret values are sealed before they come here.
create table note (
  source     text   not null,
  key        text   not null,
  value      text   not null,
  expires_at bigint,
  primary key (source, key)
);
create index note_expiry on note (expires_at) where expires_at is not null;

create table pairing_code (
  digest     text   not null primary key, -- SHA-256 of connector and code
  connector  text   not null,
  issued_by  text   not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index pairing_code_connector on pairing_code (connector, expires_at);
create index pairing_code_expiry on pairing_code (expires_at);
-- How often a sender has guessed, and when they were last told how to pair.
create table pairing_attempt (
  connector  text    not null,
  sender     text    not null,
  failures   integer not null default 0,
  since      bigint  not null,
  hinted_at  bigint,
  primary key (connector, sender)
);
create index pairing_attempt_age on pairing_attempt (since);
create table pairing_grant (
  connector  text   not null,
  sender     text   not null,
  granted_by text   not null,
  granted_at bigint not null,
  expires_at bigint not null,
  primary key (connector, sender)
);
create index pairing_grant_expiry on pairing_grant (expires_at);

-- Something that one person asks for and another decides. It is for these very contents, and good for once.
create table approval (
  seq          $serial,
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
create unique index approval_pending on approval (subject) where state = 'pending';
create index approval_age on approval (expires_at);

-- Files that came with messages, by the SHA-256 of their bytes; and which attachment is which.
create table artifact (
  id           text   not null primary key,
  content_type text   not null,
  bytes        bigint not null,
  created_at   bigint not null,
  used_at      bigint not null
);
create index artifact_age on artifact (used_at);
create table attachment (
  event_id text   not null,
  id       text   not null,
  artifact text,                          -- null when it was not taken
  reason   text   not null,
  at       bigint not null,
  primary key (event_id, id)
);
create index attachment_age on attachment (at);
create index attachment_artifact on attachment (artifact) where artifact is not null;
