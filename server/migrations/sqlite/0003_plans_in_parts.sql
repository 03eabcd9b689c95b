-- A step of a plan costs the same however large the plan is and however much of it is done: its accounts stand by themselves, and what
-- the steps before it did is kept with the plan.
create table plan_parts (
  plan_id integer not null references plans (id) on delete cascade,
  -- How many accounts of the plan stand before these.
  place integer not null,
  -- JSON array of account ids, ascending: what one step does.
  accounts text not null,
  primary key (plan_id, place)
) strict;

-- How many accounts were selected.
alter table plans add column selected integer not null default 0;
alter table plans add column last_committed_at integer;
-- The report of the steps that are done, as JSON.
alter table plans add column report text;

-- The plans that are there. One that is under way has done a multiple of 10,000.
update plans set selected = json_array_length(accounts), last_committed_at = first_committed_at;
insert into plan_parts (plan_id, place, accounts)
select plans.id, min(account.key), json_group_array(account.value order by account.key)
from plans
join json_each(plans.accounts) as account
group by plans.id, account.key / 10000;
alter table plans drop column accounts;

create index plans_of_session on plans (session_id);

update schema set version = 3, oldest_binary = 3;
