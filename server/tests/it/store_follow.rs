//! The directory follows the database: after any sequence of operations, and whoever wrote.

use crate::common::{Browser, HOUR, LIMITS, MINUTE, NOW, World, start};
use app::{
    guard::Origin,
    model::{
        account::{AccountId, SaveAccount},
        plan::{Act, EndTarget},
        query::Query,
        selection::Selection,
        session::Part,
    },
    store::{Store as _, StoreError},
};
use proptest::prelude::*;
use server::{
    credentials::Credentials as _,
    directory::{AccountEntry, SessionEntry},
    store::{Actor, SqlStore},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

type Contents = (Vec<AccountEntry>, Vec<SessionEntry>);

fn followed(store: &SqlStore) -> Contents {
    store.directory().read().expect("no panic").as_ref().expect("loaded").contents()
}

async fn fresh(store: &SqlStore) -> Contents {
    store.load_directory(NOW).await.expect("loaded").contents()
}

/// Waits until the directory equals a fresh load. Answers how long that took; panics after five seconds.
pub async fn in_step(store: &SqlStore) -> Duration {
    let begun = Instant::now();
    loop {
        let (followed, fresh) = (followed(store), fresh(store).await);
        if followed == fresh {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{followed:?}\n{fresh:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_act_is_in_the_directory_when_it_returns() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    let mut shown = 0;
    for _ in 0..20 {
        let browser = world.sign_in(nate).await;
        shown += usize::from(followed(&world.store).1.iter().any(|session| session.id == browser.session));
        world.store.end(admin.who(), EndTarget::Account(nate)).await.expect("ended");
        shown += usize::from(followed(&world.store).1.iter().all(|session| session.account != nate));
    }
    // An act waits at most 50 ms; a busy machine may need more now and then.
    assert!(shown >= 30, "{shown} of 40");
}

#[tokio::test]
async fn whoever_asks_the_list_holds_up_nobody_else() {
    // All requests are on one thread: a question that took place on it would hold up the others for as long.
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    in_step(&world.store).await;
    let directory = Arc::clone(world.store.directory());
    let (says, held) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let _written = directory.write().expect("no panic");
        says.send(()).expect("it waits");
        std::thread::sleep(Duration::from_millis(300));
    });
    held.recv().expect("held");
    let (query, nobody) = (Query::default(), Selection::default());
    let asks = world.store.list(&admin, &query, &nobody, Part::new(0, 10));
    let mut others = 0;
    let work = async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            others += 1;
        }
    };
    let window = tokio::select! {
        window = asks => window.expect("a window"),
        () = work => unreachable!("it has no end"),
    };
    assert_eq!(window.all.users, 1);
    assert!(others > 10, "{others} times somebody else had a turn");
    writer.join().expect("no panic");
}

#[tokio::test]
async fn what_another_process_writes_is_in_the_directory_within_a_second() {
    let world = World::started().await;
    let command_line = world.command_line().await;
    world.sis_account("admin01").await;
    let lab = world.lab(100).await;
    world.sign_all_in(&lab).await;
    in_step(&world.store).await;
    command_line.end_accounts(Actor::CommandLine, lab[..50].to_vec(), "", NOW).await.expect("ended");
    assert!(in_step(&world.store).await < Duration::from_secs(1));
    assert_eq!(followed(&world.store).1.len(), 50);
    command_line.disable(Actor::CommandLine, lab[60], "", NOW).await.expect("disabled");
    assert!(in_step(&world.store).await < Duration::from_secs(1));
    assert!(followed(&world.store).0.iter().any(|account| account.id == lab[60] && account.disabled));
}

