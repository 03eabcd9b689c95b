//! A database that is locked, unreadable or interrupted: refused clearly, nothing half done, well again by itself.

use crate::common::{Browser, HOUR, NOW, World, new_session, settings, start};
use app::{
    guard::{Admin, Origin},
    model::{
        account::{AccountId, SaveAccount},
        plan::{Act, Confirmation, EndTarget, PlanId},
    },
    store::{Store as _, StoreError, Stored},
};
use server::config::Place;
use server::{
    auth::token::Token,
    credentials::{Credentials as _, SignedInAs},
    store::{Actor, Missing, NewAccount, Settings, SqlStore},
};
use std::time::{Duration, Instant};

/// The same file with the product's own patience.
async fn impatient(world: &World) -> SqlStore {
    let settings = Settings { patience: Settings::new(settings().time_zone, settings().limits).patience, ..settings() };
    SqlStore::open(&Place::File(world.path()), Missing::Refuse, settings).await.expect("the same database")
}

/// Another process's open transaction; dropped, it is over.
async fn lock(world: &World, sql: &'static str) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("locked");
    connection
}

async fn sign_in(store: &SqlStore, account: AccountId) -> Stored<SignedInAs> {
    store.sign_in(new_session(account, Token::new().expect("random bytes").hash())).await
}

#[tokio::test]
async fn fs_01_a_locked_database_is_told_within_a_second_and_heals() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    let browser = world.sign_in(nate).await;
    let plan = world.plan(&admin, Act::End, &[nate]).await.expect("a plan");
    let store = impatient(&world).await;
    for sql in ["begin immediate", "begin exclusive"] {
        let lock = lock(&world, sql).await;
        let begun = Instant::now();
        let (confirmation, origin) = (Confirmation::default(), Origin::default());
        let (commit, sign_in, sign_out) = tokio::join!(
            store.commit(&admin, plan.id, &confirmation),
            sign_in(&store, nate),
            store.sign_out(browser.session, &origin, NOW)
        );
        assert_eq!(commit, Err(StoreError::Unavailable));
        assert_eq!((sign_in, sign_out), (Err(StoreError::Unavailable), Err(StoreError::Unavailable)));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert!(world.is_valid(&browser).await, "who only reads is not held up");
        drop(lock);
    }
    let begun = Instant::now();
    assert_eq!(store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done").ended_users, 1);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn fs_01_an_unreadable_database_never_says_valid_and_heals() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    world.store.close().await;
    let aside = world.path().with_file_name("aside.db");
    let store = impatient(&world).await;
    std::fs::rename(world.path(), &aside).expect("moved");
    let begun = Instant::now();
    assert!(matches!(store.check(&browser.token.hash(), NOW).await, Err(StoreError::Unavailable)));
    assert_eq!(sign_in(&store, browser.account).await, Err(StoreError::Unavailable));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    std::fs::rename(&aside, world.path()).expect("moved back");
    assert!(matches!(store.check(&browser.token.hash(), NOW).await, Ok(server::credentials::Checked::Valid(_))));
    assert!(matches!(sign_in(&store, browser.account).await, Ok(SignedInAs::Session(_))));
}

/// Everything that an act may change: accounts, roles, sessions, plans, and how many events there are.
type State = (
    Vec<(i64, Option<String>, Option<i64>, Option<i64>, i64)>,
    Vec<(i64, String)>,
    Vec<(i64, Option<i64>, Option<String>, i64)>,
    Vec<(i64, i64, Option<i64>)>,
    i64,
);

async fn state(world: &World) -> State {
    let database = &world.database;
    (
        database.rows("select id, password_hash, disabled_at, last_sign_in_at, version from accounts order by id").await,
        database.rows("select account_id, role from account_roles order by account_id, role").await,
        database.rows("select id, ended_at, end_kind, last_seen_at from sessions order by id").await,
        database.rows("select id, done, first_committed_at from plans order by id").await,
        database.number("select count(*) from events").await,
    )
}

/// What there is to act upon.
struct Stage {
    admin: Admin,
    victim: Browser,
    other: AccountId,
    version: i64,
    disabled: AccountId,
    disabled_version: i64,
    end: PlanId,
    end_disable: PlanId,
    undo: app::model::event::BatchId,
}

async fn stage(world: &World) -> Stage {
    let admin = world.admin("admin01").await;
    let (one, other) = (world.account("natetest").await, world.account("kruiz").await);
    let victim = world.sign_in(one).await;
    world.sis_account("admin02").await; // so that a role can be taken
    let disabled = world.account("disabled").await;
    let undo = world.act(&admin, Act::EndDisable, &[disabled]).await.expect("done").batch;
    let version = async |account| world.store.account(&admin, account).await.expect("an answer").expect("an account").version;
    Stage {
        version: version(other).await,
        disabled,
        disabled_version: version(disabled).await,
        end: world.plan(&admin, Act::End, &[one, other]).await.expect("a plan").id,
        end_disable: world.plan(&admin, Act::EndDisable, &[one, other]).await.expect("a plan").id,
        admin,
        victim,
        other,
        undo,
    }
}

