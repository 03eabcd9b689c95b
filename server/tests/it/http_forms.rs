//! The main job without JavaScript: plan, commit, Save, Undo.

use crate::http_world::{Answer, PASSWORD, START, World};
use app::model::{plan::Report, query::encode};
use server::{
    credentials::Credentials as _,
    store::{Actor, NewAccount},
};

/// The value of a hidden field on a page.
fn field(page: &Answer, name: &str) -> String {
    let input = page
        .body
        .split("<input")
        .find(|input| input.contains(&format!("name=\"{name}\"")))
        .unwrap_or_else(|| panic!("{name}: {}", page.body));
    let value = input.split_once("value=\"").expect("a value").1;
    value.split_once('"').expect("its end").0.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

#[tokio::test]
async fn end_and_disable_from_the_list_to_the_report_and_back() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let id = world.teacher;

    let page = admin.post("/sessions/plan", &format!("act=end_disable&id={id}&user_name=teach&count=%3E0&sort=-count")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("End sessions and disable teacher?"), "{}", page.body);
    assert_eq!(teacher.get("/me").await.status, 200, "a plan does nothing");
    let plan = field(&page, "plan");

    let next = field(&page, "next");
    let form = format!("plan={plan}&reason=phishing&next={}", encode(&next));
    let done = admin.post("/sessions/commit", &form).await;
    assert_eq!(done.status, 303);
    let (list, batch) = done.header("location").split_once("&done=").expect("the batch");
    assert_eq!(list, "/sessions?user_name=teach&count=%3E0&sort=-count");
    assert_eq!(teacher.get("/me").await.header("location"), "/sign-in?why=ended&next=%2Fme");
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 401);
    assert_eq!(admin.get(done.header("location")).await.status, 200);
    let report: Option<Report> = admin.api("sessions/report", &format!(r#"{{"batch":{batch}}}"#)).await.json();
    let report = report.expect("a report");
    assert_eq!((report.disabled, report.sessions), (1, 1));

    let again = admin.post("/sessions/commit", &form).await;
    assert_eq!(again.header("location"), done.header("location"), "a plan commits once");
    let deputy = world.signed_in("deputy").await;
    assert_eq!(deputy.post("/sessions/commit", &form).await.status, 404, "another's plan");

    let undone = admin.post("/accounts/undo-disable", &format!("batch_id={batch}&next={}", encode(&next))).await;
    let address = undone.header("location");
    assert!(undone.status == 303 && address.starts_with("/sessions?user_name=teach&count=%3E0&sort=-count&done="), "{address}");
    let page = admin.get(address).await;
    assert!(page.body.contains("1 account enabled again. Ended sessions stay ended."), "{}", page.body);
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 303);
    assert_eq!(teacher.get("/me").await.status, 303, "ended sessions stay ended");
}

#[tokio::test]
async fn az_07_all_that_match_but_the_exceptions() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let deputy = world.signed_in("deputy").await;
    let teacher = world.signed_in("teacher").await;
    let tested = world.person("tested", "Tester", "Tom", false).await;
    let tom = world.signed_in("tested").await;
    let page = admin.post("/sessions/plan", &format!("act=end&all=1&last_name=te&except={tested}")).await;
    assert_eq!(page.status, 200);
    let done = admin.post("/sessions/commit", &format!("plan={}", field(&page, "plan"))).await;
    assert_eq!(done.status, 303);
    assert_eq!(teacher.get("/me").await.status, 303);
    assert_eq!(tom.get("/me").await.status, 200, "he matches, and is an exception");
    assert_eq!(deputy.get("/me").await.status, 200, "he does not match");
}

#[tokio::test]
async fn more_than_a_hundred_users_need_their_number_typed() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for number in 0..101 {
        let name = format!("pupil{number}");
        world.person(&name, "", "", false).await;
        world.signed_in(&name).await;
    }
    // The list has a filter of the same name as the field.
    let page = admin.post("/sessions/plan", "act=end&all=1&user_name=pupil&count=%3E%3D1").await;
    assert!(page.body.contains("End sessions of 101 users?"), "{}", page.body);
    let (plan, next) = (field(&page, "plan"), encode(&field(&page, "next")));
    let commit = async |count: &str| admin.post("/sessions/commit", &format!("plan={plan}&next={next}{count}")).await;
    for count in ["", "&count=", "&count=100", "&count=1%2C010"] {
        assert_eq!(commit(count).await.status, 422, "{count}");
    }
    assert_eq!(world.rows::<(i64,)>("select id from sessions where ended_at is not null").await, []);
    let done = commit("&count=+101+").await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(done.header("location").starts_with("/sessions?user_name=pupil&count=%3E%3D1&done="));
    assert_eq!(world.rows::<(i64,)>("select id from sessions where ended_at is null").await.len(), 1);
}

