-- Accounts, their sessions, the log of events, prepared acts: what the SQLite tables are, in PostgreSQL's words.
--
-- Integer ids that are never reused, times as integer UTC milliseconds, no database now(). A state is the time at which it began
-- (ended_at, disabled_at), never a boolean.

-- Which binaries may open this database: refused is only one that is older than oldest_binary.
create table schema (
  version bigint not null,
  oldest_binary bigint not null
);
insert into schema (version, oldest_binary) values (3, 3);

-- Facts about the whole database, such as: it is a demonstration.
create table settings (
  name text primary key,
  value text not null
);

create table accounts (
  id bigint generated always as identity primary key,
  user_name text not null,
  -- NFKC, case folded, trimmed: what makes two names the same.
  user_name_key text not null,
  last_name text not null default '',
  first_name text not null default '',
  email text not null default '',
  password_hash text,
  -- A person did it; disabled_by is null where the command line did.
  disabled_at bigint,
  disabled_by bigint,
  disabled_reason text,
  -- An import did it. Either keeps the account out.
  roster_disabled_at bigint,
  roster_disabled_source text,
  last_sign_in_at bigint,
  deleted_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index accounts_user_name_key on accounts (user_name_key) where deleted_at is null;

create table external_ids (
  source text not null,
  value text not null,
  account_id bigint not null references accounts (id),
  primary key (source, value)
);
create index external_ids_account on external_ids (account_id);

create table account_roles (
  account_id bigint not null references accounts (id),
  role text not null,
  primary key (account_id, role)
);
create index account_roles_role on account_roles (role, account_id);

create table sessions (
  id bigint generated always as identity primary key,
  -- SHA-256 of the token.
  token_hash bytea not null unique,
  wide_token_hash bytea unique,
  account_id bigint not null references accounts (id),
  created_at bigint not null,
  authenticated_at bigint not null,
  last_seen_at bigint not null,
  -- Never after expires_at, so that one index finds every time-out.
  idle_expires_at bigint not null,
  expires_at bigint not null,
  ip text not null,
  user_agent text not null,
  ended_at bigint,
  end_kind text,
  ended_by bigint
);
create index sessions_active_of_account on sessions (account_id, created_at) where ended_at is null;
create index sessions_time_out on sessions (idle_expires_at) where ended_at is null;

-- Append only. No foreign key: an event outlives its account. Names stand as they were.
create table events (
  seq bigint generated always as identity primary key,
  -- The transaction that wrote it. Transactions commit in any order: what is new is told by snapshots, not by seq.
  xid xid8 not null default pg_current_xact_id(),
  batch_id bigint not null,
  at bigint not null,
  actor_kind text not null,
  actor_account bigint,
  actor_name text not null,
  actor_session bigint,
  action text not null,
  target_account bigint,
  target_name text not null,
  target_session bigint,
  reason text not null,
  result text not null,
  detail json not null
);
create index events_xid on events (xid);
create index events_batch on events (batch_id, seq);
create index events_target_account on events (target_account, seq);

-- Where an event came from, apart, so that retention can empty it and leave the log whole.
create table event_origins (
  seq bigint primary key,
  ip text not null,
  user_agent text not null
);

-- A prepared act.
create table plans (
  id bigint generated always as identity primary key,
  batch_id bigint not null unique,
  account_id bigint not null,
  session_id bigint not null,
  act text not null,
  created_at bigint not null,
  -- Accounts it acts upon, without those that are left out unless it is confirmed otherwise.
  users bigint not null,
  -- The newest session when the plan was made: what is newer is counted as new.
  newest_session bigint not null,
  also_sis bigint not null default 0,
  reason text not null default '',
  first_committed_at bigint,
  last_committed_at bigint,
  -- How many accounts were selected, and how many of them are done.
  selected bigint not null default 0,
  done bigint not null default 0,
  -- JSON array of account ids, ascending: those of them who held the SIS role.
  sis text not null,
  -- The selection as JSON where it was all that match: what the report needs to tell who matches only since.
  matching text,
  -- The report of the steps that are done, as JSON.
  report text
);
create index plans_of_session on plans (session_id);

-- The accounts of a plan stand by themselves: a step costs the same however large the plan is and however much of it is done.
create table plan_parts (
  plan_id bigint not null references plans (id) on delete cascade,
  -- How many accounts of the plan stand before these.
  place bigint not null,
  -- JSON array of account ids, ascending: what one step does.
  accounts text not null,
  primary key (plan_id, place)
);

-- A row is written by whatever can take something away that must not vanish, before it counts what is left.
create table guards (
  name text primary key,
  touched_at bigint not null
);
insert into guards (name, touched_at) values ('sis', 0);
