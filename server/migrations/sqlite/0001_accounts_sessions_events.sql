-- Accounts, their sessions, the log of events, prepared acts.
--
-- Columns are the portable ones: integer ids that are never reused, times as integer UTC milliseconds, no database now().
-- A state is the time at which it began (ended_at, disabled_at), never a boolean.

-- Which binaries may open this database: refused is only one that is older than oldest_binary.
create table schema (
  version integer not null,
  oldest_binary integer not null
) strict;
insert into schema (version, oldest_binary) values (1, 1);

-- Facts about the whole database, such as: it is a demonstration.
create table settings (
  name text primary key,
  value text not null
) strict;

create table accounts (
  id integer primary key autoincrement,
  user_name text not null,
  -- NFKC, case folded, trimmed: what makes two names the same.
  user_name_key text not null,
  last_name text not null default '',
  first_name text not null default '',
  email text not null default '',
  password_hash text,
  -- A person did it; disabled_by is null where the command line did.
  disabled_at integer,
  disabled_by integer,
  disabled_reason text,
  -- An import did it. Either keeps the account out.
  roster_disabled_at integer,
  roster_disabled_source text,
  last_sign_in_at integer,
  deleted_at integer,
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict;
create unique index accounts_user_name_key on accounts (user_name_key) where deleted_at is null;

create table external_ids (
  source text not null,
  value text not null,
  account_id integer not null references accounts (id),
  primary key (source, value)
) strict;
create index external_ids_account on external_ids (account_id);

create table account_roles (
  account_id integer not null references accounts (id),
  role text not null,
  primary key (account_id, role)
) strict;
create index account_roles_role on account_roles (role, account_id);

create table sessions (
  id integer primary key autoincrement,
  -- SHA-256 of the token.
  token_hash blob not null unique,
  wide_token_hash blob unique,
  account_id integer not null references accounts (id),
  created_at integer not null,
  authenticated_at integer not null,
  last_seen_at integer not null,
  -- Never after expires_at, so that one index finds every time-out.
  idle_expires_at integer not null,
  expires_at integer not null,
  ip text not null,
  user_agent text not null,
  ended_at integer,
  end_kind text,
  ended_by integer
) strict;
create index sessions_active_of_account on sessions (account_id, created_at) where ended_at is null;
create index sessions_time_out on sessions (idle_expires_at) where ended_at is null;

-- Append only. No foreign key: an event outlives its account. Names stand as they were.
create table events (
  seq integer primary key autoincrement,
  batch_id integer not null,
  at integer not null,
  actor_kind text not null,
  actor_account integer,
  actor_name text not null,
  actor_session integer,
  action text not null,
  target_account integer,
  target_name text not null,
  target_session integer,
  reason text not null,
  result text not null,
  detail text not null
) strict;
create index events_batch on events (batch_id, seq);
create index events_target_account on events (target_account, seq);

-- Where an event came from, apart, so that retention can empty it and leave the log whole.
create table event_origins (
  seq integer primary key,
  ip text not null,
  user_agent text not null
) strict;

-- A prepared act. The long columns stand last: looking for old plans does not read them.
create table plans (
  id integer primary key autoincrement,
  batch_id integer not null unique,
  account_id integer not null,
  session_id integer not null,
  act text not null,
  created_at integer not null,
  -- Accounts it acts upon, without those that are left out unless it is confirmed otherwise.
  users integer not null,
  -- The newest session when the plan was made: what is newer is counted as new.
  newest_session integer not null,
  also_sis integer not null default 0,
  reason text not null default '',
  first_committed_at integer,
  -- How many of the accounts are done.
  done integer not null default 0,
  -- JSON arrays of account ids, ascending: everybody selected, and those of them who held the SIS role.
  sis text not null,
  accounts text not null
) strict;

-- A row is written by whatever can take something away that must not vanish, before it counts what is left.
create table guards (
  name text primary key,
  touched_at integer not null
) strict;
insert into guards (name, touched_at) values ('sis', 0);
