//! Sign-in, the session check, sign-out and time-outs.

use crate::common::{Browser, CHROME, HASH, HOUR, LIMITS, MINUTE, NOW, SECOND, World};
use app::guard::Origin;
use server::config::Place;
use server::{
    auth::token::Token,
    credentials::{Checked, Credentials as _, NewSession, SignedInAs, Why},
    store::{Actor, Missing, OpenError, SESSIONS_PER_ACCOUNT, SqlStore},
};
use std::fmt::Write as _;

#[tokio::test]
async fn a_session_is_found_by_its_token_only() {
    let world = World::new().await;
    let nate = world.account("NateTest").await;
    let browser = world.sign_in(nate).await;
    let Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
    assert_eq!((valid.session, valid.account, &*valid.user_name, valid.sis), (browser.session, nate, "NateTest", false));
    assert!(matches!(world.check(&Token::new().expect("random bytes")).await, Checked::Unknown));
    assert_eq!(world.number("select count(*) from sessions").await, 1, "TOK-10: an unknown token begins nothing");
}

#[tokio::test]
async fn tok_03_the_stored_hash_is_no_cookie() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    let mut hex = String::new();
    for byte in browser.token.hash().as_bytes() {
        write!(hex, "{byte:02x}").expect("a string");
    }
    let stored = Token::parse(hex.as_bytes()).expect("64 digits");
    assert!(matches!(world.check(&stored).await, Checked::Unknown));
}

#[tokio::test]
async fn names_are_found_as_people_type_them() {
    let world = World::new().await;
    let nate = world.account("NateTest").await;
    for typed in ["natetest", " NATETEST ", "ｎａｔｅｔｅｓｔ"] {
        let found = world.store.find_password_hash(typed).await.expect("an answer").expect("an account");
        assert_eq!((found.account, &*found.user_name, found.hash.as_deref(), found.disabled), (nate, "NateTest", Some(HASH), false));
    }
    assert!(world.store.find_password_hash("nate").await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_password_that_is_no_longer_current_begins_no_session() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    world.store.set_password(Actor::CommandLine, nate, "another".into(), NOW).await.expect("set");
    assert_eq!(world.try_sign_in(nate).await.err(), Some(SignedInAs::HashChanged));
    assert!(world.try_sign_in_with(nate, "another", None).await.is_ok());
}

#[tokio::test]
async fn aut_04_an_upgraded_hash_is_stored_with_the_sign_in() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    let new = |verified_hash, upgraded_hash| NewSession {
        account: nate,
        verified_hash,
        upgraded_hash,
        token: Token::new().expect("random bytes").hash(),
        wide_token: None,
        ip: "",
        user_agent: CHROME,
        replaces: None,
        now: NOW,
    };
    assert!(matches!(world.store.sign_in(new(HASH, Some("newer"))).await, Ok(SignedInAs::Session(_))));
    assert_eq!(world.store.sign_in(new(HASH, None)).await, Ok(SignedInAs::HashChanged));
    assert!(matches!(world.store.sign_in(new("newer", None)).await, Ok(SignedInAs::Session(_))));
}

#[tokio::test]
async fn a_disabled_account_is_refused_and_its_sessions_are_over() {
    let world = World::new().await;
    world.sis_account("admin01").await;
    let nate = world.account("natetest").await;
    let browser = world.sign_in(nate).await;
    assert_eq!(world.store.disable(Actor::CommandLine, nate, "phishing", NOW).await, Ok(Some(1)));
    assert_eq!(world.why(&browser).await, Why::Ended);
    assert_eq!(world.try_sign_in(nate).await.err(), Some(SignedInAs::Refused));
    assert!(world.store.find_password_hash("natetest").await.expect("an answer").expect("an account").disabled);
}

#[tokio::test]
async fn a_roster_hold_keeps_out_and_refuses_live_sessions() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    let browser = world.sign_in(nate).await;
    world.alter("update accounts set roster_disabled_at = 1").await;
    assert_eq!(world.why(&browser).await, Why::Ended);
    assert_eq!(world.try_sign_in(nate).await.err(), Some(SignedInAs::Refused));
}