async fn every_act(store: &SqlStore, stage: &Stage) -> Vec<(&'static str, Stored<()>)> {
    let Stage { admin, victim, other, .. } = stage;
    let one = victim.account;
    let who = admin.who();
    let save = SaveAccount { id: *other, version: stage.version, disabled: true, reason: String::new() };
    let enable = SaveAccount { id: stage.disabled, version: stage.disabled_version, disabled: false, reason: String::new() };
    let new = NewAccount { user_name: "new".into(), sis: true, ..NewAccount::default() };
    let confirmation = Confirmation::default();
    vec![
        ("sign in", sign_in(store, one).await.map(drop)),
        ("End", store.commit(admin, stage.end, &confirmation).await.map(drop)),
        ("End & Disable", store.commit(admin, stage.end_disable, &confirmation).await.map(drop)),
        ("undo", store.undo_disable(admin, stage.undo).await.map(drop)),
        ("end a session", store.end(who, EndTarget::Session(victim.session)).await.map(drop)),
        ("end an account", store.end(who, EndTarget::Account(one)).await.map(drop)),
        ("save", store.save_account(admin, &save).await.map(drop)),
        ("save that enables", store.save_account(admin, &enable).await.map(drop)),
        ("enable", store.enable(Actor::CommandLine, stage.disabled, "", NOW).await.map(drop)),
        ("disable many", store.disable_accounts(Actor::CommandLine, vec![one, *other], "", NOW).await),
        ("take the role", store.set_sis(Actor::CommandLine, admin.who().account, false, NOW).await.map(drop)),
        ("a failed sign-in", store.sign_in_failed(Some(one), &Origin::default(), NOW).await),
        ("create", store.create_account(Actor::CommandLine, new, NOW).await.map(drop)),
        ("set a password", store.set_password(Actor::CommandLine, one, "another".into(), NOW).await.map(drop)),
        ("grant", store.set_sis(Actor::CommandLine, one, true, NOW).await.map(drop)),
        ("disable", store.disable(Actor::CommandLine, one, "", NOW).await.map(drop)),
        ("end accounts", store.end_accounts(Actor::CommandLine, vec![one], "", NOW).await.map(drop)),
        ("begin many", store.begin_demo_sessions(vec![start(one, NOW)]).await.map(drop)),
        ("time out", store.end_timed_out(NOW + 13 * HOUR).await.map(drop)),
        ("sign out", store.sign_out(victim.session, &Origin::default(), NOW).await),
        ("note a refusal", store.refused(who, "POST /", 403).await),
    ]
}

#[tokio::test]
async fn aud_02_no_act_without_its_event() {
    let world = World::started().await;
    let stage = stage(&world).await;
    let before = state(&world).await;
    world.database.interrupt("insert on events", "true").await;
    let mut others = every_act(&world.store, &stage).await;
    others.retain(|(_, answer)| *answer != Err(StoreError::Internal));
    assert_eq!(others, [], "done, or refused by a rule");
    assert_eq!(state(&world).await, before);
    world.database.interrupt_no_more("events").await;
    assert!(world.store.commit(&stage.admin, stage.end_disable, &Confirmation::default()).await.is_ok());
    assert_ne!(state(&world).await, before);
}

#[tokio::test]
async fn aud_02_no_event_without_its_act() {
    let world = World::started().await;
    let stage = stage(&world).await;
    let before = state(&world).await;
    let Stage { admin, victim, end, .. } = &stage;
    let end = async || world.store.commit(admin, *end, &Confirmation::default()).await.is_err();
    // Where the sessions end.
    world.database.interrupt("update on sessions", "true").await;
    assert!(end().await);
    assert!(world.store.disable(Actor::CommandLine, victim.account, "", NOW).await.is_err());
    world.database.interrupt_no_more("sessions").await;
    // After the event was written, at the last statement of each act that has one there.
    world.database.interrupt("update of done on plans", "new.done > 0").await;
    assert!(end().await);
    world.database.interrupt_no_more("plans").await;
    world.database.interrupt("insert on event_origins", "true").await;
    assert!(sign_in(&world.store, victim.account).await.is_err());
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn a_sweep_that_stops_on_its_way_tells_what_is_done_and_the_next_one_does_the_rest() {
    let world = World::with(Settings { step: 2, ..settings() }).await;
    let lab = world.lab(5).await;
    assert_eq!(lab[2], AccountId(3));
    world.sign_all_in(&lab).await;
    world.database.interrupt("update on sessions", "new.account_id = 3").await;
    let sweep = async || world.store.end_accounts(Actor::CommandLine, lab.clone(), "", NOW).await.expect("begun");
    let ended = sweep().await;
    assert_eq!((ended.users, ended.sessions, ended.stopped), (2, 2, Some(StoreError::Internal)));
    assert_eq!(world.number("select count(*) from sessions where ended_at is null").await, 3);
    assert_eq!(world.number("select count(*) from events where action = 'end'").await, 2, "no event of what was not done");
    world.database.interrupt_no_more("sessions").await;
    let ended = sweep().await;
    assert_eq!((ended.users, ended.sessions, ended.stopped), (3, 3, None));
}
