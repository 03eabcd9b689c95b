//! Two nodes on one PostgreSQL database, connections that break, transactions that take long. Of a server only: see `USM_TEST_POSTGRES`.

use crate::{
    common::{HOUR, NOW, World, new_session, settings, start},
    database::{Beside, Database},
    store_follow::in_step,
};
use app::{
    AppError,
    guard::Admin,
    model::{
        plan::{Act, Confirmation, EndTarget},
        query::Query,
        selection::Selection,
        session::{Meanwhile, OnScreen, SessionId, Version},
    },
    store::{Store as _, StoreError},
};
use server::{
    auth::token::Token,
    config::Place,
    credentials::{Checked, Credentials as _},
    store::{Actor, Background, Missing, SqlStore},
};
use std::time::{Duration, Instant};

/// Another node on the same database.
async fn node(world: &World) -> (SqlStore, Background) {
    let store = SqlStore::open(world.database.place(), Missing::Refuse, settings()).await.expect("the same database");
    let background = store.start(world.clock.clone());
    store.loaded().await;
    (store, background)
}

fn listed(store: &SqlStore) -> usize {
    store.directory().read().expect("no panic").as_ref().expect("loaded").contents().1.len()
}

/// Waits until a node lists so many sessions; answers how long that took.
async fn lists(store: &SqlStore, sessions: usize) -> Duration {
    let begun = Instant::now();
    while listed(store) != sessions {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} sessions listed, not {sessions}", listed(store));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_ends_leaves_the_others_list_at_once() {
    let world = World::started().await;
    let (other, background) = node(&world).await;
    let admin = world.admin("admin01").await;
    let mut took = Vec::new();
    for (round, account) in world.lab(20).await.into_iter().enumerate() {
        world.sign_in(account).await;
        took.push(lists(&other, 2).await);
        // Prepared here, committed there, and the other way round.
        let (one, two) = if round % 2 == 0 { (&world.store, &other) } else { (&other, &world.store) };
        in_step(one).await;
        let plan = one.prepare(&admin, Act::End, &Selection::Ids([account].into()), &Query::default()).await.expect("a plan");
        two.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
        took.push(lists(one, 1).await);
    }
    took.sort_unstable();
    println!("the other node's list followed each log-in and each end within {:?} at most", took[took.len() - 1]);
    // All but the two slowest of 40: the machine may be busy.
    assert!(took[took.len() - 3] < Duration::from_millis(250), "{took:?}");
    background.stop().await;
}