#[tokio::test]
async fn each_step_of_a_plan_bears_its_own_time() {
    let world = World::with_step(1).await;
    let admin = world.signed_in("admin").await;
    for number in 0..60 {
        world.person(&format!("pupil{number}"), "", "", false).await;
        world.signed_in(&format!("pupil{number}")).await;
    }
    let page = admin.post("/sessions/plan", "act=end&all=1&user_name=pupil").await;
    let form = format!("plan={}", field(&page, "plan"));
    let ends = async || world.rows::<(i64,)>("select at from events where action = 'end' order by seq").await;
    let later = async {
        while ends().await.is_empty() {
            tokio::task::yield_now().await;
        }
        world.clock.advance(60_000);
    };
    let (done, ()) = tokio::join!(admin.post("/sessions/commit", &form), later);
    assert_eq!(done.status, 303);
    let ends = ends().await;
    assert_eq!((ends.len(), ends.last().expect("an end").0 - ends[0].0), (60, 60_000));
}

#[tokio::test]
async fn a_plan_that_cannot_be_made_is_one_sentence() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for (form, status) in
        [("act=end", 422), ("act=end&id=x", 400), ("act=delete&id=1", 400), ("id=1", 400), ("act=end&id=1&sort=nothing", 422)]
    {
        let page = admin.post("/sessions/plan", form).await;
        assert_eq!(page.status, status, "{form}");
        assert!(page.body.contains("role=\"alert\""), "{form}");
    }
    for (form, status) in [("plan=999", 404), ("plan=x", 400), ("plan=1&count=many", 422), ("", 400)] {
        assert_eq!(admin.post("/sessions/commit", form).await.status, status, "{form}");
    }
    let long = "x".repeat(501);
    let page = admin.post("/sessions/commit", &format!("plan=1&reason={long}")).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("The reason is too long."));
}

#[tokio::test]
async fn aud_01_whatever_somebody_does_says_where_he_did_it() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await.with_header("user-agent", "acting/1");
    let teacher = world.signed_in("teacher").await;
    let page = admin.post("/sessions/plan", &format!("act=end_disable&id={}&id={}", world.teacher, world.admin)).await;
    let done = admin.post("/sessions/commit", &format!("plan={}", field(&page, "plan"))).await;
    let batch = done.header("location").split_once("done=").expect("the batch").1.to_owned();
    assert_eq!(admin.post("/accounts/undo-disable", &format!("batch_id={batch}")).await.status, 303);
    let form = format!("version={}&disabled=on", field(&admin.get(&format!("/accounts/{}", world.teacher)).await, "version"));
    assert_eq!(admin.post(&format!("/accounts/{}", world.teacher), &form).await.status, 303);
    let deputy = world.signed_in("deputy").await;
    assert_eq!(admin.post("/sessions/end", &format!("session={}", deputy.session.expect("a session"))).await.status, 303);
    assert_eq!(admin.post("/sessions/plan", "act=end").await.status, 422);
    assert_eq!(admin.post("/sign-out", "").await.status, 303);
    drop(teacher);
    let acts: Vec<(String, Option<String>)> = world
        .rows(
            "select action, user_agent from events left join event_origins on event_origins.seq = events.seq
            where actor_account = 1 and action <> 'sign_in' order by events.seq",
        )
        .await;
    let expected = ["end_disable", "end_disable", "undo_disable", "disable", "end", "refused", "sign_out"];
    assert_eq!(acts, expected.map(|action| (action.to_owned(), Some("acting/1".to_owned()))));
}

/// The rows of a page's table that offer *Undo disable*, as text with markup.
fn undo_rows(page: &Answer) -> Vec<&str> {
    page.body.split("<tr>").filter(|row| row.contains("Undo disable")).collect()
}

#[tokio::test]
async fn the_history_offers_undo_where_somebody_was_disabled() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    world.signed_in("teacher").await;
    let page = admin.post("/sessions/plan", &format!("act=end_disable&id={}&id={}", world.teacher, world.admin)).await;
    assert_eq!(admin.post("/sessions/commit", &format!("plan={}", field(&page, "plan"))).await.status, 303);
    let page = admin.get("/history").await;
    assert!(page.body.contains("Left out (you)"), "{}", page.body);
    let rows = undo_rows(&page);
    assert!(rows.len() == 1 && rows[0].contains(">teacher<") && rows[0].contains("1 session ended"), "{rows:?}");
}