#[tokio::test]
async fn tim_05_what_has_timed_out_is_neither_listed_nor_counted() {
    let world = World::started().await;
    let here = world.sign_in(world.sis_account("admin01").await).await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    let list = async |admin| world.store.list(&admin, &Query::default(), &Selection::default(), Part::new(0, 10)).await.expect("a list");
    assert_eq!(list(world.as_admin(&here).await).await.all.sessions, 2);
    world.clock.advance(HOUR);
    let valid = world.store.check(&here.token.hash(), world.clock.now()).await.expect("an answer");
    let server::credentials::Checked::Valid(valid) = valid else { panic!("within the slack") };
    world.store.touch(&valid, world.clock.now());
    world.store.write_activity(&world.clock).await.expect("written");
    world.clock.advance(LIMITS.slack());
    // The sweep of the running store, not of the test.
    let begun = Instant::now();
    while list(world.as_admin(&here).await).await.all.sessions > 1 {
        assert!(begun.elapsed() < Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let window = list(world.as_admin(&here).await).await;
    assert_eq!((window.all.users, window.rows.len(), window.rows[0].id), (1, 1, here.account));
}

#[tokio::test]
async fn what_timed_out_while_nothing_ran_is_no_part_of_the_first_list_and_is_written_soon() {
    let mut world = World::new().await;
    world.sign_in(world.account("natetest").await).await;
    world.clock.advance(2 * HOUR);
    world.start().await;
    assert_eq!(followed(&world.store).1, []);
    let begun = Instant::now();
    while world.number("select count(*) from events where action = 'timed_out'").await != 1 {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(followed(&world.store).1, []);
}

#[tokio::test]
async fn whose_activity_is_being_written_while_the_list_is_loaded_is_in_it() {
    let mut world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    world.clock.advance(HOUR + LIMITS.slack() + 1_000);
    // Begun before his time was over.
    let mut beside = crate::database::Beside::to(world.database.place()).await;
    beside.alter("begin; update sessions set idle_expires_at = idle_expires_at + 60000").await;
    world.start().await;
    beside.alter("commit").await;
    assert!(world.is_valid(&browser).await);
    assert_eq!(followed(&world.store).1.iter().map(|session| session.id).collect::<Vec<_>>(), [browser.session]);
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_time_outs_leave_another_process_its_turn() {
    let world = World::new().await;
    let pupils = world.lab(20_000).await;
    world.sign_all_in(&pupils).await;
    world.clock.advance(2 * HOUR);
    let (there, now) = (world.command_line().await, world.clock.now());
    let account = world.account("natetest").await;
    let sweep = tokio::spawn({
        let store = world.store.clone();
        async move { store.end_timed_out(now).await }
    });
    // One after the other, for as long as it takes. A disk may be slow once.
    let (mut written, mut refused) = (0, 0);
    while !sweep.is_finished() {
        match there.begin_demo_sessions(vec![start(account, now)]).await {
            Ok(_) => written += 1,
            Err(_) => refused += 1,
        }
    }
    assert_eq!(sweep.await.expect("no panic").expect("swept"), 20_000);
    assert!(written > 60 && refused <= 1, "{written} writes beside the sweep, {refused} refused");
}

#[tokio::test]
async fn sessions_are_checked_while_the_list_is_loaded_and_the_list_waits_for_it() {
    let world = World::new().await;
    let here = world.sign_in(world.sis_account("admin01").await).await;
    // No load can succeed.
    world.alter("alter table events rename to elsewhere").await;
    let background = world.store.start(world.clock.clone());
    assert!(world.is_valid(&here).await);
    assert_eq!(world.store.ready().await, Err(StoreError::Unavailable));
    let (store, admin) = (world.store.clone(), world.as_admin(&here).await);
    let asked = tokio::spawn(async move { store.list(&admin, &Query::default(), &Selection::default(), Part::new(0, 10)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!asked.is_finished());
    world.alter("alter table elsewhere rename to events").await;
    assert_eq!(asked.await.expect("no panic").expect("a list").all.sessions, 1);
    assert_eq!(world.store.ready().await, Ok(()));
    background.stop().await;
}

/// Each letter that is typed aborts the question before it: none of them stays behind to be answered.
#[test]
fn lists_that_nobody_waits_for_take_no_threads() {
    // Its threads have a name of their own, whatever other tests of this process do.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_name(NAMED).build();
    runtime.expect("a runtime").block_on(async {
        let world = World::started().await;
        let here = world.sign_in(world.sis_account("admin01").await).await;
        at_most_a_few_are_looked_up(&world, &here).await;
    });
}

const NAMED: &str = "asked-for-lists";

fn threads() -> usize {
    let all = std::fs::read_dir("/proc/self/task").expect("Linux").filter_map(Result::ok);
    all.filter(|thread| std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim() == NAMED)).count()
}

async fn at_most_a_few_are_looked_up(world: &World, here: &Browser) {
    let directory = world.store.directory().clone();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let (holds, is_held) = tokio::sync::oneshot::channel();
    let holder = std::thread::spawn(move || {
        let held = directory.write().expect("no panic");
        holds.send(()).expect("it is waited for");
        let _ = goes.recv();
        drop(held);
    });
    is_held.await.expect("held");
    let mut asked = Vec::new();
    for _ in 0..200 {
        let (store, admin) = (world.store.clone(), world.as_admin(here).await);
        asked.push(tokio::spawn(async move { store.list(&admin, &Query::default(), &Selection::default(), Part::new(0, 10)).await }));
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let busy = threads();
    asked.iter().for_each(tokio::task::JoinHandle::abort);
    go.send(()).expect("it is waited for");
    holder.join().expect("no panic");
    let most = 2 * std::thread::available_parallelism().expect("a number").get();
    // Beside them the feed's.
    assert!((1..=most + 2).contains(&busy), "{busy} threads for 200 lists, of which {most} may be looked up at once");
    let list = world.store.list(&world.as_admin(here).await, &Query::default(), &Selection::default(), Part::new(0, 10)).await;
    assert_eq!(list.expect("a list").all.sessions, 1);
}

#[tokio::test]
async fn a_redirected_page_waits_for_its_act() {
    let world = World::started().await;
    let command_line = world.command_line().await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    command_line.end_accounts(Actor::CommandLine, vec![nate], "", NOW).await.expect("ended");
    let batch = app::model::event::BatchId(world.events("end").await[0].batch);
    world.store.applied(batch).await.expect("an answer");
    assert_eq!(followed(&world.store).1, []);
    // The page asks for the report of an act first, then for the list.
    let here = world.sign_in(world.sis_account("admin01").await).await;
    let admin = world.as_admin(&here).await;
    for _ in 0..3 {
        world.sign_in(nate).await;
        in_step(&world.store).await;
        let report = command_line.end(admin.who(), EndTarget::Account(nate)).await.expect("ended");
        world.store.report(&admin, report.batch).await.expect("an answer").expect("a report");
        assert_eq!(followed(&world.store).1.len(), 1, "only the administrator's own");
    }
}

#[tokio::test]
async fn a_list_before_the_load_is_unavailable() {
    let world = World::new().await;
    let admin = world.admin("admin01").await;
    let list = world.store.list(&admin, &Query::default(), &Selection::default(), Part::new(0, 10)).await;
    assert_eq!(list, Err(StoreError::Unavailable));
    assert_eq!(world.store.ready().await, Err(StoreError::Unavailable));
    let mut world = world;
    world.start().await;
    assert_eq!(world.store.ready().await, Ok(()));
    assert_eq!(
        world.store.list(&admin, &Query::default(), &Selection::default(), Part::new(0, 10)).await.map(|window| window.all.users),
        Ok(1)
    );
}

#[tokio::test]
async fn a_clean_stop_writes_the_last_activity() {
    let mut world = World::started().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    let server::credentials::Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
    world.store.touch(&valid, NOW + 2 * MINUTE);
    world.stop().await;
    assert_eq!(world.number("select last_seen_at from sessions").await, NOW + 2 * MINUTE);
}

#[tokio::test]
async fn a_directory_that_lost_the_database_is_loaded_anew() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    world.alter("alter table events rename to moved").await;
    let begun = Instant::now();
    while world.store.ready().await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What no event tells: only a fresh load shows it.
    world.alter("update accounts set last_name = 'Changed'; alter table moved rename to events").await;
    let begun = Instant::now();
    while world.store.ready().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.sign_in(nate).await;
    in_step(&world.store).await;
    assert_eq!(followed(&world.store).0[0].last_name, "Changed");
}

#[derive(Clone, Debug)]
enum Step {
    SignIn(usize),
    SignOut(usize),
    EndSession(usize),
    EndAccount(usize),
    Plan(Act, Vec<usize>),
    Undo,
    Save(usize, bool),
    Sis(usize, bool),
    Password(usize),
    Create,
    Elsewhere(Vec<usize>, bool),
    Many(Vec<usize>),
    Later(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let one = || 0..8_usize;
    let some = || prop::collection::vec(0..8_usize, 1..5);
    let act = prop_oneof![Just(Act::End), Just(Act::EndDisable)];
    prop_oneof![
        6 => one().prop_map(Step::SignIn),
        2 => one().prop_map(Step::SignOut),
        1 => one().prop_map(Step::EndSession),
        1 => one().prop_map(Step::EndAccount),
        3 => (act, some()).prop_map(|(act, of)| Step::Plan(act, of)),
        2 => Just(Step::Undo),
        2 => (one(), any::<bool>()).prop_map(|(of, disabled)| Step::Save(of, disabled)),
        1 => (one(), any::<bool>()).prop_map(|(of, held)| Step::Sis(of, held)),
        1 => one().prop_map(Step::Password),
        1 => Just(Step::Create),
        2 => (some(), any::<bool>()).prop_map(|(of, disable)| Step::Elsewhere(of, disable)),
        1 => some().prop_map(Step::Many),
        1 => (1..90_i64).prop_map(Step::Later),
    ]
}

/// Does the steps with a store, the command line beside it, and eight people. What the rules refuse is fine: it changes nothing.
async fn run(steps: Vec<Step>) {
    let world = World::started().await;
    let command_line = world.command_line().await;
    let boss = world.sis_account("boss").await;
    let people = world.lab(8).await;
    let (mut browsers, mut last_batch) = (Vec::new(), None);
    for (number, step) in steps.into_iter().enumerate() {
        let admin = world.as_admin(&world.sign_in(boss).await).await;
        let now = world.clock.now();
        let picked = |of: &[usize]| of.iter().map(|one| people[*one]).collect::<Vec<AccountId>>();
        match step {
            Step::SignIn(one) => browsers.extend(world.try_sign_in(people[one]).await.ok()),
            Step::SignOut(one) => {
                if let Some(browser) = browsers.get(one) {
                    world.store.sign_out(browser.session, &Origin::default(), now).await.expect("signed out");
                }
            }
            Step::EndSession(one) => {
                if let Some(browser) = browsers.get(one) {
                    world.store.end(admin.who(), EndTarget::Session(browser.session)).await.expect("ended");
                }
            }
            Step::EndAccount(one) => {
                world.store.end(admin.who(), EndTarget::Account(people[one])).await.expect("ended");
            }
            Step::Plan(act, of) => last_batch = world.act(&admin, act, &picked(&of)).await.ok().map(|report| report.batch).or(last_batch),
            Step::Undo => {
                if let Some(batch) = last_batch {
                    let _ = world.store.undo_disable(&admin, batch).await;
                }
            }
            Step::Save(one, disabled) => {
                let version = world.store.account(&admin, people[one]).await.expect("an answer").expect("an account").version;
                let save = SaveAccount { id: people[one], version, disabled, reason: String::new() };
                world.store.save_account(&admin, &save).await.expect("saved");
            }
            Step::Sis(one, held) => {
                world.store.set_sis(Actor::CommandLine, people[one], held, now).await.expect("set");
            }
            Step::Password(one) => {
                world.store.set_password(Actor::CommandLine, people[one], crate::common::HASH.into(), now).await.expect("set");
            }
            Step::Create => {
                world.account(&format!("new{number}")).await;
            }
            Step::Elsewhere(of, disable) => {
                if disable {
                    command_line.disable_accounts(Actor::CommandLine, picked(&of), "", now).await.expect("disabled");
                } else {
                    command_line.end_accounts(Actor::CommandLine, picked(&of), "", now).await.expect("ended");
                }
            }
            Step::Many(of) => {
                let starts = picked(&of).into_iter().map(|account| crate::common::start(account, now - MINUTE));
                command_line.begin_demo_sessions(starts.collect()).await.expect("begun");
            }
            Step::Later(minutes) => {
                world.clock.advance(minutes * MINUTE);
                world.store.end_timed_out(world.clock.now()).await.expect("swept");
            }
        }
    }
    in_step(&world.store).await;
    let zombies =
        "select count(*) from sessions join accounts on accounts.id = account_id where ended_at is null and disabled_at is not null";
    assert_eq!(world.number(zombies).await, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_leaves_the_directory_equal_to_a_fresh_load(steps in prop::collection::vec(step(), 1..40)) {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(run(steps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_leave_the_directory_equal_to_a_fresh_load() {
    let world = World::started().await;
    world.sis_account("admin01").await;
    let mut writers = write_at_once(&[world.store.clone(), world.command_line().await], world.lab(20).await);
    while let Some(done) = writers.join_next().await {
        done.expect("no panic");
        // Readers meanwhile never see what no moment had: a disabled account with a session.
        let (accounts, sessions) = followed(&world.store);
        for account in accounts.iter().filter(|account| account.disabled) {
            assert!(sessions.iter().all(|session| session.account != account.id));
        }
    }
    in_step(&world.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn loads_and_reconnects_amid_many_writers_leave_the_directory_equal_to_a_fresh_load() {
    let mut world = World::new().await;
    world.sis_account("admin01").await;
    let mut writers = write_at_once(&[world.command_line().await, world.command_line().await], world.lab(20).await);
    let mut loads = 0;
    while !writers.is_empty() {
        // Its load and its first news fall anywhere between the others' commits.
        world.store = world.command_line().await;
        world.start().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (accounts, sessions) = followed(&world.store);
        for account in accounts.iter().filter(|account| account.disabled) {
            assert!(sessions.iter().all(|session| session.account != account.id));
        }
        world.stop().await;
        loads += 1;
        while let Some(done) = writers.try_join_next() {
            done.expect("no panic");
        }
    }
    assert!(loads > 3, "{loads}");
    world.store = world.command_line().await;
    world.start().await;
    in_step(&world.store).await;
}

/// Each account logs in, is ended, disabled and enabled again by a writer of its own, through one handle or another.
fn write_at_once(handles: &[SqlStore], accounts: Vec<AccountId>) -> tokio::task::JoinSet<()> {
    let mut writers = tokio::task::JoinSet::new();
    for (number, account) in accounts.into_iter().enumerate() {
        let store = handles[number % handles.len()].clone();
        writers.spawn(async move {
            for round in 0..10 {
                store.begin_demo_sessions(vec![crate::common::start(account, NOW)]).await.expect("begun");
                match round % 3 {
                    0 => store.end_accounts(Actor::CommandLine, vec![account], "", NOW).await.map(drop).expect("ended"),
                    1 => store.disable(Actor::CommandLine, account, "", NOW).await.map(drop).expect("disabled"),
                    _ => store.enable(Actor::CommandLine, account, "", NOW).await.map(drop).expect("enabled"),
                }
            }
        });
    }
    writers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_ever_listed_as_disabled_and_logged_in() {
    let world = World::started().await;
    world.sis_account("admin01").await;
    let nate = world.account("natetest").await;
    let (stop, directory) = (Arc::new(AtomicBool::new(false)), world.store.directory().clone());
    let stopped = stop.clone();
    let watch = std::thread::spawn(move || {
        let mut looks = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            looks += 1;
            let directory = directory.read().expect("no panic");
            let directory = directory.as_ref().expect("loaded");
            let disabled = directory.account(nate).is_some_and(|account| account.disabled);
            assert!(!disabled || directory.session_count(nate) == 0, "an account of a later snapshot than its events");
        }
        looks
    });
    for held in [true, false].repeat(150) {
        world.sign_in(nate).await;
        // The feed reads the first of them while the second commits.
        let (store, now) = (&world.store, NOW);
        let (role, disabled) =
            tokio::join!(store.set_sis(Actor::CommandLine, nate, held, now), store.disable(Actor::CommandLine, nate, "", now));
        role.expect("granted or taken");
        disabled.expect("disabled");
        world.store.enable(Actor::CommandLine, nate, "", NOW).await.expect("enabled");
    }
    stop.store(true, Ordering::Relaxed);
    let looks = watch.join().expect("never seen");
    assert!(looks > 1_000, "watched all the time: {looks} looks");
}
