//! Plans and their commits, single ends, undo: who is ended, who is left out, and what is said of it.

use crate::{
    common::{MINUTE, NOW, SECOND, World, new_session, sentence},
    store_follow::in_step,
};
use app::{
    AppError,
    model::{
        account::AccountId,
        event::BatchId,
        plan::{Act, Confirmation, EndTarget, Own, PlanId},
        query::Query,
        selection::Selection,
        session::SessionId,
    },
    store::{Store as _, StoreError},
};
use server::{
    auth::token::Token,
    credentials::{Checked, Credentials as _, SignedInAs, Why},
    store::Actor,
};

fn also_sis() -> Confirmation {
    Confirmation { also_sis: true, ..Confirmation::default() }
}

#[tokio::test]
async fn az_07_end_ends_every_session_of_the_planned_accounts_and_no_other() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    let browsers = [world.sign_in(nate).await, world.sign_in(nate).await];
    let other = world.sign_in(kruiz).await;
    let plan = world.plan(&admin, Act::End, &[nate]).await.expect("a plan");
    assert_eq!((plan.users, plan.sessions, &*plan.names[0].user_name, plan.own, plan.refused), (1, 2, "natetest", Own::No, None));
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!(report.sentence(), "Ended 2 sessions of natetest");
    for browser in &browsers {
        assert_eq!(world.why(browser).await, Why::Ended);
    }
    assert!(world.is_valid(&other).await);
    assert!(world.try_sign_in(nate).await.is_ok(), "End keeps nobody out");
}

#[tokio::test]
async fn rev_06_sessions_begun_since_the_dialog_end_too_and_are_counted() {
    let world = World::started().await;
    let other = world.command_line().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    world.sign_in(nate).await;
    let plan = world.plan(&admin, Act::EndDisable, &[nate, kruiz]).await.expect("a plan");
    assert_eq!((plan.users, plan.sessions), (2, 1));
    let late = world.sign_in(nate).await;
    let report = other.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!(report.sentence(), "2 accounts disabled, 2 sessions ended, 1 of them new");
    assert_eq!(world.number("select count(*) from sessions where ended_at is null").await, 1, "the administrator's");
    assert_eq!(world.why(&late).await, Why::Ended);
    for store in [&world.store, &other] {
        let token = Token::new().expect("random bytes").hash();
        assert_eq!(store.sign_in(new_session(nate, token)).await, Ok(SignedInAs::Refused));
    }
}

#[tokio::test]
async fn rev_06_somebody_who_matches_only_now_is_not_touched_but_told() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab1 = world.account("lab1").await;
    world.sign_in(lab1).await;
    let shown = Query::from_pairs(&[("user_name", "^lab")]).expect("a query");
    let selection = Selection::default().everybody(shown.clone());
    in_step(&world.store).await;
    let plan = world.store.prepare(&admin, Act::EndDisable, &selection, &shown).await.expect("a plan");
    let lab2 = world.account("lab2").await;
    // On another node, that is.
    let (other, late) = (world.command_line().await, Token::new().expect("random bytes"));
    assert!(matches!(other.sign_in(new_session(lab2, late.hash())).await, Ok(SignedInAs::Session(_))));
    in_step(&world.store).await;
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!((report.ended_users, report.disabled), (1, 1));
    assert!(matches!(world.check(&late).await, Checked::Valid(_)));
    assert_eq!(report.sentence(), "1 account disabled, 1 session ended, 1 more user not touched: matching only now");
    assert_eq!(world.store.report(&admin, report.batch).await, Ok(Some(report)));
}

