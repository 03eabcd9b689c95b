//! What open pages are told, and what they then ask.

use crate::http_world::{Browser, START, World};
use app::{
    frame::Viewer,
    model::{
        account::AccountId,
        session::{Meanwhile, OnScreen},
    },
};
use axum::{body::Body, response::Response};
use http_body_util::BodyExt as _;
use server::{store::Actor, watchers::PER_SESSION};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const MINUTE: i64 = 60_000;
/// Ends that meet pages that are just opened.
const ROUNDS: u32 = 200;

/// An open page's stream.
struct Stream(Body);

impl Stream {
    async fn open(browser: &Browser) -> Self {
        let answer: Response = browser.answer("GET", "/live", Body::empty()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        Self(answer.into_body())
    }

    /// The next event; `""` where the stream is closed, `None` where it says nothing for so long.
    async fn next(&mut self, wait: Duration) -> Option<String> {
        let frame = timeout(wait, self.0.frame()).await.ok()?;
        let Some(frame) = frame else { return Some(String::new()) };
        let data = frame.expect("no error").into_data().expect("data");
        Some(String::from_utf8_lossy(&data).trim().to_owned())
    }

    async fn says(&mut self, event: &str) -> Duration {
        let start = Instant::now();
        assert_eq!(self.next(Duration::from_secs(5)).await.as_deref(), Some(event));
        start.elapsed()
    }

    async fn is_silent(&mut self) {
        assert_eq!(self.next(Duration::from_millis(400)).await, None);
    }
}

const ENDED: &str = "data: ended";
const LIST: &str = "data: list";
const CLOSED: &str = "";

async fn look(browser: &Browser, screen: &OnScreen) -> Meanwhile {
    let screen = serde_json::to_string(screen).expect("JSON");
    let answer = browser.api("sessions/look", &format!(r#"{{"query":{{"filters":["","","","",""]}},"screen":{screen}}}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn end(account: AccountId) -> String {
    format!(r#"{{"target":{{"account":{account}}}}}"#)
}

#[tokio::test]
async fn web_08_a_page_is_told_that_its_session_is_over_and_nothing_of_others() {
    let world = World::new().await;
    let (admin, teacher, other) = (world.signed_in("admin").await, world.signed_in("teacher").await, world.signed_in("deputy").await);
    let mut of_teacher = Stream::open(&teacher).await;
    let mut of_other = Stream::open(&other).await;
    assert_eq!(admin.api("sessions/end", &end(world.teacher)).await.status, 200);
    let took = of_teacher.says(ENDED).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    of_teacher.says(CLOSED).await;
    // An administrator hears that the list is another, and no more.
    of_other.says(LIST).await;
    of_other.is_silent().await;
}

#[tokio::test]
async fn web_08_the_list_changes_for_sis_holders_only_and_at_most_four_times_a_second() {
    let world = World::new().await;
    let (admin, teacher) = (world.signed_in("admin").await, world.signed_in("teacher").await);
    let (mut of_admin, mut of_teacher) = (Stream::open(&admin).await, Stream::open(&teacher).await);
    let start = Instant::now();
    let mut heard = 0;
    while start.elapsed() < Duration::from_secs(1) {
        world.signed_in("deputy").await;
        while of_admin.next(Duration::from_millis(1)).await.is_some() {
            heard += 1;
        }
    }
    assert!((2..=5).contains(&heard), "{heard} in a second");
    of_teacher.is_silent().await;
}

/// As another node writes it.
const END_OF_TEACHER: &str = "
update sessions
set ended_at = 1773068400000, end_kind = 'ended'
where account_id = (select id from accounts where user_name = 'teacher')
returning id";

#[tokio::test]
async fn a_list_that_lost_the_database_says_so_until_it_is_right_again() {
    let world = World::new().await;
    let (admin, teacher) = (world.signed_in("admin").await, world.signed_in("teacher").await);
    let mut stream = Stream::open(&admin).await;
    let takes_rows = OnScreen { takes: Some(0), ..OnScreen::default() };
    while stream.next(Duration::from_millis(400)).await.is_some() {}
    assert!(!look(&admin, &OnScreen::default()).await.window.behind);
    world.rows::<(i64,)>("alter table events rename to moved").await;
    stream.says(CLOSED).await;
    let mut stream = Stream::open(&admin).await;
    for screen in [&OnScreen::default(), &takes_rows] {
        let window = look(&admin, screen).await.window;
        assert!(window.behind && window.updated.len() == "09:20:54 AM".len(), "{window:?}");
    }
    let page = admin.get("/sessions").await;
    assert!(page.body.contains("Live paused, the list is behind"));
    assert_eq!(world.stranger().get("/readyz").await.status, 503);
    // FWD-06: who is in says the database, not the list.
    assert_eq!(teacher.get("/auth/verify").await.status, 200);
    assert_eq!(world.rows::<(i64,)>(END_OF_TEACHER).await.len(), 1);
    assert_eq!(teacher.get("/auth/verify").await.status, 401);
    world.rows::<(i64,)>("alter table moved rename to events").await;
    let back = stream.says(LIST).await;
    assert!(back < Duration::from_secs(2), "{back:?}");
    assert!(!look(&admin, &takes_rows).await.window.behind);
    assert!(!admin.get("/sessions").await.body.contains("Live paused"));
}

#[tokio::test]
async fn web_08_every_way_a_session_ends_is_told() {
    let world = World::new().await;
    // By the command line, another handle of the same file.
    let teacher = world.signed_in("teacher").await;
    let mut stream = Stream::open(&teacher).await;
    world.disable(world.teacher).await;
    stream.says(ENDED).await;
    // By its owner, in another tab.
    let deputy = world.signed_in("deputy").await;
    let mut stream = Stream::open(&deputy).await;
    deputy.post("/sign-out", "").await;
    let mut said = stream.next(Duration::from_secs(5)).await;
    if said.as_deref() == Some(LIST) {
        said = stream.next(Duration::from_secs(5)).await;
    }
    assert_eq!(said.as_deref(), Some(ENDED));
    // By time: the sweep runs on the node's clock.
    let admin = world.signed_in("admin").await;
    let mut stream = Stream::open(&admin).await;
    world.clock.advance(62 * MINUTE);
    let mut said = stream.next(Duration::from_secs(5)).await;
    if said.as_deref() == Some(LIST) {
        said = stream.next(Duration::from_secs(5)).await;
    }
    assert_eq!(said.as_deref(), Some(ENDED));
}

#[tokio::test]
async fn web_08_a_session_that_is_over_is_told_once_at_the_opening() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    teacher.post("/sign-out", "").await;
    let mut stream = Stream::open(&teacher).await;
    stream.says(ENDED).await;
    stream.says(CLOSED).await;
    for method in ["HEAD", "POST"] {
        let answer = teacher.send(method, "/live", None, Body::empty()).await;
        assert_eq!((answer.status, &*answer.body), (205, ""));
        assert!(!answer.headers.contains_key("set-cookie"), "a late answer would wipe a newer log-in's cookie");
        assert_eq!(world.signed_in("teacher").await.send(method, "/live", None, Body::empty()).await.status, 204);
    }
}

#[tokio::test]
async fn web_08_a_page_of_somebody_else_or_with_another_role_does_not_stand() {
    let world = World::new().await;
    let deputy = world.signed_in("deputy").await;
    let id = world.store.find_account("deputy").await.expect("the store").expect("the deputy");
    let stands = async |account: AccountId, sis: bool| {
        let viewer = Viewer { account, user_name: String::new(), sis };
        deputy.send("HEAD", &viewer.session_address(), None, Body::empty()).await.status
    };
    assert_eq!((stands(id, true).await, stands(id, false).await, stands(world.admin, true).await), (204, 205, 205));
    world.store.set_sis(Actor::CommandLine, id, false, world.clock.now()).await.expect("the role is taken");
    assert_eq!((stands(id, true).await, stands(id, false).await), (205, 204));
}

/// What a page is told of its session: in how many seconds to ask again, and the time that it warns of.
async fn standing(browser: &Browser, method: &str) -> (u32, String) {
    let answer = browser.send(method, "/live", None, Body::empty()).await;
    assert_eq!(answer.status, 204);
    (answer.header("usm-again").parse().expect("seconds"), answer.header("usm-time-out").to_owned())
}

#[tokio::test]
async fn a_page_warns_two_minutes_before_its_time_out_and_its_person_can_stay() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    assert_eq!(standing(&admin, "HEAD").await, (60, String::new()), "a lost stream is noticed within a minute");
    world.clock.advance(59 * MINUTE);
    assert_eq!(standing(&admin, "HEAD").await, (2, String::new()));
    world.clock.advance(1_000);
    assert_eq!(standing(&admin, "HEAD").await, (3, "12:01 PM".to_owned()), "asking is no activity");
    world.clock.advance(2 * MINUTE - 1_000);
    assert_eq!(standing(&admin, "HEAD").await, (2, "12:01 PM".to_owned()));
    assert_eq!(standing(&admin, "POST").await, (60, String::new()));
    world.write_activity().await;
    let seen: Vec<(i64,)> = world.rows("select last_seen_at from sessions").await;
    assert_eq!(seen, [(START + 61 * MINUTE,)], "and staying is");
    assert_eq!(standing(&admin, "HEAD").await, (60, String::new()), "so no other page of this session warns any more");
    world.clock.advance(62 * MINUTE);
    assert_eq!(admin.send("POST", "/live", None, Body::empty()).await.status, 205, "too late");
}

#[tokio::test]
async fn there_is_no_warning_where_staying_is_impossible() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    // As it is in the last hour that a session lasts.
    let cut: Vec<(i64,)> = world.rows("update sessions set expires_at = idle_expires_at returning id").await;
    assert_eq!(cut.len(), 1);
    world.clock.advance(60 * MINUTE);
    assert_eq!(standing(&admin, "HEAD").await, (60, String::new()));
    assert_eq!(standing(&admin, "POST").await, (60, String::new()));
}

#[tokio::test]
async fn web_08_strangers_and_other_sites_hear_nothing() {
    let world = World::new().await;
    assert_eq!(world.stranger().get("/live").await.status, 401);
    assert_eq!(world.stranger().with_cookie("usm=nonsense").get("/live").await.status, 401);
    let teacher = world.signed_in("teacher").await;
    for site in ["cross-site", "same-site"] {
        assert_eq!(teacher.clone().with_header("sec-fetch-site", site).get("/live").await.status, 403, "{site}");
    }
    assert_eq!(teacher.clone().without_site().with_header("origin", "https://evil.example").get("/live").await.status, 403);
    Stream::open(&teacher.clone().without_site().with_header("origin", "http://127.0.0.1:3000")).await;
    Stream::open(&teacher.without_site()).await;
}

#[tokio::test]
async fn web_08_one_stream_more_than_eight_closes_the_oldest() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    let mut streams = Vec::new();
    for _ in 0..=PER_SESSION {
        streams.push(Stream::open(&teacher).await);
    }
    streams.remove(0).says(CLOSED).await;
    teacher.post("/sign-out", "").await;
    for stream in &mut streams {
        stream.says(ENDED).await;
    }
}

