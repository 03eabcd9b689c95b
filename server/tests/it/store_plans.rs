//! Plans of many steps: what they tell on the way, who is let in between, and that nothing is done twice.

use crate::{
    common::{Browser, HOUR, MINUTE, NOW, World, sentence, settings},
    database::Beside,
    store_follow::in_step,
};
use app::{
    AppError,
    guard::Admin,
    model::{
        account::AccountId,
        plan::{Act, Confirmation, EndTarget, Plan, Report},
        query::Query,
        selection::Selection,
    },
    store::{Store as _, StoreError, Stored},
};
use server::config::Place;
use server::store::{Actor, Missing, Settings, SqlStore};
use std::time::{Duration, Instant};

/// Accounts in one step.
const STEP: usize = 10;

async fn world() -> World {
    let mut world = World::with(Settings { step: STEP, ..settings() }).await;
    world.start().await;
    world
}

/// An administrator's browser, and so many others logged in.
async fn people(world: &World, number: usize) -> (Browser, Vec<AccountId>) {
    let browser = world.sign_in(world.sis_account("admin01").await).await;
    let lab = world.lab(number).await;
    world.sign_all_in(&lab).await;
    (browser, lab)
}

async fn step(world: &World, admin: &Admin, plan: &Plan) -> Stored<Report> {
    let confirmation = Confirmation { count: Some(plan.users), reason: "break-in".into(), ..Confirmation::default() };
    world.store.commit(admin, plan.id, &confirmation).await
}

/// To the end; the report of each step.
async fn steps(world: &World, admin: &Admin, plan: &Plan) -> Vec<Report> {
    let mut reports = Vec::new();
    while reports.last().is_none_or(|report: &Report| report.left > 0) {
        reports.push(step(world, admin, plan).await.expect("a step"));
    }
    reports
}

#[tokio::test]
async fn the_report_of_each_step_is_the_one_that_the_events_tell() {
    for act in [Act::End, Act::EndDisable] {
        let world = world().await;
        let (browser, lab) = people(&world, 57).await;
        let other = world.sis_account("admin02").await;
        let admin = world.as_admin(&browser).await;
        // Of everything something: two sessions, none, new ones, disabled before, left out.
        world.sign_in(lab[20]).await;
        world.store.end_accounts(Actor::CommandLine, lab[30..35].to_vec(), "", NOW).await.expect("ended");
        let mut all = lab.clone();
        all.extend([browser.account, other]);
        let plan = world.plan(&admin, act, &all).await.expect("a plan");
        for late in [lab[3], lab[33], lab[50]] {
            world.sign_in(late).await;
        }
        world.store.disable(Actor::CommandLine, lab[41], "", NOW).await.expect("disabled");

        let mut left = 59;
        loop {
            let told = step(&world, &admin, &plan).await.expect("a step");
            assert_eq!((told.planned, told.left), (plan.users, left.max(10) - 10));
            left = told.left;
            let read = world.store.report(&admin, told.batch).await.expect("an answer").expect("a report");
            assert_eq!(told, read, "{act:?}, {left} left");
            // Another version of the program may have written what is kept: the events tell.
            world.alter("update plans set report = 'of another version' where done = 30").await;
            if left == 0 {
                break;
            }
        }
        let report = step(&world, &admin, &plan).await.expect("once more");
        assert_eq!((report.sessions, report.new_sessions, report.ended.len()), (55, 3, 20));
        assert_eq!(report.skipped_users, if act == Act::End { 1 } else { 2 });
        assert_eq!((report.undo, report.plan, report.going), (act == Act::EndDisable, None, false));
    }
}

#[tokio::test]
async fn a_step_reads_no_event_of_the_steps_before() {
    let world = world().await;
    let (browser, lab) = people(&world, 30).await;
    let admin = world.as_admin(&browser).await;
    let plan = world.plan(&admin, Act::End, &lab).await.expect("a plan");
    step(&world, &admin, &plan).await.expect("a step");
    world.alter("delete from events where action = 'end'").await;
    let second = step(&world, &admin, &plan).await.expect("a step");
    assert_eq!((second.ended_users, second.sessions, second.left), (20, 20, 10), "the first ten are known without their events");
}

#[tokio::test]
async fn others_are_let_in_between_two_steps() {
    let world = world().await;
    let (browser, lab) = people(&world, 200).await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    world.sign_in(kruiz).await;
    let admin = world.as_admin(&browser).await;
    let plan = world.plan(&admin, Act::EndDisable, &lab).await.expect("a plan");
    let first = step(&world, &admin, &plan).await.expect("a step");
    // Two tabs that never rest, and in the middle of their steps somebody who logs in and an End of one user.
    let meanwhile = async {
        let signed_in = world.sign_in(nate).await;
        world.store.end(admin.who(), EndTarget::Account(kruiz)).await.expect("ended");
        signed_in
    };
    let (.., signed_in) = tokio::join!(steps(&world, &admin, &plan), steps(&world, &admin, &plan), meanwhile);
    assert!(world.is_valid(&signed_in).await);
    let last = world.number("select max(seq) from events where action = 'end_disable'").await;
    for (what, sql) in [
        ("the log-in", "select seq from events where action = 'sign_in' and target_name = 'natetest'"),
        ("the End", "select seq from events where action = 'end' and target_name = 'kruiz'"),
    ] {
        let seq = world.number(sql).await;
        assert!(seq < last, "{what} waited until all steps were done");
    }
    assert_eq!(world.store.report(&admin, first.batch).await.expect("an answer").map(|report| report.left), Some(0));
}