#[tokio::test]
async fn rev_06_who_was_excepted_or_matches_another_filter_is_not_told() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let [lab1, lab2, other] = [world.account("lab1").await, world.account("lab2").await, world.account("natetest").await];
    world.sign_all_in(&[lab1, lab2]).await;
    let shown = Query::from_pairs(&[("user_name", "^lab")]).expect("a query");
    let mut selection = Selection::default().everybody(shown.clone());
    selection.set(lab2, true, false);
    in_step(&world.store).await;
    let plan = world.store.prepare(&admin, Act::End, &selection, &shown).await.expect("a plan");
    world.sign_all_in(&[lab1, other]).await;
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!((report.sentence(), report.only_now), ("Ended 2 sessions of lab1, 1 of them new".into(), 0));
}

#[tokio::test]
async fn a_plan_commits_once_and_tells_the_same_again() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    world.sign_in(nate).await;
    let plan = world.plan(&admin, Act::End, &[nate, kruiz]).await.expect("a plan");
    let first = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!(first.sentence(), "1 ended, 1 had already ended");
    let again = world.sign_in(nate).await;
    let events = world.number("select count(*) from events").await;
    let second = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("the same");
    assert_eq!(second, first);
    assert_eq!(world.store.report(&admin, first.batch).await, Ok(Some(first)));
    assert!(world.is_valid(&again).await, "the second commit ended nothing");
    assert_eq!(world.number("select count(*) from events").await, events);
}

#[tokio::test]
async fn two_commits_at_once_are_one() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(50).await;
    world.sign_all_in(&lab).await;
    let plan = world.plan(&admin, Act::EndDisable, &lab).await.expect("a plan");
    let confirmation = Confirmation::default();
    let (left, right) =
        tokio::join!(world.store.commit(&admin, plan.id, &confirmation), world.store.commit(&admin, plan.id, &confirmation));
    assert_eq!(left, right);
    assert_eq!(world.number("select count(*) from events where action = 'end_disable'").await, 50);
}

#[tokio::test]
async fn anothers_plan_is_as_unknown_as_none() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    let admin = world.admin("admin01").await;
    let other = world.admin("admin02").await;
    let elsewhere = world.as_admin(&world.sign_in(admin.who().account).await).await;
    let plan = world.plan(&admin, Act::End, &[nate]).await.expect("a plan");
    for (who, id) in [(&other, plan.id), (&elsewhere, plan.id), (&admin, PlanId(plan.id.0 + 1)), (&admin, PlanId(i64::MIN))] {
        let answer = world.store.commit(who, id, &Confirmation::default()).await;
        assert_eq!(answer, Err(StoreError::Refused(AppError::NotFound)));
    }
    assert!(world.store.commit(&admin, plan.id, &Confirmation::default()).await.is_ok());
}

#[tokio::test]
async fn a_plan_lives_ten_minutes_until_its_first_commit() {
    let world = World::started().await;
    let browser = world.sign_in(world.sis_account("admin01").await).await;
    let nate = world.account("natetest").await;
    let live = world.sign_in(nate).await;
    let admin = world.as_admin(&browser).await;
    let [old, young] =
        [world.plan(&admin, Act::End, &[nate]).await, world.plan(&admin, Act::End, &[nate]).await].map(|plan| plan.expect("a plan"));
    world.clock.advance(10 * MINUTE);
    let admin = world.as_admin(&browser).await;
    let report = world.store.commit(&admin, young.id, &Confirmation::default()).await.expect("in time");
    assert_eq!(report.ended_users, 1);
    world.clock.advance(SECOND);
    let admin = world.as_admin(&browser).await;
    let refused = sentence(world.store.commit(&admin, old.id, &Confirmation::default()).await);
    assert!(refused.contains("more than ten minutes ago"), "{refused}");
    assert_eq!(world.store.commit(&admin, young.id, &Confirmation::default()).await, Ok(report), "a committed one still answers");
    assert!(!world.is_valid(&live).await);
}

