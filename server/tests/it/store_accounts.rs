//! User Account Information, accounts from the command line, the last SIS administrator, and the history.

use crate::common::{HASH, HOUR, NOW, World, sentence, settings};
use app::{
    AppError,
    guard::Origin,
    model::{
        account::{AccountId, SaveAccount, Saved},
        event::{BatchId, History},
        plan::{Act, EndTarget},
    },
    store::{Store as _, StoreError},
};
use server::{
    credentials::{Credentials as _, SignedInAs, Why},
    store::{Actor, NewAccount, Settings},
};

fn save(id: AccountId, version: i64, disabled: bool) -> SaveAccount {
    SaveAccount { id, version, disabled, reason: "  phishing ".into() }
}

#[tokio::test]
async fn save_disables_and_enables_with_the_same_password() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    let browser = world.sign_in(nate).await;
    let details = world.store.account(&admin, nate).await.expect("an answer").expect("an account");
    assert_eq!((&*details.status, &*details.name, details.disabled, details.sessions.len()), ("Can log in", "Test, Fake", false, 1));

    let saved = world.store.save_account(&admin, &save(nate, details.version, true)).await;
    assert_eq!(saved, Ok(Saved::Disabled { sessions: 1 }));
    assert_eq!(world.why(&browser).await, Why::Ended);
    let details = world.store.account(&admin, nate).await.expect("an answer").expect("an account");
    assert_eq!(details.status, "Disabled by admin01, 03/09/2022 09:20:54 AM, reason: phishing");
    assert_eq!(
        (details.disabled, &*details.history[0].action, &*details.history[0].detail),
        (true, "Disable", "1 session ended · 10.4.1.23 · Chrome 99 · Windows")
    );

    assert_eq!(world.store.save_account(&admin, &save(nate, details.version, true)).await, Ok(Saved::Unchanged));
    assert_eq!(world.store.save_account(&admin, &save(nate, details.version, false)).await, Ok(Saved::Enabled));
    assert_eq!(world.why(&browser).await, Why::Ended);
    assert!(world.try_sign_in_with(nate, HASH, None).await.is_ok());
    assert_eq!(world.number("select count(*) from events where action in ('disable', 'enable')").await, 2);
}

#[tokio::test]
async fn a_stale_form_changes_nothing_and_says_who_did() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let other = world.admin("שרה").await;
    let nate = world.account("natetest").await;
    let stale = world.store.account(&admin, nate).await.expect("an answer").expect("an account").version;
    world.store.save_account(&other, &save(nate, stale, true)).await.expect("saved");
    let conflict = world.store.save_account(&admin, &save(nate, stale, false)).await;
    assert!(matches!(&conflict, Err(StoreError::Refused(AppError::Conflict { .. }))), "{conflict:?}");
    assert!(sentence(conflict).contains("\u{2068}שרה\u{2069} changed this account meanwhile (Disable, 03/09/2022 09:20:54 AM)"));
    assert_eq!(world.try_sign_in(nate).await.err(), Some(SignedInAs::Refused));
    let unknown = world.store.save_account(&admin, &save(AccountId(99), 1, true)).await;
    assert_eq!(unknown, Err(StoreError::Refused(AppError::NotFound)));
}

#[tokio::test]
async fn save_lifts_both_holds() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    world.alter("update accounts set roster_disabled_at = 1, roster_disabled_source = 'sis' where user_name = 'natetest'").await;
    let details = world.store.account(&admin, nate).await.expect("an answer").expect("an account");
    assert_eq!((&*details.status, details.disabled), ("Disabled by the roster", true));
    world.store.disable(Actor::CommandLine, nate, "", NOW).await.expect("disabled");
    let details = world.store.account(&admin, nate).await.expect("an answer").expect("an account");
    assert_eq!(details.status, "Disabled by the command line, 03/09/2022 09:20:54 AM");
    assert_eq!(world.store.save_account(&admin, &save(nate, details.version, false)).await, Ok(Saved::Enabled));
    assert!(world.try_sign_in(nate).await.is_ok());
}

#[tokio::test]
async fn a_disable_by_a_person_outlives_the_rosters() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    let report = world.act(&admin, Act::EndDisable, &[nate]).await.expect("done");
    world.alter("update accounts set roster_disabled_at = 1 where user_name = 'natetest'").await;
    assert_eq!(world.store.undo_disable(&admin, report.batch).await.expect("undone").enabled, 1);
    assert_eq!(world.try_sign_in(nate).await.err(), Some(SignedInAs::Refused), "the undo lifts only what the act did");
}