#[tokio::test]
async fn web_08_an_end_while_the_stream_is_opened_is_never_missed() {
    let world = World::new().await;
    let end = async || {
        world.store.end_accounts(Actor::CommandLine, vec![world.teacher], "", world.clock.now()).await.expect("ended");
        Instant::now()
    };
    let (mut takes, mut early) = (Duration::MAX, 0);
    for _ in 0..5 {
        world.signed_in("teacher").await;
        let begun = Instant::now();
        takes = takes.min(end().await - begun);
    }
    for round in 0..ROUNDS {
        let teacher = world.signed_in("teacher").await;
        // At first the page comes twice as late as an end takes, and in each round a little earlier.
        let late = 2 * takes * (ROUNDS - round) / ROUNDS;
        let open = async {
            let begun = Instant::now();
            // Timers are too coarse.
            while begun.elapsed() < late {
                tokio::task::yield_now().await;
            }
            (Stream::open(&teacher).await, Instant::now())
        };
        let ((mut stream, opened), ended) = tokio::join!(open, end());
        stream.says(ENDED).await;
        stream.says(CLOSED).await;
        early += u32::from(opened < ended);
    }
    assert!((1..ROUNDS).contains(&early), "both orders: {early} of {ROUNDS} streams were open before the end");
}

#[tokio::test]
async fn az_04_an_administrators_stream_closes_with_his_role() {
    let world = World::new().await;
    let deputy = world.signed_in("deputy").await;
    let mut stream = Stream::open(&deputy).await;
    let id = world.store.find_account("deputy").await.expect("the store").expect("the deputy");
    world.store.set_sis(Actor::CommandLine, id, false, world.clock.now()).await.expect("the role is taken");
    stream.says(CLOSED).await;
}