/// What a page asks that shows nobody's row and has this version of the list.
async fn look(store: &SqlStore, admin: &Admin, version: Version) -> Meanwhile {
    let screen = OnScreen { version, ..OnScreen::default() };
    store.look(admin, &Query::default(), &Selection::default(), screen).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_no_older_than_the_news_that_another_node_told() {
    let world = World::started().await;
    let (other, background) = node(&world).await;
    let admin = world.admin("admin01").await;
    // Nobody wakes the other node for a log-in: by itself it looks ten times a second.
    let mut late = 0;
    for (before, account) in (1..).zip(world.lab(20).await) {
        world.sign_in(account).await;
        let all = look(&other, &admin, Version::default()).await.window.all;
        late += u32::from(all.sessions != before + 1);
    }
    // It waits no longer than 300 ms, and the machine may be busy.
    assert!(late <= 2, "{late} of 20");
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_new_is_the_same_at_each_node_and_after_a_reload_of_the_list() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(6).await;
    world.sign_in(lab[0]).await;
    // It loads two, and hears of the others.
    let (other, background) = node(&world).await;
    world.sign_in(lab[1]).await;
    in_step(&world.store).await;
    let version = look(&world.store, &admin, Version::default()).await.window.version;
    let new = async |store| look(store, &admin, version).await.new_users;
    assert_eq!((new(&world.store).await, new(&other).await), (0, 0));
    for account in &lab[2..4] {
        world.sign_in(*account).await;
        // Of two sessions of one user one is enough.
        world.sign_in(*account).await;
    }
    assert_eq!((new(&world.store).await, new(&other).await), (2, 2));
    world.store.end_accounts(Actor::CommandLine, lab[2..3].to_vec(), "", NOW).await.expect("ended");
    assert_eq!((new(&world.store).await, new(&other).await), (1, 1));
    // Their connections break, and they load everybody anew.
    let loads =
        async || [look(&world.store, &admin, version).await, look(&other, &admin, version).await].map(|look| look.window.version.node);
    let (before, begun) = (loads().await, Instant::now());
    world.sign_in(lab[4]).await;
    world.database.cut().await;
    while (0..2).zip(loads().await).any(|(node, load)| load == before[node]) {
        assert!(begun.elapsed() < Duration::from_secs(5), "a list was not loaded anew");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((new(&world.store).await, new(&other).await), (2, 2));
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_listed_by_every_node_as_soon_as_it_is_there() {
    let world = World::started().await;
    let (other, background) = node(&world).await;
    let (late, crowd) = (world.account("late").await, world.lab(200).await);
    let mut beside = Beside::to(world.database.place()).await;
    // What a log-in writes, by a connection that takes its time. Nobody has told it not to.
    for sql in [
        "begin",
        "insert into sessions
          (token_hash, account_id, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent)
          select '\\x00', id, 1, 1, 1, 9999999999999, 9999999999999, '', '' from accounts where user_name = 'late'",
        "insert into events
          (batch_id, at, actor_kind, actor_name, action, target_account, target_name, target_session, reason, result, detail)
          select 1, 1, 'account', 'late', 'sign_in', account_id, 'late', id, '', 'done', '{}' from sessions where token_hash = '\\x00'",
    ] {
        beside.alter(sql).await;
    }
    let while_ = std::env::var("USM_LATE_COMMIT_SECONDS").ok().and_then(|text| text.parse().ok());
    // Ten thousand others pass it by: where there is time, a transaction each; else each twenty.
    for _ in 0..50 {
        for some in crowd.chunks(if while_.is_some() { 1 } else { 20 }) {
            let starts = some.iter().map(|account| start(*account, NOW)).collect();
            world.store.begin_demo_sessions(starts).await.expect("begun");
        }
    }
    for node in [&world.store, &other] {
        lists(node, 10_000).await;
    }
    tokio::time::sleep(Duration::from_secs(while_.unwrap_or(3))).await;
    let begun = Instant::now();
    beside.alter("commit").await;
    tokio::join!(lists(&world.store, 10_001), lists(&other, 10_001));
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(250), "{took:?}");
    for node in [&world.store, &other] {
        in_step(node).await;
    }
    assert!(world.store.end_accounts(Actor::CommandLine, vec![late], "", NOW).await.is_ok_and(|ended| ended.sessions == 1));
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_are_replaced_and_nothing_is_missed() {
    let world = World::started().await;
    let here = world.sign_in(world.account("natetest").await).await;
    for (round, account) in (1..=5).zip(world.lab(5).await) {
        // As a server that fails over does.
        world.database.cut().await;
        // At most one answer goes to a connection that is no more; each pool may hold several.
        let begun = Instant::now();
        while !matches!(world.store.check(&here.token.hash(), NOW).await, Ok(Checked::Valid(_))) {
            assert!(begun.elapsed() < Duration::from_secs(2), "round {round}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while world.store.sign_in(new_session(account, Token::new().expect("random bytes").hash())).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(2), "round {round}");
        }
        lists(&world.store, 1 + round).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "round {round}: {:?}", begun.elapsed());
        in_step(&world.store).await;
        assert_eq!(world.store.ready().await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_again_and_again_makes_no_connections() {
    let world = World::new().await;
    let admin = world.admin("admin01").await;
    world.alter("alter table events add column writer int not null default pg_backend_pid()").await;
    for account in world.lab(20).await {
        let refused = world.store.end(admin.who(), EndTarget::Session(SessionId(999_999))).await;
        assert_eq!(refused.err(), Some(StoreError::Refused(AppError::NotFound)));
        world.store.end(admin.who(), EndTarget::Account(account)).await.expect("done");
    }
    let writers = world.number("select count(distinct writer) from events where action = 'end'").await;
    // The next one may come while the one before is still being cleared.
    assert!(writers <= 8, "{writers} in 20 rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_server_has_set_commits_are_durable_when_they_are_answered() {
    for (set, used) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")] {
        let world = World::new().await;
        world.alter("alter table events add column durable text not null default current_setting('synchronous_commit')").await;
        let Place::Server(options) = world.database.place().clone() else { unreachable!("a server") };
        let place = Place::Server(Box::new(options.options([("synchronous_commit", set)])));
        let nate = world.account("natetest").await;
        let store = SqlStore::open(&place, Missing::Refuse, settings()).await.expect("the same database");
        store.end_accounts(Actor::CommandLine, vec![nate], "", NOW).await.expect("done");
        let durable: Vec<(String,)> = world.database.rows("select durable from events where action = 'end'").await;
        assert_eq!(durable, [(used.to_owned(),)], "{set}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_has_stopped_holds_up_an_end_for_seconds_only() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    let here = world.sign_in(nate).await;
    // As the product's own connections are set: it is thrown out after two seconds.
    let mut stopped = Beside::to(world.database.place()).await;
    for sql in
        ["set idle_in_transaction_session_timeout = '2s'", "begin", "select id from accounts where user_name = 'natetest' for update"]
    {
        stopped.alter(sql).await;
    }
    let begun = Instant::now();
    let mut tries = 0;
    while world.store.end_accounts(Actor::CommandLine, vec![nate], "", NOW).await.is_err() {
        tries += 1;
        assert!(begun.elapsed() < Duration::from_secs(10), "{tries} tries");
    }
    assert!(!world.is_valid(&here).await);
    assert!(begun.elapsed() > Duration::from_millis(500), "it was held up");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_make_its_tables_once() {
    let database = Database::new().await;
    let open = || SqlStore::open(database.place(), Missing::Create, settings());
    let opened = tokio::join!(open(), open(), open(), open());
    for opened in [opened.0, opened.1, opened.2, opened.3] {
        opened.expect("opened");
    }
    assert_eq!(database.number("select count(*) from schema").await, 1);
}

#[tokio::test]
async fn a_database_of_another_or_a_newer_program_is_refused_in_one_sentence() {
    let world = World::new().await;
    world.alter("update schema set oldest_binary = 99").await;
    let open = |place: Place, missing| async move { SqlStore::open(&place, missing, settings()).await.err().expect("refused").to_string() };
    let place = world.database.place();
    let newer = open(place.clone(), Missing::Create).await;
    assert!(newer.contains("written by a newer version"), "{newer}");
    world.alter("drop table guards").await;
    let other = open(place.clone(), Missing::Create).await;
    assert!(other.contains("is not a database of User Session Manager"), "{other}");
    let empty = open(Database::new().await.place().clone(), Missing::Refuse).await;
    assert!(empty.contains("Start `usm serve` once"), "{empty}");
    let Place::Server(options) = place else { unreachable!("a server") };
    let nowhere = open(Place::Server(Box::new(options.as_ref().clone().database("nowhere"))), Missing::Create).await;
    assert!(nowhere.contains("There is no database nowhere on 127.0.0.1") && nowhere.contains("createdb"), "{nowhere}");
    let away = open(Place::Server(Box::new(options.as_ref().clone().port(1))), Missing::Create).await;
    assert!(away.contains("cannot be reached") && away.contains("Check that PostgreSQL runs"), "{away}");
}

#[tokio::test]
async fn a_restored_dump_is_followed_although_its_transactions_have_other_numbers() {
    let world = World::new().await;
    let lab = world.lab(3).await;
    world.sign_all_in(&lab).await;
    world.alter("update events set xid = '999999999999'").await;
    let (store, background) = node(&world).await;
    lists(&store, 3).await;
    assert_eq!(world.number("select count(*) from events where xid = '3'").await, world.number("select count(*) from events").await);
    store.end_accounts(Actor::CommandLine, lab, "", NOW).await.expect("ended");
    lists(&store, 0).await;
    background.stop().await;
}

/// The time-outs of two nodes that sweep at once: each session once.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_sweep_at_once_end_each_session_once() {
    let world = World::new().await;
    let lab = world.lab(300).await;
    world.sign_all_in(&lab).await;
    world.clock.advance(2 * HOUR);
    let other = world.command_line().await;
    let now = world.clock.now();
    let (one, two) = tokio::join!(world.store.end_timed_out(now), other.end_timed_out(now));
    assert_eq!(one.expect("swept") + two.expect("swept"), 300);
    assert_eq!(world.number("select count(*) from events where action = 'timed_out'").await, 300);
}