#[tokio::test]
async fn nobody_disables_himself() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    world.sis_account("admin02").await;
    let details = world.store.account(&admin, admin.who().account).await.expect("an answer").expect("an account");
    let locked = details.locked.expect("said beforehand");
    assert_eq!(sentence(world.store.save_account(&admin, &save(details.id, details.version, true)).await), locked);
    assert!(matches!(world.store.own_account(admin.who()).await, Ok(own) if own.sessions.len() == 1 && own.sessions[0].current));
}

#[tokio::test]
async fn az_06_the_last_sis_administrator_stays() {
    let world = World::started().await;
    let first = world.sis_account("admin01").await;
    let without_password = NewAccount { user_name: "admin02".into(), sis: true, ..NewAccount::default() };
    world.store.create_account(Actor::CommandLine, without_password, NOW).await.expect("created");
    let disabled = world.sis_account("admin03").await;
    world.store.disable(Actor::CommandLine, disabled, "", NOW).await.expect("disabled");

    let (events, state) = ("select count(*) from events", "select count(*) from accounts where disabled_at is not null");
    let before = (world.number(events).await, world.number(state).await);
    let refused = sentence(world.store.disable(Actor::CommandLine, first, "", NOW).await);
    assert!(refused.contains("no enabled account with a password that holds the SIS role"), "{refused}");
    sentence(world.store.set_sis(Actor::CommandLine, first, false, NOW).await);
    sentence(world.store.disable_accounts(Actor::CommandLine, vec![first, disabled], "", NOW).await);
    assert_eq!((world.number(events).await, world.number(state).await), before, "nothing half done");
    assert_eq!(world.store.has_administrator().await, Ok(true));

    let admin = world.as_admin(&world.sign_in(first).await).await;
    let other = world.sis_account("admin04").await;
    let details = world.store.account(&admin, other).await.expect("an answer").expect("an account");
    assert_eq!(details.locked, None, "admin01 is one too");
    assert_eq!(world.store.set_sis(Actor::CommandLine, first, false, NOW).await, Ok(true));
    assert_eq!(world.store.set_sis(Actor::CommandLine, first, false, NOW).await, Ok(false));
    assert!(world.store.disable(Actor::CommandLine, first, "", NOW).await.is_ok());
    sentence(world.store.disable(Actor::CommandLine, other, "", NOW).await);
}

#[tokio::test]
async fn az_06_two_administrators_cannot_disable_each_other_at_once() {
    let world = World::started().await;
    let command_line = world.command_line().await;
    for round in 0..50 {
        let (left, right) = (world.admin(&format!("left{round}")).await, world.admin(&format!("right{round}")).await);
        let version = async |id| world.store.account(&left, id).await.expect("an answer").expect("an account").version;
        let (l, r) = (left.who().account, right.who().account);
        let (disable_right, disable_left) = (save(r, version(r).await, true), save(l, version(l).await, true));
        if round % 2 == 0 {
            tokio::join!(world.store.save_account(&left, &disable_right), world.store.save_account(&right, &disable_left)).0.ok();
        } else {
            let (one, two) =
                tokio::join!(world.store.save_account(&left, &disable_right), command_line.disable(Actor::CommandLine, l, "", NOW));
            assert!(one.is_ok() || two.is_ok());
        }
        assert_eq!(world.store.has_administrator().await, Ok(true), "round {round}");
        let live = "select count(*) from accounts join account_roles on account_id = accounts.id where disabled_at is null";
        assert_eq!(world.number(live).await, 1, "one of the two was disabled");
        // The one who is left goes before the next round, when the next two are there.
        let next = world.sis_account(&format!("next{round}")).await;
        for account in [l, r] {
            let _ = world.store.disable(Actor::CommandLine, account, "", NOW).await;
        }
        world.alter("delete from account_roles where account_id in (select id from accounts where user_name like 'next%')").await;
        world.store.disable(Actor::CommandLine, next, "", NOW).await.ok();
    }
}