#[tokio::test]
async fn above_a_hundred_users_the_number_is_typed() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(101).await;
    world.sign_all_in(&lab).await;
    let plan = world.plan(&admin, Act::End, &lab).await.expect("a plan");
    assert!(plan.asks_for_count(false));
    for count in [None, Some(100)] {
        let wrong = Confirmation { count, ..Confirmation::default() };
        let refused = sentence(world.store.commit(&admin, plan.id, &wrong).await);
        assert!(refused.contains("Type the number of users, 101"), "{refused}");
    }
    assert_eq!(world.number("select count(*) from sessions where ended_at is not null").await, 0);
    let right = Confirmation { count: Some(101), ..Confirmation::default() };
    assert_eq!(world.store.commit(&admin, plan.id, &right).await.expect("done").ended_users, 101);
}

#[tokio::test]
async fn oneself_among_several_keeps_the_session_one_works_in() {
    let world = World::started().await;
    let here = world.sign_in(world.sis_account("admin01").await).await;
    let nate = world.account("natetest").await;
    world.sign_in(nate).await;
    let admin = world.as_admin(&here).await;
    let both = [nate, here.account];

    let plan = world.plan(&admin, Act::End, &both).await.expect("a plan");
    assert_eq!((plan.own, plan.users, plan.sessions), (Own::Skipped, 1, 1), "no other session of one's own");
    let there = world.sign_in(here.account).await;
    let plan = world.plan(&admin, Act::End, &both).await.expect("a plan");
    assert_eq!((plan.own, plan.users, plan.sessions), (Own::OthersEnd, 2, 2));
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!((report.ended_users, report.sessions, report.own_ended), (2, 2, false));
    assert!(world.is_valid(&here).await);
    assert_eq!(world.why(&there).await, Why::Elsewhere);

    let report = world.act(&admin, Act::End, &both).await.expect("done");
    assert_eq!(report.sentence(), "0 ended, 1 had already ended, 1 skipped (you)");
    let report = world.act(&admin, Act::EndDisable, &both).await.expect("done");
    assert_eq!(report.sentence(), "1 account disabled, 0 sessions ended, 1 skipped (you)");
    assert!(world.is_valid(&here).await);
}

#[tokio::test]
async fn oneself_alone_is_ended_but_never_disabled() {
    let world = World::started().await;
    let here = world.sign_in(world.sis_account("admin01").await).await;
    world.sis_account("admin02").await;
    let there = world.sign_in(here.account).await;
    let admin = world.as_admin(&here).await;

    let plan = world.plan(&admin, Act::EndDisable, &[here.account]).await.expect("a plan");
    let said = plan.refused.expect("refused beforehand");
    assert_eq!(sentence(world.store.commit(&admin, plan.id, &Confirmation::default()).await), said);
    assert!(world.is_valid(&there).await);

    let plan = world.plan(&admin, Act::End, &[here.account]).await.expect("a plan");
    assert_eq!((plan.own, plan.sessions, &*plan.title(false)), (Own::Alone, 2, "End your own session?"));
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert!(report.own_ended);
    assert!(!world.is_valid(&here).await && !world.is_valid(&there).await);
}

#[tokio::test]
async fn other_sis_holders_are_left_out_of_a_disable_of_several_unless_ticked() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (second, nate) = (world.sis_account("admin02").await, world.account("natetest").await);
    let browser = world.sign_in(second).await;
    let plan = world.plan(&admin, Act::EndDisable, &[second, nate]).await.expect("a plan");
    assert_eq!((plan.users, plan.sis_skipped, plan.sis.len(), &*plan.sis[0].user_name), (1, true, 1, "admin02"));
    let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
    assert_eq!(report.sentence(), "1 account disabled, 0 sessions ended, 1 skipped (SIS administrator)");
    assert!(world.is_valid(&browser).await);

    let plan = world.plan(&admin, Act::EndDisable, &[second, nate]).await.expect("a plan");
    let report = world.store.commit(&admin, plan.id, &also_sis()).await.expect("done");
    assert_eq!((report.disabled, report.already_ended, report.skipped.len()), (1, 1, 0));
    assert_eq!(world.why(&browser).await, Why::Ended);
}

