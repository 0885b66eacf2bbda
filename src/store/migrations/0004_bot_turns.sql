-- The turns that a bot caused of late, each once, so that what it may cause in a day is known after a restart too.
create table bot_turn (
  connector  text   not null,
  sender     text   not null,
  event_id   text   not null,
  expires_at bigint not null,             -- from when on it does not count any more
  primary key (connector, sender, event_id)
);
create index bot_turn_expiry on bot_turn (expires_at);
