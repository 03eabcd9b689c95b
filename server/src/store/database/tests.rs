//! Deadlines and failures that only show from within.

use super::*;
use crate::{
    activity::Limits,
    clock::Clock,
    config::Place,
    credentials::Credentials as _,
    store::{Actor, Missing, NewAccount, SessionStart, Settings},
};
use jiff::tz::TimeZone;

async fn new_store() -> (tempfile::TempDir, SqlStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings::new(TimeZone::UTC, Limits { idle: 60_000, lifetime: 600_000 });
    let store = SqlStore::open(&Place::File(folder.path().join("usm.db")), Missing::Create, settings).await.expect("a new database");
    (folder, store)
}

fn accounts(number: usize) -> Vec<NewAccount> {
    (0..number).map(|n| NewAccount { user_name: format!("new{n}"), ..NewAccount::default() }).collect()
}

#[tokio::test]
async fn fs_01_a_full_disk_changes_nothing_and_heals() {
    let (_folder, store) = new_store().await;
    let mut tx = store.database().begin().await.expect("a transaction");
    // Holds for this connection, as long as it lives.
    tx.first::<(i64,)>(query("pragma max_page_count = 40")).await.expect("a small disk");
    tx.commit().await.expect("committed");
    assert_eq!(store.create_accounts(Actor::CommandLine, accounts(2_000), 0).await, Err(StoreError::Unavailable));
    assert_eq!(store.list_accounts(0).await, Ok(vec![]));
    // The connection that failed was closed; the disk has room again.
    assert!(store.create_accounts(Actor::CommandLine, accounts(2_000), 0).await.is_ok());
}

#[tokio::test]
async fn fs_01_a_hung_writer_is_told_within_a_second() {
    let (_folder, store) = new_store().await;
    let hung = store.database().begin().await.expect("a transaction");
    let begun = Instant::now();
    assert_eq!(store.create_account(Actor::CommandLine, accounts(1).remove(0), 0).await, Err(StoreError::Unavailable));
    assert!(begun.elapsed() < Duration::from_secs(1));
    drop(hung);
    assert!(store.create_account(Actor::CommandLine, accounts(1).remove(0), 0).await.is_ok());
}

#[tokio::test]
async fn a_statement_that_misses_its_deadline_leaves_no_connection_behind() {
    let (_folder, store) = new_store().await;
    let slow = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 20000000) select count(*) from n";
    let mut tx = store.database().begin().await.expect("a transaction");
    tx.until = Instant::now() + Duration::from_millis(50);
    assert_eq!(tx.first::<(i64,)>(query(slow)).await, Err(StoreError::Unavailable));
    drop(tx);
    let mut reader = store.database().reader().await.expect("a reader");
    reader.until = Instant::now() + Duration::from_millis(50);
    assert_eq!(reader.first::<(i64,)>(query(slow)).await, Err(StoreError::Unavailable));
    drop(reader);
    let Kind::Sqlite(sqlite) = store.database().kind() else { unreachable!("a file") };
    assert!(sqlite.writer.lock().await.is_none());
    assert_eq!(store.list_accounts(0).await, Ok(vec![]));
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_its_connection() {
    let (_folder, store) = new_store().await;
    let mut tx = store.database().begin().await.expect("a transaction");
    // Holds for this connection.
    tx.execute(query("create temp table mark (id integer)")).await.expect("marked");
    tx.commit().await.expect("committed");
    let mut tx = store.database().begin().await.expect("a transaction");
    tx.execute(query("insert into mark values (1)")).await.expect("written");
    drop(tx);
    let mut tx = store.database().begin().await.expect("a transaction");
    assert_eq!(tx.all::<(i64,)>(query("select id from mark")).await, Ok(vec![]), "the same connection, and nothing in it");
}

#[tokio::test]
async fn a_session_check_is_read_directly() {
    let (_folder, store) = new_store().await;
    let account = store.create_account(Actor::CommandLine, accounts(1).remove(0), 0).await.expect("created");
    let token = crate::auth::token::Token::new().expect("random").hash();
    let start = SessionStart { account, token, created_at: 0, last_seen_at: 0, ip: String::new(), user_agent: String::new() };
    store.begin_demo_sessions(vec![start]).await.expect("begun");
    let Kind::Sqlite(sqlite) = store.database().kind() else { unreachable!("a file") };
    let found = sqlite.direct.first::<crate::store::sign_in::CheckRow>(crate::store::sign_in::CHECK, token.as_bytes());
    assert_eq!(found.expect("no error").map(|row| row.1), Some(account.0));
    store.close().await;
    assert!(sqlite.direct.first::<(i64,)>("select 1", b"").is_err_and(|error| direct::is_busy(&error)), "nothing is opened after the end");
}