#[tokio::test]
async fn a_single_sis_holder_is_disabled_without_a_tick() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let second = world.sis_account("admin02").await;
    let plan = world.plan(&admin, Act::EndDisable, &[second]).await.expect("a plan");
    assert_eq!((plan.users, plan.sis_skipped, &*plan.title(false)), (1, false, "End sessions and disable admin02?"));
    assert_eq!(world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done").disabled, 1);
}

#[tokio::test]
async fn who_became_an_sis_holder_since_the_dialog_is_left_out() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    let plan = world.plan(&admin, Act::EndDisable, &[nate, kruiz]).await.expect("a plan");
    world.store.set_sis(Actor::CommandLine, kruiz, true, NOW).await.expect("granted");
    let report = world.store.commit(&admin, plan.id, &also_sis()).await.expect("done");
    assert_eq!((report.disabled, &*report.skipped[0].user_name), (1, "kruiz"));
}

#[tokio::test]
async fn selected_but_not_in_the_list_comes_first() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    world.sign_in(nate).await;
    world.sign_in(kruiz).await;
    let shown = Query::from_pairs(&[("user_name", "nate")]).expect("a query");
    let selection = Selection::Ids([nate, kruiz].into());
    in_step(&world.store).await;
    let plan = world.store.prepare(&admin, Act::End, &selection, &shown).await.expect("a plan");
    assert_eq!(
        (plan.not_shown_users, &*plan.not_shown[0].user_name, plan.names.len(), &*plan.names[0].user_name),
        (1, "kruiz", 1, "natetest")
    );
}

#[tokio::test]
async fn nobody_selected_is_refused_in_a_sentence() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    assert_eq!(sentence(world.plan(&admin, Act::End, &[]).await), "Select one or more users first.");
    let unknown = sentence(world.plan(&admin, Act::End, &[AccountId(99), AccountId(-1), AccountId(i64::MAX)]).await);
    assert!(unknown.starts_with("Nobody is selected any more"), "{unknown}");
    assert_eq!(world.number("select count(*) from plans").await, 0);
}

#[tokio::test]
async fn nothing_by_somebody_who_was_ended_commits() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    let live = world.sign_in(nate).await;
    let browser = world.sign_in(world.sis_account("admin01").await).await;
    world.sis_account("admin02").await;
    let admin = world.as_admin(&browser).await;
    let plan = world.plan(&admin, Act::End, &[nate]).await.expect("a plan");
    let details = world.store.account(&admin, nate).await.expect("an answer").expect("an account");
    let save = app::model::account::SaveAccount { id: nate, version: details.version, disabled: true, reason: String::new() };
    world.store.end_accounts(Actor::CommandLine, vec![browser.account], "", NOW).await.expect("ended");

    let not_signed_in = StoreError::Refused(AppError::NotSignedIn);
    assert_eq!(world.store.commit(&admin, plan.id, &Confirmation::default()).await, Err(not_signed_in.clone()));
    assert_eq!(world.plan(&admin, Act::End, &[nate]).await, Err(not_signed_in.clone()));
    assert_eq!(world.store.end(admin.who(), EndTarget::Account(nate)).await, Err(not_signed_in.clone()));
    assert_eq!(world.store.save_account(&admin, &save).await, Err(not_signed_in.clone()));
    assert_eq!(world.store.undo_disable(&admin, BatchId(1)).await, Err(not_signed_in));
    assert!(world.is_valid(&live).await);
}

#[tokio::test]
async fn nothing_by_somebody_who_lost_the_role_commits() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    let admin = world.admin("admin01").await;
    world.sis_account("admin02").await;
    let plan = world.plan(&admin, Act::End, &[nate]).await.expect("a plan");
    world.store.set_sis(Actor::CommandLine, admin.who().account, false, NOW).await.expect("taken");
    let forbidden = Err(StoreError::Refused(AppError::Forbidden));
    assert_eq!(world.store.commit(&admin, plan.id, &Confirmation::default()).await, forbidden);
    assert_eq!(world.store.end(admin.who(), EndTarget::Account(nate)).await, forbidden);
}

