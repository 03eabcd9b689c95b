//! The list as a file.

use crate::http_world::World;
use app::model::account::AccountId;
use axum::body::Body;
use http_body_util::BodyExt as _;
use server::store::{Actor, NewAccount, SessionStart};

const BOM: char = '\u{feff}';

/// So many accounts, each logged in once.
async fn crowd(world: &World, number: usize) {
    let new = (1..=number).map(|n| NewAccount { user_name: format!("lab{n:05}"), ..NewAccount::default() });
    let ids = world.store.create_accounts(Actor::CommandLine, new.collect(), world.clock.now()).await.expect("accounts");
    let starts = ids.into_iter().map(|account: AccountId| SessionStart {
        account,
        token: server::auth::token::Token::new().expect("random bytes").hash(),
        created_at: world.clock.now(),
        last_seen_at: world.clock.now(),
        ip: "10.0.0.1".into(),
        user_agent: String::new(),
    });
    world.store.begin_demo_sessions(starts.collect()).await.expect("begun");
}

#[tokio::test]
async fn an_export_is_the_list_as_filtered_and_one_event() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    world.person("=HYPERLINK(\"x\")", "Smith, Jr.", "@sum", false).await;
    world.signed_in("=HYPERLINK(\"x\")").await;
    world.signed_in("teacher").await;
    world.signed_in("teacher").await;
    let answer = admin.get("/sessions.csv?user_name=!%5Eadmin&sort=user_name").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"sessions.csv\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let time = "03/09/2026 11:00:00 AM";
    assert_eq!(
        answer.body,
        format!(
            "{BOM}User Name,Last Name,First Name,Session Creation Timestamp,Count\r\n\
             \"'=HYPERLINK(\"\"x\"\")\",\"Smith, Jr.\",'@sum,{time},1\r\nteacher,Teacher,Tess,{time},2\r\n"
        )
    );
    let events: Vec<(String, String)> = world.rows("select actor_name, cast(detail as text) from events where action = 'exported'").await;
    assert_eq!(events, [("admin".to_owned(), r#"{"what":"2 users · user_name=!^admin · sort=user_name"}"#.to_owned())]);
    assert!(admin.get("/history").await.body.contains("2 users · user_name=!^admin · sort=user_name"));
}

#[tokio::test]
async fn a_long_export_holds_every_row_once() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    crowd(&world, 4_500).await;
    crate::store_follow::in_step(&world.store).await;
    let answer = admin.get("/sessions.csv?sort=-user_name&user_name=lab").await;
    let names: Vec<String> = answer.body.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect();
    let expected: Vec<String> = (1..=4_500).rev().map(|n| format!("lab{n:05}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn an_export_ends_with_the_session_that_asked_for_it() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    crowd(&world, 4_500).await;
    crate::store_follow::in_step(&world.store).await;
    let mut body = admin.answer("GET", "/sessions.csv", Body::empty()).await.into_body();
    for _ in 0..2 {
        body.frame().await.expect("a frame").expect("a piece of it");
    }
    world.store.end_accounts(Actor::CommandLine, vec![world.admin], "", world.clock.now()).await.expect("ended");
    let rest = body.collect().await;
    assert!(rest.is_err(), "the rest came: {} bytes", rest.expect("bytes").to_bytes().len());
}

#[tokio::test]
async fn no_more_than_eight_are_written_at_once() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let mut under_way = Vec::new();
    for _ in 0..8 {
        under_way.push(admin.answer("GET", "/sessions.csv", Body::empty()).await);
    }
    let refused = admin.get("/sessions.csv").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "2"));
    assert!(refused.body.contains("Eight lists are being exported already. Export again in a minute."), "{}", refused.body);
    assert_eq!(world.rows::<(i64,)>("select seq from events where action = 'exported'").await.len(), 8);
    drop(under_way.pop());
    assert_eq!(admin.get("/sessions.csv").await.status, 200);
}

#[tokio::test]
async fn whoever_reads_slowly_lets_the_write_ahead_log_grow_no_further_than_64_mib() {
    const MIB: u64 = 1024 * 1024;
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    // `cargo xtask soak` has the ten minutes.
    let seconds: u64 = std::env::var("USM_SLOW_READER_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let rounds = (seconds / 4).max(24);
    let people = 4_500 * usize::try_from(seconds / 40).expect("few").max(1);
    crowd(&world, people).await;
    crate::store_follow::in_step(&world.store).await;
    let mut export = admin.answer("GET", "/sessions.csv", Body::empty()).await.into_body();
    let mut read = Vec::new();

    let log = world.database.path().with_file_name("usm.db-wal");
    let (mut written, mut most) = (0, 0);
    // As much as ten minutes of a busy morning write, and several times what the log may hold.
    for round in 0..rounds {
        // Whoever reads nothing for a minute is let go.
        if round % 10 == 0 {
            let piece = export.frame().await.expect("a frame").expect("a piece of it");
            read.extend(piece.into_data().expect("no trailer"));
        }
        let before = std::fs::metadata(&log).expect("the log").len();
        let starts = (0..4_000).map(|_| SessionStart {
            account: world.teacher,
            token: server::auth::token::Token::new().expect("random bytes").hash(),
            created_at: world.clock.now(),
            last_seen_at: world.clock.now(),
            ip: "10.0.0.1".into(),
            user_agent: "x".repeat(500),
        });
        world.store.begin_demo_sessions(starts.collect()).await.expect("begun");
        world.store.end_accounts(Actor::CommandLine, vec![world.teacher], "", world.clock.now()).await.expect("ended");
        let after = std::fs::metadata(&log).expect("the log").len();
        written += after.saturating_sub(before);
        most = most.max(after);
        // The log is taken over by the server's own upkeep, as ever.
        tokio::time::sleep(std::time::Duration::from_millis(seconds * 1_000 / rounds)).await;
    }
    assert!(most <= 64 * MIB, "{} MiB", most / MIB);
    let size = std::fs::metadata(world.database.path()).expect("the database").len();
    assert!(size > 96 * MIB, "only {} MiB were written: the test sees nothing", size / MIB);
    println!("at most {} MiB of log, {} MiB of database, grown by {} MiB", most / MIB, size / MIB, written / MIB);
    read.extend(export.collect().await.expect("the rest").to_bytes());
    assert!(String::from_utf8_lossy(&read).lines().count() >= people);
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_in_a_sentence() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for (address, status) in [("/sessions.csv?sort=password_hash", 422), (&*format!("/sessions.csv?user_name={}", "x".repeat(17_000)), 422)]
    {
        let answer = admin.get(address).await;
        assert_eq!(answer.status, status, "{address}");
        assert!(!answer.body.contains(BOM));
    }
    assert!(world.rows::<(i64,)>("select seq from events where action = 'exported'").await.is_empty());
}