#[tokio::test]
async fn a_user_name_is_taken_in_every_spelling() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    for name in ["natetest", " NateTest", "ＮＡＴＥＴＥＳＴ"] {
        let new = NewAccount { user_name: name.into(), ..NewAccount::default() };
        let refused = sentence(world.store.create_account(Actor::CommandLine, new, NOW).await);
        assert!(refused.starts_with("There is already an account"), "{refused}");
    }
    let twice = ["nova", "NOVA"].map(|name| NewAccount { user_name: name.into(), ..NewAccount::default() });
    sentence(world.store.create_accounts(Actor::CommandLine, twice.into(), NOW).await);
    sentence(world.store.create_account(Actor::CommandLine, NewAccount { user_name: " ".into(), ..NewAccount::default() }, NOW).await);
    assert_eq!(world.store.find_account("NATETEST").await, Ok(Some(nate)));
    assert_eq!(world.store.find_account("nova").await, Ok(None));
    assert_eq!(world.number("select count(*) from events").await, 1, "what was refused left no event");
}

#[tokio::test]
async fn a_name_is_short_and_on_one_line() {
    let world = World::started().await;
    let create = async |[user_name, last_name, first_name]: [&str; 3]| {
        let [user_name, last_name, first_name] = [user_name, last_name, first_name].map(str::to_owned);
        let new = NewAccount { user_name, last_name, first_name, ..NewAccount::default() };
        let other = NewAccount { user_name: "other".into(), ..NewAccount::default() };
        world.store.create_accounts(Actor::CommandLine, vec![other, new], NOW).await
    };
    let (longest, long) = ("é".repeat(128), "é".repeat(129));
    for wrong in [&*long, "a\nb", "a\r", "\0", "a\tb", "\u{1b}[2J", "a\u{7f}", "a\u{85}b", "a\u{2028}b", "a\u{2029}"] {
        for (which, names) in [("user name", [wrong, "", ""]), ("last name", ["nate", wrong, "x"]), ("first name", ["nate", "x", wrong])] {
            let said = sentence(create(names).await);
            assert_eq!(
                said,
                format!("Give a {which} of at most 128 characters, without line breaks or other control characters."),
                "{names:?}"
            );
        }
    }
    assert_eq!(world.number("select count(*) from accounts").await, 0, "all are created, or none");
    assert_eq!(create([&*longest, "O\u{2019}Brien\u{202e}", "👩🏽\u{200d}🎓 "]).await.expect("names").len(), 2);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let world = World::new().await;
    let nate = world.account("natetest").await;
    let browsers = [world.sign_in(nate).await, world.sign_in(nate).await];
    assert_eq!(world.store.set_password(Actor::CommandLine, nate, "another".into(), NOW).await, Ok(2));
    for browser in &browsers {
        assert_eq!(world.why(browser).await, Why::Elsewhere);
    }
    let [event] = &world.events("password_set").await[..] else { panic!("one event") };
    assert_eq!((event.target_account, event.detail["sessions"].as_array().map(Vec::len)), (Some(nate.0), Some(2)));
    assert!(!event.detail.to_string().contains("another"));
}

#[tokio::test]
async fn the_command_line_ends_accounts_with_one_event_each() {
    let world = World::new().await;
    let lab = world.lab(3).await;
    world.sign_all_in(&lab[..2]).await;
    let ended = world.store.end_accounts(Actor::CommandLine, vec![lab[2], lab[0], lab[0]], "lesson over", NOW).await.expect("done");
    assert_eq!((ended.users, ended.sessions), (1, 1));
    let events = world.events("end").await;
    let told: Vec<_> = events.iter().map(|event| (event.target_account, &*event.result, &*event.actor_kind, &*event.reason)).collect();
    let (done, already) =
        ((Some(lab[0].0), "done", "command_line", "lesson over"), (Some(lab[2].0), "already", "command_line", "lesson over"));
    assert_eq!(told, [done, already]);
    let listed = world.store.list_accounts(NOW).await.expect("a list");
    assert_eq!(
        listed.iter().map(|account| (&*account.user_name, account.sessions)).collect::<Vec<_>>(),
        [("lab0001", 0), ("lab0002", 1), ("lab0003", 0)]
    );
    assert_eq!(world.store.size(NOW).await, Ok((3, 1)));
    assert_eq!(world.store.size(NOW + 2 * HOUR).await, Ok((3, 0)));
    let later = world.store.list_accounts(NOW + 2 * HOUR).await.expect("a list");
    assert!(later.iter().all(|account| account.sessions == 0), "whose time is over is not counted, though that is not written");
}