#[tokio::test]
async fn the_report_of_a_large_act_leads_to_its_own_events_and_their_undo() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let pupils = (0..201).map(|number| NewAccount { user_name: format!("pupil{number}"), ..NewAccount::default() });
    let pupils = world.store.create_accounts(Actor::CommandLine, pupils.collect(), START).await.expect("accounts");
    let ids: Vec<_> = pupils.iter().map(|id| format!("id={id}")).collect();
    let page = admin.post("/sessions/plan", &format!("act=end_disable&{}", ids.join("&"))).await;
    let done = admin.post("/sessions/commit", &format!("plan={}&count=201", field(&page, "plan"))).await;
    let batch = done.header("location").split_once("done=").expect("the batch").1.to_owned();
    let report = admin.get(done.header("location")).await;
    let act = format!("/history?batch={batch}");
    assert!(report.body.contains(&format!("href=\"{act}\"")), "{}", report.body);

    // What happens afterwards buries it in the newest events.
    let later = (0..200).map(|number| NewAccount { user_name: format!("later{number}"), ..NewAccount::default() });
    world.store.create_accounts(Actor::CommandLine, later.collect(), START).await.expect("accounts");
    let whole = admin.get("/history").await;
    assert!(undo_rows(&whole).is_empty() && !whole.body.contains("pupil"), "{}", whole.body);

    let page = admin.get(&act).await;
    assert!(page.body.contains("The newest 200 of the 201 events of this act, the last one first."), "{}", page.body);
    assert!(page.body.contains("<a href=\"/history\">Whole history"), "{}", page.body);
    assert!(page.body.contains(">pupil200<") && !page.body.contains(">pupil0<") && !page.body.contains("later"), "{}", page.body);
    assert_eq!(undo_rows(&page).len(), 1, "{}", page.body);
    let undone = admin.post("/accounts/undo-disable", &format!("batch_id={}", field(&page, "batch_id"))).await;
    assert_eq!(undone.status, 303);
    assert!(undo_rows(&admin.get(&act).await).is_empty());
    assert_eq!(world.rows::<(i64,)>("select id from accounts where disabled_at is not null").await, []);
}

#[tokio::test]
async fn a_name_cannot_turn_the_words_around_it() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let mirrored = world.person("\u{202e}nimda", "", "", false).await;
    world.signed_in("\u{202e}nimda").await;
    let page = admin.post("/sessions/plan", &format!("act=end&id={mirrored}")).await;
    for words in ["<title>End sessions of \u{2068}\u{202e}nimda\u{2069}? · ", ">End sessions of \u{2068}\u{202e}nimda\u{2069}<"] {
        assert!(page.body.contains(words), "{}", page.body);
    }
    let done = admin.post("/sessions/commit", &format!("plan={}", field(&page, "plan"))).await;
    let list = admin.get(done.header("location")).await;
    assert!(list.body.contains("Ended 1 session of \u{2068}\u{202e}nimda\u{2069}"), "{}", list.body);
    let account = admin.get(&format!("/accounts/{mirrored}")).await;
    assert!(account.body.contains("<title>\u{2068}\u{202e}nimda\u{2069} · "), "{}", account.body);
}

#[tokio::test]
async fn the_account_page_says_what_was_done_only_where_it_is_so() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let address = format!("/accounts/{}", world.teacher);
    let again = "teacher can log in again with the same password.";
    assert!(admin.get(&format!("{address}?saved=enabled")).await.body.contains(again));
    assert!(!admin.get(&format!("{address}?saved=disabled")).await.body.contains("cannot log in until"));

    let ended = admin.post("/sessions/end", &format!("session={}&next={address}", teacher.session.expect("a session"))).await;
    assert!(ended.header("location").starts_with(&format!("{address}?done=")), "{}", ended.header("location"));
    let page = admin.get(ended.header("location")).await;
    assert!(page.body.contains("Ended 1 session of teacher."), "{}", page.body);

    let version = field(&page, "version");
    assert_eq!(admin.post(&address, &format!("version={version}&disabled=on")).await.status, 303);
    assert!(!admin.get(&format!("{address}?saved=enabled")).await.body.contains(again));
    assert!(admin.get(&format!("{address}?saved=disabled")).await.body.contains("teacher is logged out and cannot log in until"));
}