#[tokio::test]
async fn a_person_ends_own_sessions_and_nobody_elses() {
    let world = World::started().await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    let (here, there) = (world.sign_in(nate).await, world.sign_in(nate).await);
    let other = world.sign_in(kruiz).await;
    let who = world.signed_in(&here).await;
    let report = world.store.end(&who, EndTarget::Session(there.session)).await.expect("done");
    assert_eq!((report.sentence(), report.own_ended), ("Ended 1 session of natetest".into(), false));
    assert_eq!(world.why(&there).await, Why::Elsewhere);
    let again = world.store.end(&who, EndTarget::Session(there.session)).await.expect("no error");
    assert_eq!((again.sessions, again.already_ended), (0, 1));

    let not_found = Err(StoreError::Refused(AppError::NotFound));
    assert_eq!(world.store.end(&who, EndTarget::Session(other.session)).await, not_found);
    assert_eq!(world.store.end(&who, EndTarget::Session(SessionId(99))).await, not_found);
    assert_eq!(world.store.end(&who, EndTarget::Account(nate)).await, Err(StoreError::Refused(AppError::Forbidden)));
    assert!(world.is_valid(&other).await);
    assert!(world.store.end(&who, EndTarget::Session(here.session)).await.expect("done").own_ended);
}

#[tokio::test]
async fn az_07_an_administrator_ends_one_session_or_one_account_at_once() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let nate = world.account("natetest").await;
    let browsers = [world.sign_in(nate).await, world.sign_in(nate).await, world.sign_in(nate).await];
    let one = world.store.end(admin.who(), EndTarget::Session(browsers[0].session)).await.expect("done");
    assert_eq!(one.sessions, 1);
    assert_eq!(world.why(&browsers[0]).await, Why::Ended);
    assert!(world.is_valid(&browsers[1]).await);
    let all = world.store.end(admin.who(), EndTarget::Account(nate)).await.expect("done");
    assert_eq!(all.sentence(), "Ended 2 sessions of natetest");
    let unknown = world.store.end(admin.who(), EndTarget::Account(AccountId(99))).await;
    assert_eq!(unknown, Err(StoreError::Refused(AppError::NotFound)));
}

#[tokio::test]
async fn undo_enables_only_whom_the_act_disabled_and_nobody_changed_since() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let [nate, kruiz, before, again] =
        [world.account("natetest").await, world.account("kruiz").await, world.account("before").await, world.account("again").await];
    world.store.disable(Actor::CommandLine, before, "", NOW).await.expect("disabled");
    let old = world.sign_in(nate).await;
    let report = world.act(&admin, Act::EndDisable, &[nate, kruiz, before, again]).await.expect("done");
    assert_eq!((report.disabled, report.already_ended, report.undo), (3, 1, true));
    world.store.set_password(Actor::CommandLine, kruiz, "another".into(), NOW).await.expect("set");
    world.store.enable(Actor::CommandLine, again, "", NOW).await.expect("enabled");
    world.store.disable(Actor::CommandLine, again, "", NOW).await.expect("disabled again");

    let undone = world.store.undo_disable(&admin, report.batch).await.expect("undone");
    let left: Vec<_> = undone.changed_since.iter().map(|named| &*named.user_name).collect();
    assert_eq!((undone.enabled, left), (1, vec!["again", "kruiz"].into_iter().rev().collect()));
    assert!(world.try_sign_in(nate).await.is_ok());
    assert_eq!(world.why(&old).await, Why::Ended, "ended sessions stay ended");
    for refused in [kruiz, before, again] {
        assert_eq!(world.try_sign_in(refused).await.err(), Some(SignedInAs::Refused));
    }
    let events = world.events("undo_disable").await;
    let events: Vec<_> = events.iter().map(|event| (event.target_account, &*event.result)).collect();
    assert_eq!(events, [(Some(nate.0), "done"), (Some(kruiz.0), "skipped"), (Some(again.0), "skipped")]);
    let told = world.store.report(&admin, undone.batch).await.expect("an answer").expect("a report");
    assert_eq!(told.sentence(), undone.sentence());
    assert_eq!(world.store.report(&admin, report.batch).await.expect("an answer").map(|report| report.undo), Some(false));
    assert_eq!(world.store.undo_disable(&admin, BatchId(1)).await, Err(StoreError::Refused(AppError::NotFound)));
}