#[tokio::test]
async fn rev_07_enabling_revives_no_session() {
    let world = World::new().await;
    world.sis_account("admin01").await;
    let nate = world.account("natetest").await;
    let other = world.command_line().await;
    let old = world.sign_in(nate).await;
    for (one, two) in [(&world.store, &other), (&other, &world.store)] {
        let new = world.sign_in(nate).await;
        one.disable(Actor::CommandLine, nate, "", NOW).await.expect("disabled");
        assert_eq!(two.enable(Actor::CommandLine, nate, "", NOW).await, Ok(true));
        assert_eq!(one.enable(Actor::CommandLine, nate, "", NOW).await, Ok(false));
        for (store, browser) in [(one, &old), (two, &old), (one, &new), (two, &new)] {
            assert!(matches!(store.check(&browser.token.hash(), NOW).await, Ok(Checked::Over(Why::Ended))));
        }
    }
    let new = world.sign_in(nate).await;
    assert!(world.is_valid(&new).await);
}

#[tokio::test]
async fn tok_08_the_cookie_sent_with_a_sign_in_dies() {
    let world = World::new().await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    for owner in [nate, kruiz] {
        let old = world.sign_in(owner).await;
        let new = world.try_sign_in_with(nate, HASH, Some(&old.token)).await.expect("signed in");
        assert_ne!(new.token, old.token);
        assert_eq!(world.why(&old).await, Why::Elsewhere);
        assert!(world.is_valid(&new).await);
    }
    let made_up = Token::new().expect("random bytes");
    let new = world.try_sign_in_with(nate, HASH, Some(&made_up)).await.expect("signed in");
    assert_ne!(new.token, made_up);
    assert!(matches!(world.check(&made_up).await, Checked::Unknown));
}

#[tokio::test]
async fn tok_11_a_signed_out_session_is_dead_before_the_answer() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    world.store.sign_out(browser.session, &Origin::default(), NOW).await.expect("signed out");
    assert_eq!(world.why(&browser).await, Why::SignedOut);
    world.store.sign_out(browser.session, &Origin::default(), NOW).await.expect("no error");
    assert_eq!(world.number("select count(*) from events where action = 'sign_out'").await, 1);
}

#[tokio::test]
async fn the_hundred_and_first_session_ends_the_oldest() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    let mut browsers = Vec::new();
    for _ in 0..=SESSIONS_PER_ACCOUNT {
        browsers.push(world.sign_in(nate).await);
        world.clock.advance(1);
    }
    assert_eq!(world.why(&browsers[0]).await, Why::Elsewhere);
    assert!(world.is_valid(&browsers[1]).await);
    assert_eq!(world.number("select count(*) from sessions where ended_at is null").await, SESSIONS_PER_ACCOUNT);
    assert_eq!(world.number("select count(*) from events where action = 'replaced'").await, 1);
}

#[tokio::test]
async fn tim_01_an_idle_session_ends_after_its_limit_and_slack() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    world.clock.advance(LIMITS.idle - SECOND);
    assert!(world.is_valid(&browser).await);
    world.clock.advance(2 * SECOND);
    assert!(world.is_valid(&browser).await, "never early: activity may have gone unwritten for as long as the slack");
    world.clock.advance(LIMITS.slack());
    assert_eq!(world.why(&browser).await, Why::TimedOut, "by the stored times alone, before any sweep");
}

#[tokio::test]
async fn tim_02_activity_never_moves_the_absolute_limit() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    while world.clock.now() < NOW + LIMITS.lifetime - 30 * MINUTE {
        world.clock.advance(30 * MINUTE);
        touch(&world, &browser.token).await;
    }
    world.clock.advance(30 * MINUTE - SECOND);
    assert!(world.is_valid(&browser).await);
    world.clock.advance(SECOND);
    assert_eq!(world.why(&browser).await, Why::TimedOut);
    world.store.end_timed_out(world.clock.now()).await.expect("swept");
    assert_eq!(world.number("select count(*) from sessions where end_kind = 'expired'").await, 1);
}

