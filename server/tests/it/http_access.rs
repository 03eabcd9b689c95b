//! Who may ask for what: every route there is, with every kind of visitor.

use crate::http_world::{Browser, World};
use app::{
    AppError,
    model::{
        account::{FoundAccounts, OwnAccount},
        query::encode,
        session::{WINDOW_ROWS, Window},
    },
};
use axum::body::Body;
use futures::{StreamExt as _, stream};
use leptos_axum::generate_route_list;
use server::store::Actor;
use std::{collections::BTreeSet, io, time::Duration};
use tokio::sync::watch;

/// Statuses for nobody, somebody whose session ended, a person without the role, an administrator.
pub type Statuses = [u16; 4];

/// A route as it is registered, an address of it, and what GET and an empty POST answer. A form's fields are checked last, so that
/// whoever has the right gets 400 for having sent none.
pub const ROUTES: &[(&str, &str, Statuses, Statuses)] = &[
    ("/", "/", [303, 303, 303, 303], [303, 303, 405, 405]),
    ("/sign-in", "/sign-in", [200, 200, 200, 200], [401, 401, 401, 401]),
    ("/sign-out", "/sign-out", [405, 405, 405, 405], [303, 303, 303, 303]),
    ("/theme", "/theme", [405, 405, 405, 405], [303, 303, 303, 303]),
    ("/live", "/live", [401, 200, 200, 200], [205, 205, 204, 204]),
    ("/me", "/me", [303, 303, 200, 200], [303, 303, 405, 405]),
    ("/help", "/help", [303, 303, 200, 200], [303, 303, 405, 405]),
    ("/sessions", "/sessions", [303, 303, 403, 200], [303, 303, 403, 405]),
    ("/sessions.csv", "/sessions.csv", [303, 303, 403, 200], [303, 303, 403, 405]),
    ("/sessions/plan", "/sessions/plan", [303, 303, 403, 405], [303, 303, 403, 400]),
    ("/sessions/commit", "/sessions/commit", [303, 303, 403, 405], [303, 303, 403, 400]),
    ("/sessions/end", "/sessions/end", [303, 303, 405, 405], [303, 303, 400, 400]),
    ("/accounts", "/accounts", [303, 303, 403, 200], [303, 303, 403, 405]),
    ("/accounts/{id}", "/accounts/1", [303, 303, 403, 200], [303, 303, 403, 400]),
    ("/accounts/undo-disable", "/accounts/undo-disable", [303, 303, 403, 404], [303, 303, 403, 400]),
    ("/history", "/history", [303, 303, 403, 200], [303, 303, 403, 405]),
    ("/api/sessions/list", "/api/sessions/list", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/of", "/api/sessions/of", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/look", "/api/sessions/look", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/selected", "/api/sessions/selected", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/range", "/api/sessions/range", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/plan", "/api/sessions/plan", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/commit", "/api/sessions/commit", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/report", "/api/sessions/report", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/sessions/end", "/api/sessions/end", [401, 401, 405, 405], [401, 401, 400, 400]),
    ("/api/sessions/own", "/api/sessions/own", [401, 401, 405, 405], [401, 401, 200, 200]),
    ("/api/accounts/search", "/api/accounts/search", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/accounts/details", "/api/accounts/details", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/accounts/undo-disable", "/api/accounts/undo-disable", [401, 401, 405, 405], [401, 401, 403, 400]),
    ("/api/history/list", "/api/history/list", [401, 401, 405, 405], [401, 401, 403, 200]),
    ("/auth/verify", "/auth/verify", [401, 401, 200, 200], [405, 405, 405, 405]),
    ("/healthz", "/healthz", [200, 200, 200, 200], [405, 405, 405, 405]),
    ("/readyz", "/readyz", [200, 200, 200, 200], [405, 405, 405, 405]),
    ("/favicon.svg", "/favicon.svg", [200, 200, 200, 200], [405, 405, 405, 405]),
    ("/pkg", "/pkg/usm.js", [200, 200, 200, 200], [405, 405, 405, 405]),
    ("no route", "/nowhere", [404, 404, 404, 404], [404, 404, 404, 404]),
    ("no route", "/sessions/", [404, 404, 404, 404], [404, 404, 404, 404]),
    ("no route", "/api/nowhere", [401, 401, 405, 405], [401, 401, 403, 404]),
];