#[tokio::test]
async fn the_command_line_ends_many_in_one_act_of_several_transactions() {
    let world = World::with(Settings { step: 2, ..settings() }).await;
    let lab = world.lab(5).await;
    world.sign_all_in(&lab).await;
    let late = world.sign_in(lab[4]).await;
    let ended = world.store.end_accounts(Actor::CommandLine, lab.clone(), "day over", NOW).await.expect("done");
    assert_eq!((ended.users, ended.sessions, ended.stopped), (5, 6, None));
    assert!(!world.is_valid(&late).await);
    let events = world.events("end").await;
    assert_eq!(events.iter().map(|event| event.target_account).collect::<Vec<_>>(), lab.iter().map(|id| Some(id.0)).collect::<Vec<_>>());
    let batches: Vec<(i64,)> = world.database.rows("select distinct batch_id from events where action = 'end'").await;
    assert_eq!(batches.len(), 1, "one act");
}

#[tokio::test]
async fn the_history_tells_everything_newest_first() {
    let world = World::started().await;
    let browser = world.sign_in(world.sis_account("admin01").await).await;
    let admin = world.as_admin(&browser).await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    world.store.sign_in_failed(Some(nate), &Origin { ip: "10.0.0.9".into(), user_agent: "curl/8.5.0".into() }, NOW).await.expect("noted");
    let report = world.act(&admin, Act::EndDisable, &[nate]).await.expect("done");
    world.store.refused(admin.who(), "POST /sessions/end", 422).await.expect("noted");
    world.store.end(admin.who(), EndTarget::Session(browser.session)).await.expect("done");

    let history = async |act, before, limit| world.store.history(&admin, act, before, limit).await.expect("an answer");
    let lines = history(None, None, 200).await.expect("the history").events;
    let told: Vec<_> = lines.iter().map(|line| (&*line.action, &*line.actor, &*line.target, &*line.detail, line.undo)).collect();
    assert_eq!(
        told,
        [
            ("End", "admin01", "admin01", "1 session ended · 10.4.1.23 · Chrome 99 · Windows", false),
            ("Refused request", "admin01", "", "POST /sessions/end (422) · 10.4.1.23 · Chrome 99 · Windows", false),
            ("End & Disable", "admin01", "natetest", "1 session ended · 10.4.1.23 · Chrome 99 · Windows", true),
            ("Log in refused", "", "natetest", "10.0.0.9 · curl 8", false),
            ("Log in", "natetest", "natetest", "10.4.1.22 · Chrome 99 · Windows", false),
            ("Account created", "Command line", "natetest", "", false),
            ("Log in", "admin01", "admin01", "10.4.1.22 · Chrome 99 · Windows", false),
            ("Role granted", "Command line", "admin01", "", false),
            ("Account created", "Command line", "admin01", "", false),
        ]
    );
    assert_eq!((&*lines[2].at, lines[2].batch), ("03/09/2022 09:20:54 AM", report.batch));
    // Page by page to the first event, none twice and none left out.
    let mut before = None;
    for (place, page) in lines.chunks(2).enumerate() {
        let History { events, older, .. } = history(None, before, 2).await.expect("a page");
        assert_eq!((&events[..], older), (page, place < 4));
        before = events.last().map(|event| event.seq);
    }
    assert_eq!(history(None, before, 2).await.expect("a page").events, []);
    let gone = history(Some(report.batch), Some(1), 200).await.expect("the act");
    assert_eq!((gone.events, gone.of_act, gone.older), (Vec::new(), Some(1), false));
    let act = history(Some(report.batch), None, 200).await.expect("the act");
    assert_eq!((&act.events[..], act.of_act), (&lines[2..3], Some(1)));
    assert_eq!(history(Some(BatchId(1)), None, 200).await, None, "there is no such act");
}

#[tokio::test]
async fn sessions_are_told_with_time_place_and_browser() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    world.clock.advance(12_000);
    let newer = world.sign_in(nate).await;
    let who = world.signed_in(&newer).await;
    let told = world.store.sessions_of(&admin, nate).await.expect("an answer").expect("an account");
    assert_eq!(
        (&*told.user_name, &*told.name, told.you, told.disabled, told.sessions[0].id),
        ("natetest", "Test, Fake", false, false, newer.session)
    );
    let own = world.store.own_account(&who).await.expect("an answer");
    let [new, old] = &own.sessions[..] else { panic!("two sessions") };
    assert_eq!(
        (&*old.created, &*old.activity, &*old.ip, &*old.browser),
        ("03/09/2022 09:20:54 AM", "active 12 s ago", "10.4.1.22", "Chrome 99 · Windows")
    );
    assert_eq!((new.current, old.current), (true, false));
    assert_eq!(world.store.sessions_of(&admin, AccountId(99)).await, Ok(None));
    assert_eq!(world.store.account(&admin, AccountId(99)).await, Ok(None));
}