#[tokio::test]
async fn a_second_undo_says_that_they_are_enabled_already() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let [nate, kruiz, roster] = [world.account("natetest").await, world.account("kruiz").await, world.account("roster").await];
    let report = world.act(&admin, Act::EndDisable, &[nate, kruiz, roster]).await.expect("done");
    world.store.enable(Actor::CommandLine, kruiz, "", NOW).await.expect("enabled");
    world.alter("update accounts set roster_disabled_at = 1, version = version + 1 where user_name = 'roster'").await;
    let changed = " Left as they are, because somebody changed them since: roster";
    for (enabled, already) in [("1 account", 1), ("0 accounts", 2)] {
        let undone = world.store.undo_disable(&admin, report.batch).await.expect("undone");
        let sentence = format!("{enabled} enabled again. Ended sessions stay ended. Enabled already: {already}.{changed}");
        assert_eq!(undone.sentence(), sentence);
    }
}

#[tokio::test]
async fn a_plan_of_oneself_and_another_administrator_says_why_nobody_is_left() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let other = world.sis_account("admin02").await;
    let browsers = [world.sign_in(other).await, world.sign_in(other).await];
    let plan = world.plan(&admin, Act::EndDisable, &[admin.who().account, other]).await.expect("a plan");
    assert_eq!((plan.users, plan.sessions_with(false), plan.sessions_with(true)), (0, 0, 2));
    assert!(plan.nobody(false).is_some() && plan.nobody(true).is_none() && plan.refused.is_none());
    assert!(sentence(world.store.commit(&admin, plan.id, &Confirmation::default()).await).contains("Tick"));
    let ticked = Confirmation { also_sis: true, ..Confirmation::default() };
    assert_eq!(world.store.commit(&admin, plan.id, &ticked).await.expect("done").sessions, 2);
    assert_eq!(world.why(&browsers[0]).await, Why::Ended);
    let plan = world.plan(&admin, Act::End, &[admin.who().account, other]).await.expect("a plan");
    assert_eq!((plan.sis_skipped, plan.sis_sessions), (false, 0), "End leaves nobody out");
}

#[tokio::test]
async fn aud_01_an_act_writes_one_event_for_each_target() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let (nate, kruiz) = (world.account("natetest").await, world.account("kruiz").await);
    let sessions = [world.sign_in(nate).await.session.0, world.sign_in(nate).await.session.0];
    let plan = world.plan(&admin, Act::EndDisable, &[nate, kruiz, admin.who().account]).await.expect("a plan");
    let confirmation = Confirmation { reason: "  phishing ".into(), ..Confirmation::default() };
    let report = world.store.commit(&admin, plan.id, &confirmation).await.expect("done");
    let events = world.events("end_disable").await;
    assert_eq!(events.len(), 3);
    for event in &events {
        assert_eq!((event.batch, event.at, &*event.actor_kind, &*event.reason), (report.batch.0, NOW, "account", "phishing"));
        assert_eq!(event.actor_account, Some(admin.who().account.0));
    }
    let of = |account: AccountId| events.iter().find(|event| event.target_account == Some(account.0)).expect("an event");
    assert_eq!((&*of(nate).result, of(nate).detail["sessions"].clone()), ("done", serde_json::json!(sessions)));
    assert_eq!((&*of(kruiz).result, &*of(kruiz).target_name), ("done", "kruiz"));
    assert_eq!(of(admin.who().account).result, "skipped");
}