/// Functions for SIS holders, with arguments that can be read, and what an administrator gets.
const FOR_ADMINISTRATORS: &[(&str, &str, u16)] = &[
    ("sessions/list", r#"{"query":{"filters":["","","","",""]},"offset":0,"limit":10}"#, 200),
    ("sessions/look", r#"{"query":{"filters":["","","","",""]},"screen":{"rows":[1],"panel":1,"version":{"node":0,"number":0}}}"#, 200),
    ("sessions/selected", r#"{"selection":{"ids":[1]},"shown":{"filters":["","","","",""]}}"#, 200),
    ("sessions/of", r#"{"account":1}"#, 200),
    ("sessions/range", r#"{"query":{"filters":["","","","",""]},"from":1,"to":2}"#, 200),
    ("sessions/plan", r#"{"act":"end","selection":{"ids":[1]},"shown":{"filters":["","","","",""]}}"#, 200),
    ("sessions/commit", r#"{"plan":1,"confirmation":{}}"#, 404),
    ("sessions/report", r#"{"batch":1}"#, 200),
    ("sessions/end", r#"{"target":{"account":1}}"#, 200),
    ("accounts/search", r#"{"text":"a","limit":8}"#, 200),
    ("accounts/details", r#"{"account":1}"#, 200),
    ("accounts/undo-disable", r#"{"batch":1}"#, 404),
    ("history/list", "{}", 200),
    ("history/list", r#"{"batch":1}"#, 404),
];

/// What axum knows: its `Debug` lists every path.
fn registered(router: &axum::Router) -> BTreeSet<String> {
    let debug = format!("{router:?}");
    let mut paths = BTreeSet::new();
    for (_, rest) in debug.match_indices("RouteId(").map(|(at, _)| debug[at..].split_at(8)) {
        if let Some(quoted) = rest.split_once("): \"").map(|(_, rest)| rest)
            && rest.find("): \"").is_some_and(|at| at < 8)
            && let Some((path, _)) = quoted.split_once('"')
        {
            paths.insert(path.to_owned());
        }
    }
    paths
}

#[tokio::test]
async fn az_01_every_route_has_its_row() {
    let world = World::new().await;
    let rows: BTreeSet<_> = ROUTES.iter().map(|(route, ..)| (*route).to_owned()).collect();
    let mut routes = registered(&world.router);
    assert!(routes.len() >= 25, "axum still lists its paths: {routes:?}");
    routes.retain(|path| !path.starts_with("/pkg") && path != "/{*__private__axum_fallback}");
    routes.extend(generate_route_list(app::App).iter().map(|route| route.path().to_owned()));
    routes.extend(leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()));
    assert_eq!(routes.difference(&rows).collect::<Vec<_>>(), Vec::<&String>::new(), "routes without a row");
    let known = rows.iter().filter(|row| !["no route", "/pkg"].contains(&&***row));
    assert_eq!(known.filter(|row| !routes.contains(*row)).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a route");
    let functions: BTreeSet<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let covered = FOR_ADMINISTRATORS.iter().map(|(function, ..)| format!("/api/{function}")).chain(["/api/sessions/own".into()]);
    assert_eq!(covered.collect::<BTreeSet<_>>(), functions);
}

async fn visitors(world: &World) -> [Browser; 4] {
    let ended = world.signed_in("teacher").await;
    ended.post("/sign-out", "").await;
    [world.stranger(), ended, world.signed_in("teacher").await, world.signed_in("admin").await]
}

#[tokio::test]
async fn az_02_every_route_answers_every_visitor_as_expected() {
    let world = World::new().await;
    for (_, address, get, post) in ROUTES {
        for accept in ["application/json", "text/html,*/*;q=0.8"] {
            let visitors = visitors(&world).await;
            for (at, visitor) in visitors.into_iter().enumerate() {
                let visitor = visitor.with_header("accept", accept).with_header("referer", "http://127.0.0.1:3000/history");
                let before = world.events().await;
                // Without its body: a stream has no end.
                assert_eq!(visitor.answer("GET", address, Body::empty()).await.status(), get[at], "GET {address} by {at}");
                let exported = *address == "/sessions.csv" && at == 3;
                assert_eq!(
                    world.events().await,
                    before + i64::from(exported),
                    "GET {address} by {at} writes nothing but an export's event"
                );
                let before = world.events().await;
                let answer = if address.starts_with("/api/") {
                    visitor.send("POST", address, Some("application/json"), Body::from("{}")).await
                } else {
                    visitor.post(address, "").await
                };
                assert_eq!(answer.status, post[at], "POST {address} by {at}");
                let failed_sign_in = *address == "/sign-in";
                let signed_out = *address == "/sign-out" && at >= 2;
                let refused = at >= 2 && (400..500).contains(&post[at]) && !is_outside(address);
                let expected = i64::from(failed_sign_in || signed_out || refused);
                assert_eq!(world.events().await - before, expected, "events of POST {address} by {at}");
            }
        }
    }
}

/// Answered before anybody is asked who he is.
pub fn is_outside(address: &str) -> bool {
    ["/auth/verify", "/healthz", "/readyz", "/favicon.svg", "/pkg/usm.js", "/sign-in"].contains(&address)
}

#[tokio::test]
async fn az_02_a_person_without_the_role_calls_no_administrators_function() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    for (function, arguments, status) in FOR_ADMINISTRATORS {
        let answer = teacher.api(function, arguments).await;
        assert_eq!(answer.status, 403, "{function}: {}", answer.body);
        // Anew: one of these functions ends all his sessions.
        let answer = world.signed_in("admin").await.api(function, arguments).await;
        assert_eq!(answer.status, *status, "{function}: {}", answer.body);
    }
    assert_eq!(teacher.get("/me").await.status, 200);
}

#[tokio::test]
async fn az_02_a_page_without_the_right_says_who_may_use_it() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    for address in ["/sessions", "/accounts", "/accounts/1", "/accounts/999", "/history"] {
        let page = teacher.get(address).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains(AppError::Forbidden.sentence()));
        assert!(!page.body.contains("Ada"), "no administrator's name: {address}");
    }
    assert_eq!(teacher.get("/").await.header("location"), "/me");
    assert_eq!(world.signed_in("admin").await.get("/").await.header("location"), "/sessions");
}

#[tokio::test]
async fn az_05_extra_fields_change_nothing() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.teacher;
    let extra = "role=sis&sis=1&user_id=1&id=1&account=1&password_hash=x&disabled_by=1";
    let answer = admin.post(&format!("/accounts/{teacher}"), &format!("version=1&{extra}")).await;
    assert_eq!((answer.status, answer.header("location")), (303, &*format!("/accounts/{teacher}?saved=unchanged")));
    let roles: Vec<(i64,)> = world.rows("select account_id from account_roles order by account_id").await;
    assert_eq!(roles, [(1,), (2,)]);

    let signed_in = world.signed_in("teacher").await;
    let session = signed_in.session.expect("a session");
    let answer = signed_in.post("/sessions/end", &format!("session={session}&account=1&admin=1&sis=1")).await;
    assert_eq!(answer.status, 303);
    assert_eq!(admin.get("/me").await.status, 200);
    let answer = admin.api("sessions/own", r#"{"account":3,"admin":true}"#).await;
    assert_eq!(answer.json::<OwnAccount>().user_name, "admin");
}

#[tokio::test]
async fn az_08_nobody_ends_another_persons_session_without_the_role() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let session = admin.session.expect("a session");
    let refused = teacher.post("/sessions/end", &format!("session={session}")).await.status;
    assert!([403, 404].contains(&refused), "{refused}");
    let refused = teacher.api("sessions/end", &format!(r#"{{"target":{{"session":{session}}}}}"#)).await.status;
    assert!([403, 404].contains(&refused), "{refused}");
    assert_eq!(admin.get("/me").await.status, 200);
}

#[tokio::test]
async fn inp_04_a_body_without_end_is_cut_off() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    admin.api("sessions/own", "{}").await;
    let before = resident_kib();
    let chunk = axum::body::Bytes::from(vec![b'x'; 65_536]);
    for round in 0..100 {
        for (address, content_type) in [("/api/sessions/list", "application/json"), ("/sessions/plan", "application/x-www-form-urlencoded")]
        {
            // 1 GiB, if anybody read it.
            let pulled = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let (counter, chunk) = (pulled.clone(), chunk.clone());
            let chunks = (0..16_384).map(move |_| {
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok::<_, std::io::Error>(chunk.clone())
            });
            let body = Body::from_stream(futures::stream::iter(chunks));
            let answer = admin.send("POST", address, Some(content_type), body).await;
            assert_eq!(answer.status, 413, "round {round}");
            let pulled = pulled.load(std::sync::atomic::Ordering::Relaxed);
            assert!(pulled <= 2 * 1024 * 1024 / 65_536 + 1, "{pulled} chunks");
        }
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 10 * 1024, "{grown} KiB");
    let stranger = world.stranger().send("POST", "/api/sessions/list", Some("application/json"), Body::from(vec![b'x'; 3 << 20])).await;
    assert_eq!(stranger.status, 401, "nobody's body is not even looked at");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn inp_07_windows_are_clamped_and_long_bodies_refused_in_a_sentence() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for number in 0..=WINDOW_ROWS {
        let name = format!("user{number}");
        world.account(server::store::NewAccount { user_name: name.clone(), password_hash: Some(world.hash()), ..Default::default() }).await;
        world.signed_in(&name).await;
    }
    let list = |offset: u32, limit: u32| format!(r#"{{"query":{{"filters":["","","","",""]}},"offset":{offset},"limit":{limit}}}"#);
    let window: Window = admin.api("sessions/list", &list(0, u32::MAX)).await.json();
    assert_eq!(window.rows.len(), WINDOW_ROWS as usize);
    assert_eq!(window.matching.users, WINDOW_ROWS + 2);
    let window: Window = admin.api("sessions/list", &list(u32::MAX, 10)).await.json();
    assert!(!window.rows.is_empty(), "an offset behind the end shows the end");
    assert_eq!(admin.get("/sessions?offset=4294967295").await.status, 200);
    assert_eq!(admin.get("/sessions?offset=-1&count=x&done=y").await.status, 200);

    let ids = "id=1&".repeat(3 * 1024 * 1024 / 5);
    let page = admin.post("/sessions/plan", &format!("act=end&{ids}")).await;
    assert_eq!(page.status, 413);
    assert!(page.body.contains(AppError::TooLarge.sentence()));
    let answer = admin.api("sessions/list", &format!(r#"{{"query":"{}"}}"#, "x".repeat(3 * 1024 * 1024))).await;
    assert_eq!((answer.status, answer.json::<AppError>()), (413, AppError::TooLarge));
}

#[tokio::test]
async fn inp_07_a_plan_of_a_million_ids_is_refused_in_a_sentence_and_none_is_made() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let ids: Vec<_> = (1..=1_000_000).collect();
    let body = serde_json::json!({"act": "end", "selection": {"ids": ids}, "shown": {"filters": ["", "", "", "", ""]}});
    let answer = admin.api("sessions/plan", &body.to_string()).await;
    assert_eq!((answer.status, answer.json::<AppError>()), (413, AppError::TooLarge));
    assert_eq!(AppError::TooLarge.sentence(), "The request is too large. Select fewer users one by one, or select all that match.");
    assert_eq!(world.rows::<(i64,)>("select count(*) from plans").await, [(0,)]);
}

#[tokio::test]
async fn what_an_address_names_must_be_there() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for address in [
        "/accounts/999",
        "/accounts/x",
        "/accounts/1x",
        "/accounts/99999999999999999999",
        "/accounts/%31",
        "/accounts/1/",
        "/accounts/-1",
        "/history?batch=1",
        "/history?batch=x",
        "/history?batch=",
        "/history?batch=99999999999999999999",
        "/history?before=x",
    ] {
        let page = admin.get(address).await;
        assert_eq!(page.status, 404, "{address}");
        assert!(page.body.contains("role=\"alert\""), "{address}");
    }
    let long = "x".repeat(16 * 1024 + 1);
    for (query, status) in [
        ("sort=password_hash", 422),
        ("sort=--created", 422),
        (&*format!("last_name={long}"), 422),
        ("sort=", 200),
        ("sort=-count", 200),
        ("nonsense=%ff%00&user_name=%ff", 200),
    ] {
        assert_eq!(admin.get(&format!("/sessions?{query}")).await.status, status, "{}", &query[..query.len().min(40)]);
    }
    let refused = admin.get("/sessions?sort=password_hash").await;
    assert!(refused.body.contains("The list cannot be sorted by that."));
}

#[tokio::test]
async fn whatever_is_typed_is_looked_for_literally() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let long = "x".repeat(10 * 1024);
    for text in ["\0", "🙂", "\u{202e}nimda", "%", "_", "\\", "'", "\"", "' or 1=1 --", "a%", "\r\n", &long] {
        let shown = &text[..text.len().min(20)];
        let page = admin.get(&format!("/sessions?last_name={}", encode(text))).await;
        assert_eq!(page.status, 200, "{shown:?}");
        let arguments = serde_json::json!({"query": {"filters": ["", text, "", "", ""]}, "offset": 0, "limit": 10});
        let window: Window = admin.api("sessions/list", &arguments.to_string()).await.json();
        let expected = u32::from(text.trim().is_empty());
        assert_eq!(window.matching.users, expected, "{shown:?}: nobody is called so");

        let (found, status) = (serde_json::json!({"text": text, "limit": 8}), if text == long { 422 } else { 200 });
        let found = admin.api("accounts/search", &found.to_string()).await;
        assert_eq!(found.status, status, "{shown:?}");
        if status == 200 {
            assert_eq!(found.json::<FoundAccounts>().total, 0, "{shown:?}");
        }
        assert_eq!(admin.get(&format!("/accounts?q={}", encode(text))).await.status, status, "{shown:?}");
    }
}

#[tokio::test]
async fn what_is_too_long_to_look_for_is_one_sentence() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let (longest, long) = ("é ".repeat(100), "a ".repeat(5_000));
    let search = |text: &str| format!(r#"{{"text":"{text}","limit":8}}"#);
    assert_eq!(admin.api("accounts/search", &search(&longest)).await.status, 200);
    let refused = admin.api("accounts/search", &search(&long)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json::<AppError>().sentence().contains("200 characters"));
    assert_eq!(admin.get(&format!("/accounts?q={}", encode(&longest))).await.status, 200);
    let page = admin.get(&format!("/accounts?q={}", encode(&long))).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Use at most 200 characters."));

    // Each filter is short enough; together they fit no address.
    let text = "€".repeat(5_000);
    let filters = format!(r#"{{"filters":["{text}","{text}","","",""]}}"#);
    let all = format!(r#"{{"all_matching":{{"query":{filters}}}}}"#);
    let plain = r#"{"filters":["","","","",""]}"#;
    for (function, arguments) in [
        ("sessions/list", format!(r#"{{"query":{filters},"offset":0,"limit":1}}"#)),
        ("sessions/list", format!(r#"{{"query":{plain},"selection":{all},"offset":0,"limit":1}}"#)),
        ("sessions/plan", format!(r#"{{"act":"end","selection":{all},"shown":{plain}}}"#)),
        ("sessions/plan", format!(r#"{{"act":"end","selection":{{"ids":[1]}},"shown":{filters}}}"#)),
    ] {
        let refused = admin.api(function, &arguments).await;
        assert_eq!(refused.status, 422, "{function} {}", refused.body);
        assert!(refused.json::<AppError>().sentence().contains("too long together"));
    }
    let form = format!("act=end&all=1&user_name={0}&last_name={0}", encode(&text));
    assert_eq!(admin.post("/sessions/plan", &form).await.status, 422);
}

#[tokio::test]
async fn json_that_is_none_is_one_sentence() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for body in ["", "{", "null", "[]", "\"x\"", "{\"query\":1}", "\u{0}", "{\"query\":{\"filters\":[\"\"]},\"offset\":0,\"limit\":1}"] {
        let answer = admin.api("sessions/list", body).await;
        assert_eq!((answer.status, answer.json::<AppError>()), (400, AppError::Malformed), "{body:?}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_is_whole_however_late_its_data_come() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    // Together they wait for the database and for each other: some are there at the first look, some are not.
    for address in ["/sessions?user_name=a", "/sessions?user_name=nobody.at.all", "/accounts?q=a", "/accounts/1", "/history", "/me"] {
        let pages = (0..24).map(|_| admin.get(address));
        for page in futures::future::join_all(pages).await {
            assert_eq!(page.status, 200, "{address}");
            assert!(page.body.contains("</main>"), "{address}");
        }
    }
}

#[tokio::test]
async fn a_filter_of_ten_kilobytes_is_answered() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for filter in ["x".repeat(10_000), "a|".repeat(5_000), "!".repeat(10_000), "=ß".repeat(3_333)] {
        let body =
            serde_json::json!({ "query": { "filters": ["", filter, "", "", ""] }, "offset": 4_000_000_000_u32, "limit": 1_000_000_000 });
        let answer = admin.api("sessions/list", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// Who keeps a request for later gets nothing of the list once he is out, nor without the role.
#[tokio::test]
async fn rev_08_a_request_that_is_kept_for_later_is_refused_after_the_end() {
    let world = World::new().await;
    let (ended, taken, stays) = (world.signed_in("admin").await, world.signed_in("deputy").await, world.signed_in("admin").await);
    let (rest, comes) = watch::channel(false);
    let kept = async |browser: &Browser| {
        let mut comes = comes.clone();
        let rest = async move {
            comes.wait_for(|comes| *comes).await.expect("it comes");
            Ok::<_, io::Error>("}")
        };
        let start = stream::once(async { Ok(r#"{"query":{"filters":["","","","",""]},"offset":0,"limit":10"#) });
        browser
            .send("POST", "/api/sessions/list", Some("application/json"), Body::from_stream(start.chain(stream::once(rest))))
            .await
            .status
    };
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let session = ended.session.expect("a session");
        assert_eq!(stays.post("/sessions/end", &format!("session={session}")).await.status, 303);
        let deputy = world.store.find_account("deputy").await.expect("the store").expect("the deputy");
        world.store.set_sis(Actor::CommandLine, deputy, false, world.clock.now()).await.expect("the role is taken");
        rest.send(true).expect("they wait");
    };
    let (ended, taken, stays, ()) = tokio::join!(kept(&ended), kept(&taken), kept(&stays), meanwhile);
    assert_eq!((ended, taken, stays), (401, 403, 200));
}