#[tokio::test]
async fn activity_that_is_written_too_late_revives_nobody() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    let Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
    world.clock.advance(HOUR - MINUTE);
    world.store.touch(&valid, world.clock.now());
    // As on a disk that is full: it was refused before the note could be written.
    world.clock.advance(HOUR / 2);
    assert_eq!(world.why(&browser).await, Why::TimedOut);
    world.store.write_activity(&world.clock).await.expect("written");
    assert_eq!(world.why(&browser).await, Why::TimedOut);
    world.store.end_timed_out(world.clock.now()).await.expect("swept");
    assert_eq!(world.number("select count(*) from sessions where end_kind = 'idle'").await, 1);
}

async fn touch(world: &World, token: &Token) {
    let Checked::Valid(valid) = world.check(token).await else { panic!("valid") };
    world.store.touch(&valid, world.clock.now());
    world.store.write_activity(&world.clock).await.expect("written");
}

#[tokio::test]
async fn activity_is_written_where_the_stored_one_is_old() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    world.clock.advance(MINUTE);
    touch(&world, &browser.token).await;
    assert_eq!(world.number("select last_seen_at from sessions").await, NOW);
    world.clock.advance(1);
    touch(&world, &browser.token).await;
    assert_eq!(world.number("select last_seen_at from sessions").await, NOW + MINUTE + 1);
    world.clock.advance(LIMITS.idle);
    assert!(world.is_valid(&browser).await);
    assert_eq!(world.number("select count(*) from events where action not in ('sign_in', 'account_created')").await, 0);
}

#[tokio::test]
async fn rev_04_activity_never_revives_an_ended_session() {
    let world = World::new().await;
    let browser = world.sign_in(world.account("natetest").await).await;
    let Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
    world.clock.advance(2 * MINUTE);
    world.store.touch(&valid, world.clock.now());
    world.store.end_accounts(Actor::CommandLine, vec![browser.account], "", world.clock.now()).await.expect("ended");
    world.store.write_activity(&world.clock).await.expect("written");
    assert_eq!(world.why(&browser).await, Why::Ended);
    assert_eq!(world.number("select last_seen_at from sessions").await, NOW);
}

#[tokio::test]
async fn a_time_out_is_a_write_with_one_event_a_session() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    world.sign_in(nate).await;
    assert_eq!(world.store.end_timed_out(world.clock.now() + HOUR).await, Ok(0));
    assert_eq!(world.store.end_timed_out(world.clock.now() + HOUR + LIMITS.slack()).await, Ok(2));
    assert_eq!(world.store.end_timed_out(world.clock.now() + 2 * HOUR).await, Ok(0));
    let system = "select count(*) from events where action = 'timed_out' and actor_kind = 'system' and target_session is not null";
    assert_eq!(world.number(system).await, 2);
    assert_eq!(world.number("select count(*) from sessions where end_kind = 'idle' and ended_at is not null").await, 2);
}

#[tokio::test]
async fn a_time_out_says_which_limit_came_first_however_late_it_is_written() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    let busy = world.sign_in(nate).await;
    while world.clock.now() < NOW + LIMITS.lifetime - HOUR / 2 {
        world.clock.advance(HOUR / 2);
        touch(&world, &busy.token).await;
    }
    // Nothing swept until long after both limits.
    world.store.end_timed_out(NOW + 2 * LIMITS.lifetime).await.expect("swept");
    let why: Vec<_> =
        world.events("timed_out").await.into_iter().map(|event| (event.target_session, event.detail["why"].clone())).collect();
    assert_eq!(why, [(Some(busy.session.0 - 1), "idle".into()), (Some(busy.session.0), "expired".into())]);
}