#[tokio::test]
async fn a_session_check_that_the_file_does_not_answer_at_once_is_asked_with_patience() {
    let (folder, store) = new_store().await;
    store.create_accounts(Actor::CommandLine, accounts(1), 0).await.expect("created");
    store.close().await;
    let file = folder.path().join("usm.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).busy_timeout(Duration::from_millis(200));
    let database = Database::new(Kind::Sqlite(Box::new(Sqlite::new(options))), Duration::from_millis(500), Arc::new(Feed::new()));
    let check = async || database.row::<(String,)>("select user_name from accounts where user_name_key = cast($1 as text)", b"new0").await;
    let other = rusqlite::Connection::open(&file).expect("opened");
    other.execute_batch("pragma locking_mode = exclusive; begin exclusive").expect("nobody else has the file open");
    let begun = Instant::now();
    assert_eq!(check().await, Err(StoreError::Unavailable));
    assert!((Duration::from_millis(200)..Duration::from_secs(1)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let asked = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(other);
    };
    let (found, ()) = tokio::join!(check(), asked);
    assert_eq!(found, Ok(Some(("new0".to_owned(),))));
    assert_eq!(check().await, found);
}

#[tokio::test]
async fn touches_let_acts_pass() {
    let (_folder, store) = new_store().await;
    assert!(!store.database().has_acts());
    let act = store.database().begin().await.expect("a transaction");
    assert!(store.database().has_acts());
    drop(act);
    assert!(!store.database().has_acts());
}

#[tokio::test]
async fn a_checkpoint_keeps_the_log_from_growing() {
    let (folder, store) = new_store().await;
    let mut sizes = Vec::new();
    for round in 0..4 {
        let new = (0..500).map(|n| NewAccount { user_name: format!("new{round}-{n}"), ..NewAccount::default() });
        store.create_accounts(Actor::CommandLine, new.collect(), 0).await.expect("created");
        store.checkpoint().await.expect("folded in");
        sizes.push(std::fs::metadata(folder.path().join("usm.db-wal")).expect("a log").len());
    }
    assert!(sizes[3] < 2 * sizes[0], "{sizes:?}");
}

#[tokio::test]
async fn a_commit_that_comes_late_has_its_time() {
    let (_folder, store) = new_store().await;
    let mut tx = store.database().begin().await.expect("a transaction");
    tx.execute(query("insert into settings (name, value) values ('late', 'yes')")).await.expect("written");
    // As after a long wait for its turn.
    tx.until = Instant::now();
    assert_eq!(tx.commit().await, Ok(None));
    let mut reader = store.database().reader().await.expect("a reader");
    assert_eq!(reader.first::<(String,)>(query("select value from settings where name = 'late'")).await, Ok(Some(("yes".into(),))));
}

/// A session whose time is over at 60 s, and activity of as many sessions as ordered that is not written yet.
async fn upkeep(store: &SqlStore, notes: i64) {
    let account = store.create_account(Actor::CommandLine, accounts(1).remove(0), 0).await.expect("created");
    let token = crate::auth::token::Token::new().expect("random").hash();
    let start = SessionStart { account, token, created_at: 0, last_seen_at: 0, ip: String::new(), user_agent: String::new() };
    store.begin_demo_sessions(vec![start]).await.expect("begun");
    for session in 0..notes {
        store.activity().note(app::model::session::SessionId(1_000 + session), 0, 120_000);
    }
}

async fn number(store: &SqlStore, sql: &'static str) -> i64 {
    store.database().reader().await.expect("a reader").first::<(i64,)>(query(sql)).await.expect("an answer").expect("a row").0
}

#[tokio::test]
async fn activity_that_cannot_be_written_holds_up_no_time_out() {
    let (_folder, store) = new_store().await;
    upkeep(&store, 1).await;
    // No activity is written any more.
    let mut tx = store.database().begin().await.expect("a transaction");
    let stop = "create trigger stops before update of last_seen_at on sessions begin select raise(abort, 'stopped'); end";
    tx.execute(query(stop)).await.expect("a trigger");
    let at_work = "
        insert into sessions (
          id, token_hash, account_id, created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent
        )
        values (1000, x'00', 1, 0, 0, 0, 999999999, 999999999, '', '')";
    tx.execute(query(at_work)).await.expect("one at work");
    tx.commit().await.expect("committed");
    assert!(!store.keep_up(&Clock::fixed(130_000), true, false).await);
    assert_eq!(number(&store, "select count(*) from events where action = 'timed_out'").await, 1);
    assert_eq!(store.activity().count(), 1, "it is tried again");
}

#[tokio::test]
async fn activity_without_end_leaves_time_outs_their_turn() {
    let (_folder, store) = new_store().await;
    upkeep(&store, 10_100).await;
    assert!(store.keep_up(&Clock::fixed(130_000), false, false).await);
    assert_eq!(store.activity().count(), 100);
    assert_eq!(number(&store, "select count(*) from events where action = 'timed_out'").await, 1);
}

#[tokio::test]
async fn a_node_whose_feed_or_sweep_has_died_is_not_ready() {
    for dead in 0..2 {
        let (_folder, store) = new_store().await;
        let background = store.start(Clock::fixed(0));
        store.loaded().await;
        assert_eq!(store.ready().await, Ok(()));
        background.tasks[dead].abort();
        while !background.tasks[dead].is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.ready().await, Err(StoreError::Unavailable));
        background.stop().await;
    }
}