#[tokio::test]
async fn two_tabs_that_go_on_with_a_plan_do_each_account_once() {
    let world = world().await;
    let (browser, lab) = people(&world, 95).await;
    let admin = world.as_admin(&browser).await;
    let plan = world.plan(&admin, Act::EndDisable, &lab).await.expect("a plan");
    let (one, other) = tokio::join!(steps(&world, &admin, &plan), steps(&world, &admin, &plan));
    assert!(one.len() > 1 && other.len() > 1, "both did some of it: {} and {}", one.len(), other.len());
    assert_eq!(one.last(), other.last());
    assert_eq!(one.last().map(|report| (report.disabled, report.sessions, report.left)), Some((95, 95, 0)));
    for reports in [&one, &other] {
        assert!(reports.windows(2).all(|pair| pair[1].left < pair[0].left), "each answer is further than the one before");
    }
    assert_eq!(world.number("select count(*) from events where action = 'end_disable'").await, 95);
    assert_eq!(world.number("select count(distinct target_account) from events where action = 'end_disable'").await, 95);
    assert_eq!(world.number("select max(version) from accounts where user_name like 'lab%'").await, 2, "disabled once");
}

#[tokio::test]
async fn what_stopped_on_its_way_is_told_to_its_session_and_for_ten_minutes_gone_on_with() {
    let world = world().await;
    let (browser, lab) = people(&world, 25).await;
    let elsewhere = world.sign_in(browser.account).await;
    let admin = world.as_admin(&browser).await;
    let plan = world.plan(&admin, Act::End, &lab).await.expect("a plan");
    assert_eq!(world.store.unfinished(&admin).await, Ok(None), "nobody confirmed it yet");
    let first = step(&world, &admin, &plan).await.expect("a step");
    assert_eq!((first.plan, first.going, first.done), (Some(plan.id), true, 10));
    assert_eq!(world.store.unfinished(&admin).await, Ok(Some(first.clone())));

    let other = world.as_admin(&elsewhere).await;
    assert_eq!(world.store.unfinished(&other).await, Ok(None));
    let told = world.store.report(&other, first.batch).await.expect("an answer").expect("a report");
    assert_eq!((told.left, told.plan, told.going), (15, None, false), "a plan is its session's");

    world.act(&admin, Act::End, &lab[..1]).await.expect("another act meanwhile");
    world.clock.advance(10 * MINUTE);
    let admin = world.as_admin(&browser).await;
    assert_eq!(world.store.unfinished(&admin).await, Ok(Some(first.clone())));
    world.clock.advance(1);
    let admin = world.as_admin(&browser).await;
    assert_eq!(world.store.unfinished(&admin).await, Ok(None), "the later act took its place");
    world.alter("delete from plans where selected = 1").await;
    let told = world.store.unfinished(&admin).await.expect("an answer").expect("a report");
    assert_eq!((told.plan, told.going), (Some(plan.id), false), "only who asks for it goes on");
    assert!(step(&world, &admin, &plan).await.expect("a step").going);
    assert_eq!(step(&world, &admin, &plan).await.expect("a step").left, 0);
    assert_eq!(world.store.unfinished(&admin).await, Ok(None));
}

#[tokio::test]
async fn an_act_of_somebody_else_keeps_no_page_waiting() {
    let world = world().await;
    let (browser, lab) = people(&world, 25).await;
    let admin = world.as_admin(&browser).await;
    world.plan(&admin, Act::End, &lab[1..]).await.expect("a plan that nobody confirms");
    let elsewhere = world.sign_in(browser.account).await;
    let other = world.as_admin(&elsewhere).await;
    let mut beside = Beside::to(world.database.place()).await;
    beside.alter("begin").await;
    beside.alter("update accounts set version = version").await;
    let (acted, ()) = tokio::join!(world.act(&other, Act::End, &lab[..1]), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let begun = Instant::now();
        assert_eq!(world.store.unfinished(&admin).await, Ok(None));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        beside.alter("rollback").await;
    });
    acted.expect("its turn came");
}

/// The tables as a program before this one made them.
async fn migrated_to(path: &std::path::Path, version: usize) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
    let mut migrations = sqlx::migrate!("migrations/sqlite");
    migrations.migrations.to_mut().truncate(version);
    migrations.run(&mut connection).await.expect("the older tables");
    connection
}