#[tokio::test]
async fn aud_01_sign_in_refused_and_sign_out_write_one_event_each() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    let browser = world.sign_in(nate).await;
    world.store.sign_in_failed(Some(nate), &Origin { ip: "10.0.0.9".into(), user_agent: "curl".into() }, NOW).await.expect("noted");
    world.store.sign_in_failed(None, &Origin { ip: "10.0.0.9".into(), user_agent: "curl".into() }, NOW).await.expect("noted");
    let who = world.signed_in(&browser).await;
    world.store.refused(&who, "POST /sessions/plan", 403).await.expect("noted");
    world.store.sign_out(browser.session, &Origin::default(), NOW).await.expect("signed out");
    for (action, count) in [("sign_in", 1), ("sign_in_refused", 2), ("refused", 1), ("sign_out", 1)] {
        let events = world.events(action).await;
        assert_eq!(events.len(), count, "{action}");
        assert!(events.iter().all(|event| event.at == NOW));
    }
    let [by_name, unknown] = &world.events("sign_in_refused").await[..] else { panic!("two") };
    assert_eq!((by_name.target_account, &*by_name.target_name, by_name.ip.as_deref()), (Some(nate.0), "natetest", Some("10.0.0.9")));
    assert_eq!((unknown.target_account, &*unknown.target_name), (None, ""), "AUD-06: people type passwords there");
    let [sign_in] = &world.events("sign_in").await[..] else { panic!("one") };
    assert_eq!((sign_in.actor_account, sign_in.target_session), (Some(nate.0), Some(browser.session.0)));
    assert_eq!(sign_in.ip.as_deref(), Some("10.4.1.22"));
}

#[tokio::test]
async fn aud_01_whoever_is_refused_again_and_again_fills_neither_the_log_nor_the_queue() {
    let world = World::new().await;
    let (nate, kruiz) = (world.sign_in(world.account("natetest").await).await, world.sign_in(world.account("kruiz").await).await);
    let refused = async |browser| world.store.refused(&world.signed_in(browser).await, "POST /sessions/plan", 403).await.expect("taken");
    let of = async |browser: &Browser| {
        let events = world.events("refused").await.into_iter().filter(|event| event.actor_account == Some(browser.account.0));
        events.map(|event| event.detail["what"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    for _ in 0..72 {
        refused(&nate).await;
    }
    refused(&kruiz).await;
    assert_eq!((of(&nate).await.len(), of(&kruiz).await.len()), (60, 1));
    world.clock.advance(MINUTE);
    for _ in 0..2 {
        refused(&nate).await;
    }
    assert_eq!(of(&nate).await[59..], ["POST /sessions/plan", "POST /sessions/plan, and 12 more before", "POST /sessions/plan"]);
}

#[tokio::test]
async fn a_newer_database_is_refused_in_one_sentence() {
    let world = World::new().await;
    world.alter("update schema set version = 9, oldest_binary = 9").await;
    let refused = SqlStore::open(&Place::File(world.path()), Missing::Refuse, crate::common::settings()).await.err().expect("refused");
    assert!(matches!(refused, OpenError::Newer(_)), "{refused}");
    world.alter("update schema set version = 9, oldest_binary = 1").await;
    assert!(SqlStore::open(&Place::File(world.path()), Missing::Refuse, crate::common::settings()).await.is_ok());
}

#[tokio::test]
async fn only_a_database_of_ours_is_opened() {
    let world = World::new().await;
    let open = async |name: &str| {
        SqlStore::open(&Place::File(world.path().with_file_name(name)), Missing::Refuse, crate::common::settings()).await
    };
    assert!(matches!(open("none.db").await, Err(OpenError::Missing(_))));
    std::fs::write(world.path().with_file_name("text.db"), "no database at all, but long enough to be read as one").expect("written");
    assert!(matches!(open("text.db").await, Err(OpenError::NotOurs(_))));
    let other = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path().with_file_name("other.db")).create_if_missing(true);
    let mut other = sqlx::ConnectOptions::connect(&other).await.expect("a connection");
    sqlx::raw_sql("create table customers (id integer)").execute(&mut other).await.expect("a table");
    assert!(matches!(open("other.db").await, Err(OpenError::NotOurs(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_database_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    world.account("natetest").await;
    let mode = |name: &str| std::fs::metadata(world.path().with_file_name(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!((mode("usm.db"), mode("usm.db-wal"), mode("usm.db-shm")), (0o600, 0o600, 0o600));
}