#[tokio::test]
async fn a_box_is_ticked_by_its_own_value_only() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let address = format!("/accounts/{}", world.teacher);
    for value in ["0", "off", "false", ""] {
        assert_eq!(admin.post(&address, &format!("version=1&disabled={value}")).await.status, 400, "{value}");
    }
    let page = admin.post("/sessions/plan", &format!("act=end_disable&id=2&id={}", world.teacher)).await;
    let plan = field(&page, "plan");
    assert_eq!(admin.post("/sessions/commit", &format!("plan={plan}&also_sis=0")).await.status, 303);
    let disabled: Vec<(i64,)> = world.rows("select id from accounts where disabled_at is not null").await;
    assert_eq!(disabled, [(world.teacher.0,)], "the other SIS holder was not ticked");
    let page = admin.post("/sessions/plan", &format!("act=end_disable&id=2&id={}", world.teacher)).await;
    assert_eq!(admin.post("/sessions/commit", &format!("plan={}&also_sis=1", field(&page, "plan"))).await.status, 303);
    assert_eq!(world.rows::<(i64,)>("select id from accounts where disabled_at is not null").await.len(), 2);
}

#[tokio::test]
async fn ending_ones_own_session_leads_to_the_log_in_page() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    let other = world.signed_in("teacher").await;
    let ended = teacher.post("/sessions/end", &format!("session={}&next=%2Fme", other.session.expect("a session"))).await;
    assert_eq!((ended.status, ended.header("location"), ended.header("set-cookie")), (303, "/me", ""));
    assert_eq!(other.get("/me").await.status, 303);
    let ended = teacher.post("/sessions/end", &format!("session={}&next=//evil.example", teacher.session.expect("a session"))).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/sign-in"));
    assert!(ended.header("set-cookie").ends_with("Max-Age=0"));
    assert_eq!(teacher.get("/me").await.status, 303);

    let admin = world.signed_in("admin").await;
    let page = admin.post("/sessions/plan", &format!("act=end&id={}", world.admin)).await;
    let ended = admin.post("/sessions/commit", &format!("plan={}", field(&page, "plan"))).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/sign-in"));
}

#[tokio::test]
async fn save_disables_enables_and_never_overwrites_what_another_saved() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let address = format!("/accounts/{}", world.teacher);
    let version = field(&admin.get(&address).await, "version");

    let saved = admin.post(&address, &format!("version={version}&disabled=on&reason=phishing")).await;
    assert_eq!((saved.status, saved.header("location")), (303, &*format!("{address}?saved=disabled")));
    assert_eq!(teacher.get("/me").await.status, 303);
    let page = admin.get(&address).await;
    assert!(page.body.contains("phishing"), "{}", page.body);

    let stale = admin.post(&address, &format!("version={version}")).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains("admin"), "it says who changed it");
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 401, "a stale form enables nobody");

    let saved = admin.post(&address, &format!("version={}", field(&page, "version"))).await;
    assert_eq!(saved.header("location"), format!("{address}?saved=enabled"));
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 303);

    let own = format!("/accounts/{}", world.admin);
    let refused = admin.post(&own, "version=1&disabled=on").await;
    assert_eq!(refused.status, 422, "nobody disables himself");
    assert_eq!(admin.get("/me").await.status, 200);
    for (form, status) in [("version=x", 400), ("", 400)] {
        assert_eq!(admin.post(&address, form).await.status, status);
    }
    assert_eq!(admin.post("/accounts/999", "version=1").await.status, 404);
}

#[tokio::test]
async fn the_history_leads_page_by_page_to_the_first_event() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for _ in 0..450 {
        world.store.sign_in_failed(Some(world.teacher), &app::guard::Origin::default(), START).await.expect("noted");
    }
    let events = |page: &Answer| -> Vec<i64> {
        let ids = page.body.split("id=\"event-").skip(1);
        ids.map(|rest| rest.split_once('"').expect("an id").0.parse().expect("a number")).collect()
    };
    let (mut address, mut seen, mut pages) = ("/history".to_owned(), Vec::new(), 0);
    loop {
        let page = admin.get(&address).await;
        assert_eq!((page.status, page.body.contains(">Newest<")), (200, pages > 0), "{address}");
        seen.extend(events(&page));
        pages += 1;
        let Some((before, _)) = page.body.split_once("\">Older<") else { break };
        address = before.rsplit_once("href=\"").expect("a link").1.replace("&amp;", "&");
    }
    let all: Vec<i64> = world.rows::<(i64,)>("select seq from events order by seq desc").await.into_iter().map(|(seq,)| seq).collect();
    assert_eq!((seen.len(), seen), (all.len(), all));
    assert_eq!(pages, 3);
}