#[tokio::test]
async fn plans_of_an_older_program_are_brought_into_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("usm.db");
    let mut connection = migrated_to(&path, 2).await;
    // One of 25,000 accounts whose first step is done, and one that is done.
    let plans = "
        with recursive
          numbers (n) as (select 101 union all select n + 1 from numbers where n < 25100),
          accounts (ids) as (select json_group_array(n) from numbers)
        insert into plans (batch_id, account_id, session_id, act, created_at, users, newest_session, first_committed_at, done, sis, accounts)
        select 7, 1, 1, 'end', 1, 25000, 0, 5, 10000, '[]', ids from accounts
        union all select 8, 1, 1, 'end', 1, 3, 0, 6, 3, '[]', '[1,2,3]'";
    sqlx::raw_sql(plans).execute(&mut connection).await.expect("plans");
    drop(connection);
    SqlStore::open(&Place::File(path.clone()), Missing::Refuse, settings()).await.expect("brought up to date").close().await;

    let mut connection = migrated_to(&path, usize::MAX).await;
    let parts = "
        select batch_id, place, json_array_length(plan_parts.accounts), json_extract(plan_parts.accounts, '$[0]')
        from plans join plan_parts on plan_id = id order by batch_id, place";
    let parts: Vec<(i64, i64, i64, i64)> = sqlx::query_as(parts).fetch_all(&mut connection).await.expect("parts");
    assert_eq!(parts, [(7, 0, 10_000, 101), (7, 10_000, 10_000, 10_101), (7, 20_000, 5_000, 20_101), (8, 0, 3, 1)]);
    let plans: Vec<(i64, i64)> =
        sqlx::query_as("select selected, last_committed_at from plans").fetch_all(&mut connection).await.expect("plans");
    assert_eq!(plans, [(25_000, 5), (3, 6)]);
}

#[tokio::test]
async fn a_plan_that_is_forgotten_takes_its_accounts_along() {
    let world = world().await;
    let (browser, lab) = people(&world, 25).await;
    let admin = world.as_admin(&browser).await;
    world.plan(&admin, Act::End, &lab).await.expect("a plan");
    assert_eq!(world.number("select count(*) from plan_parts").await, 3);
    world.alter("update plans set created_at = created_at - 24 * 60 * 60 * 1000 - 1").await;
    world.plan(&admin, Act::End, &lab[..1]).await.expect("a plan");
    assert_eq!(world.number("select count(*) from plan_parts").await, 1);
}

#[tokio::test]
async fn a_plan_that_nobody_confirmed_is_forgotten_after_half_an_hour() {
    let world = world().await;
    let (browser, lab) = people(&world, 2).await;
    let admin = world.as_admin(&browser).await;
    let confirmed = world.plan(&admin, Act::End, &lab[..1]).await.expect("a plan");
    let report = step(&world, &admin, &confirmed).await.expect("a step");
    let other = world.plan(&admin, Act::End, &lab).await.expect("a plan");
    world.clock.advance(30 * MINUTE);
    let admin = world.as_admin(&browser).await;
    world.plan(&admin, Act::End, &lab).await.expect("a plan");
    assert!(sentence(step(&world, &admin, &other).await).contains("more than ten minutes ago"));
    world.clock.advance(1);
    let admin = world.as_admin(&browser).await;
    world.plan(&admin, Act::End, &lab).await.expect("a plan");
    assert_eq!(step(&world, &admin, &other).await, Err(StoreError::Refused(AppError::NotFound)));
    assert_eq!(step(&world, &admin, &confirmed).await.map(|again| again.batch), Ok(report.batch), "it is answered for a day");
}

#[tokio::test]
async fn more_than_ten_thousand_are_done_in_steps_under_one_name() {
    let world = World::started().await;
    let browser = world.sign_in(world.sis_account("admin01").await).await;
    let lab = world.lab(10_050).await;
    world.sign_all_in(&lab).await;
    let admin = world.as_admin(&browser).await;
    let shown = Query::from_pairs(&[("user_name", "^lab")]).expect("a query");
    in_step(&world.store).await;
    let plan = world.store.prepare(&admin, Act::EndDisable, &Selection::default().everybody(shown.clone()), &shown).await.expect("a plan");
    assert_eq!((plan.users, plan.sessions, plan.names.len()), (10_050, 10_050, 20));
    let confirmation = Confirmation { count: Some(10_050), reason: "break-in".into(), ..Confirmation::default() };
    let first = world.store.commit(&admin, plan.id, &confirmation).await.expect("a step");
    assert_eq!((first.disabled, first.left), (10_000, 50));
    world.clock.advance(HOUR / 2);
    let admin = world.as_admin(&browser).await;
    let last = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("the rest");
    assert_eq!((last.disabled, last.sessions, last.left, last.only_now), (10_050, 10_050, 0, 0));
    assert_eq!(last.batch, first.batch);
    assert_eq!(world.number("select count(*) from events where action = 'end_disable' and reason = 'break-in'").await, 10_050);
    assert!(!last.undo, "so large an act is undone in the history");
    assert_eq!(world.store.undo_disable(&admin, last.batch).await.expect("undone").enabled, 10_050);
}
