//! What happens between a form's session check and its work: the actor is ended, the database goes away.

use crate::{
    http_world::{Browser, World},
    meanwhile::Meanwhile,
};
use app::{
    AppError,
    model::plan::Plan,
    store::{StoreError, Stored},
};
use futures::{FutureExt as _, future::BoxFuture};
use server::{Node, store::Actor};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Puts `before` in front of every call of the store.
fn meanwhile(world: &mut World, before: impl Fn() -> BoxFuture<'static, Stored<()>> + Send + Sync + 'static) {
    let store = Arc::new(Meanwhile { store: world.store.clone(), before });
    world.answered_by(Node { store, ..world.node.clone() });
}

async fn plan(admin: &Browser, act: &str, ids: &str) -> Plan {
    let arguments = format!(r#"{{"act":"{act}","selection":{{"ids":[{ids}]}},"shown":{{"filters":["","","","",""]}}}}"#);
    let answer = admin.api("sessions/plan", &arguments).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn whoever_is_ended_while_a_form_is_under_way_is_led_to_the_log_in_page() {
    let mut world = World::new().await;
    let before = world.signed_in("admin").await;
    let committed = format!("plan={}", plan(&before, "end", "3").await.id);
    let armed = Arc::new(AtomicBool::new(false));
    let (store, admin, now, is_armed) = (world.store.clone(), world.admin, world.clock.now(), armed.clone());
    meanwhile(&mut world, move || {
        let (store, armed) = (store.clone(), is_armed.load(Ordering::Relaxed));
        async move {
            if armed {
                store.end_accounts(Actor::CommandLine, vec![admin], "", now).await?;
            }
            Ok(())
        }
        .boxed()
    });
    for (address, form, next) in [
        ("/sessions/plan", "act=end&id=3", "%2Fsessions"),
        ("/sessions/commit", &*committed, "%2Fsessions"),
        ("/sessions/end", "session=1", ""),
        ("/accounts/3", "version=1&disabled=on", "%2Faccounts%2F3"),
        ("/accounts/undo-disable", "batch_id=1", "%2Fhistory"),
    ] {
        armed.store(false, Ordering::Relaxed);
        let admin = if address == "/sessions/commit" { before.clone() } else { world.signed_in("admin").await };
        let admin = admin.through(&world);
        armed.store(true, Ordering::Relaxed);
        let answer = admin.post(address, form).await;
        let to = if next.is_empty() { "/sign-in?why=ended".to_owned() } else { format!("/sign-in?why=ended&next={next}") };
        assert_eq!((answer.status, answer.header("location")), (303, &*to), "{address}");
        assert!(answer.header("set-cookie").ends_with("Max-Age=0"), "{address}");
    }
    let disabled: Vec<(i64,)> = world.rows("select id from accounts where disabled_at is not null").await;
    assert_eq!(disabled, [], "nothing by somebody who was ended");
    let own = world.signed_in("admin").await.api("sessions/end", r#"{"target":{"session":1}}"#).await;
    assert_eq!((own.status, own.header("set-cookie")), (401, ""), "a late answer of a function leaves the cookie");
}

/// Five pupils, each with a session, in a plan of End & Disable.
async fn plan_of_five(world: &World) -> (Browser, Plan) {
    let mut ids = Vec::new();
    for number in 0..5 {
        let name = format!("pupil{number}");
        ids.push(world.person(&name, "", "", false).await.to_string());
        world.signed_in(&name).await;
    }
    let admin = world.signed_in("admin").await;
    let plan = plan(&admin, "end_disable", &ids.join(",")).await;
    (admin, plan)
}

#[tokio::test]
async fn a_step_that_fails_tells_what_was_done_and_the_plan_goes_on() {
    let mut world = World::with_step(2).await;
    let (admin, plan) = plan_of_five(&world).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    meanwhile(&mut world, move || {
        let fails = counted.fetch_add(1, Ordering::Relaxed) == 1;
        async move { if fails { Err(StoreError::Unavailable) } else { Ok(()) } }.boxed()
    });
    let admin = admin.through(&world);

    let done = admin.post_form("/sessions/commit", &[("plan", &plan.id.to_string()), ("reason", "phishing")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = admin.get(done.header("location")).await;
    assert!(page.body.contains("2 accounts disabled, 2 sessions ended, 3 left<"), "{}", page.body);
    assert!(!page.body.contains(AppError::Unavailable.sentence()));
    assert!(page.body.contains("Go on"));
    // So does the list wherever one comes from, to this session alone.
    let list = admin.get("/sessions?user_name=pupil").await;
    assert!(list.body.contains("2 accounts disabled, 2 sessions ended, 3 left<") && list.body.contains("Go on"), "{}", list.body);
    let elsewhere = world.signed_in("admin").await;
    assert!(!elsewhere.get("/sessions").await.body.contains("3 left<"));
    let page = elsewhere.get(done.header("location")).await;
    assert!(page.body.contains("3 left<") && !page.body.contains("Go on"), "a plan is its session's: {}", page.body);
    let disabled = "select id from accounts where disabled_at is not null and disabled_reason = 'phishing'";
    assert_eq!(world.rows::<(i64,)>(disabled).await.len(), 2);

    let again = admin.post_form("/sessions/commit", &[("plan", &plan.id.to_string())]).await;
    assert_eq!(again.header("location"), done.header("location"), "one act");
    let page = admin.get(again.header("location")).await;
    assert!(page.body.contains("5 accounts disabled, 5 sessions ended") && !page.body.contains("Go on"), "{}", page.body);
    assert!(!admin.get("/sessions").await.body.contains("accounts disabled"), "told once");
    assert_eq!(world.rows::<(i64,)>(disabled).await.len(), 5, "with the reason of the first confirmation");
}

#[tokio::test]
async fn a_plan_of_many_steps_is_done_to_its_end_though_nobody_waits() {
    let mut world = World::with_step(2).await;
    let (admin, plan) = plan_of_five(&world).await;
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (signal, gate, calls) = (arrived.clone(), go_on.clone(), AtomicUsize::new(0));
    meanwhile(&mut world, move || {
        let (arrived, go_on, second) = (signal.clone(), gate.clone(), calls.fetch_add(1, Ordering::Relaxed) == 1);
        async move {
            if second {
                arrived.notify_one();
                go_on.notified().await;
            }
            Ok(())
        }
        .boxed()
    });
    let admin = admin.through(&world);
    let form = format!("plan={}", plan.id);
    tokio::select! {
        answer = admin.post("/sessions/commit", &form) => panic!("{}", answer.body),
        () = arrived.notified() => {}
    }
    // The browser has gone away; the second step has not begun.
    let done = async || world.rows::<(i64,)>("select count(*) from events where action = 'end_disable'").await[0].0;
    assert_eq!(done().await, 2);
    go_on.notify_one();
    let all = async {
        while done().await < 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("the other steps follow the first");
    let batches: Vec<(i64,)> = world.rows("select distinct batch_id from events where action = 'end_disable'").await;
    let again = admin.post("/sessions/commit", &form).await;
    assert_eq!(batches.len(), 1);
    assert_eq!(again.header("location"), format!("/sessions?done={}", batches[0].0), "asking again tells what was done");
}

#[tokio::test]
async fn fs_01_a_database_that_goes_away_after_the_check_is_told_and_nothing_is_done() {
    let mut world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let plan = plan(&admin, "end_disable", "3").await;
    let away = Arc::new(AtomicBool::new(true));
    let is_away = away.clone();
    meanwhile(&mut world, move || {
        let away = is_away.load(Ordering::Relaxed);
        async move { if away { Err(StoreError::Unavailable) } else { Ok(()) } }.boxed()
    });
    let admin = admin.through(&world);
    for page in ["/sessions", "/accounts?q=a", "/accounts/3", "/history", "/me"] {
        let answer = admin.get(page).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{page}");
        assert!(answer.body.contains(AppError::Unavailable.sentence()), "{page}");
    }
    let commit = format!("plan={}", plan.id);
    for (address, form) in [
        ("/sessions/plan", "act=end&id=3"),
        ("/sessions/commit", &*commit),
        ("/sessions/end", "session=2"),
        ("/accounts/3", "version=1&disabled=on"),
    ] {
        let answer = admin.post(address, form).await;
        assert_eq!(answer.status, 503, "{address}");
        assert!(answer.body.contains(AppError::Unavailable.sentence()), "{address}");
    }
    let commit = format!(r#"{{"plan":{},"confirmation":{{}}}}"#, plan.id);
    let list = r#"{"query":{"filters":["","","","",""]},"offset":0,"limit":10}"#;
    for (function, arguments) in [("sessions/list", list), ("sessions/commit", &commit), ("accounts/details", r#"{"account":3}"#)] {
        let answer = admin.api(function, arguments).await;
        assert_eq!((answer.status, answer.json::<AppError>()), (503, AppError::Unavailable), "{function}");
    }
    assert_eq!(teacher.get("/help").await.status, 200, "nothing was done");
    away.store(false, Ordering::Relaxed);
    assert_eq!(admin.api("sessions/commit", &commit).await.status, 200);
    assert_eq!(teacher.get("/help").await.status, 303);
}