#[tokio::test]
async fn neither_stream_nor_look_is_activity() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    world.clock.advance(30 * MINUTE);
    let _stream = Stream::open(&admin).await;
    look(&admin, &OnScreen { rows: vec![world.admin], panel: Some(world.admin), ..OnScreen::default() }).await;
    admin.send("HEAD", "/live", None, Body::empty()).await;
    world.write_activity().await;
    let seen: Vec<(i64,)> = world.rows("select last_seen_at from sessions").await;
    assert_eq!(seen, [(START,)]);
    // A click is.
    admin.get("/me").await;
    world.write_activity().await;
    let seen: Vec<(i64,)> = world.rows("select last_seen_at from sessions").await;
    assert_eq!(seen, [(START + 30 * MINUTE,)]);
}

#[tokio::test]
async fn a_look_tells_what_became_of_the_rows_and_how_many_are_new() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let deputy = world.signed_in("deputy").await;
    world.signed_in("teacher").await;
    let screen = OnScreen { takes: Some(0), ..OnScreen::default() };
    let window = look(&admin, &screen).await.window;
    assert_eq!(window.rows.len(), 3);

    world.clock.advance(1_000);
    deputy.post("/sign-out", "").await;
    world.disable(world.teacher).await;
    world.signed_in("admin").await;
    let new = world.person("natetest", "Test", "Fake", false).await;
    world.signed_in("natetest").await;
    let rows: Vec<_> = window.rows.iter().map(|row| row.id).collect();
    let screen = OnScreen { rows: rows.clone(), panel: Some(new), version: window.version, ..OnScreen::default() };
    let after = look(&admin, &screen).await;
    let later = "03/09/2026 11:00:01 AM";
    let seen = |id: AccountId| {
        let seen = &after.rows[rows.iter().position(|row| *row == id).expect("a row")];
        (seen.count, seen.created.as_ref().map(|created| &*created.text), seen.disabled)
    };
    let deputy = *rows.iter().find(|id| ![world.admin, world.teacher].contains(id)).expect("the deputy");
    assert_eq!(seen(world.admin), (2, Some(later), false));
    assert_eq!(seen(deputy), (0, None, false));
    assert_eq!(seen(world.teacher), (0, None, true));
    assert_eq!(after.new_users, 2, "who logged in once more, and who came");
    assert_eq!((after.window.rows.len(), after.window.matching.users, after.window.matching.sessions), (0, 2, 3));
    assert_eq!(after.panel.expect("a panel").sessions.len(), 1);

    // Where it takes other rows, it is told as well what became of those that it has.
    let taken = look(&admin, &OnScreen { takes: Some(0), ..screen }).await;
    let left: Vec<_> = taken.rows.iter().map(|seen| (seen.count, seen.disabled)).collect();
    assert_eq!(left, after.rows.iter().map(|seen| (seen.count, seen.disabled)).collect::<Vec<_>>());
    assert_eq!(taken.window.rows.len(), 2);
}

#[tokio::test]
async fn a_look_at_more_rows_than_a_page_has_is_refused() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let screen = OnScreen { rows: vec![world.admin; 1_001], ..OnScreen::default() };
    let screen = serde_json::to_string(&screen).expect("JSON");
    let answer = admin.api("sessions/look", &format!(r#"{{"query":{{"filters":["","","","",""]}},"screen":{screen}}}"#)).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}
