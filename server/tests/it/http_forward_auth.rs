//! Forward auth: what a reverse proxy is told of whom, and what it may say itself.

use crate::http_world::{Answer, Browser, PASSWORD, World};
use app::model::account::AccountId;
use axum::body::Body;
use http_body_util::BodyExt as _;
use server::{Node, config::Config, store::NewAccount};
use std::{sync::Arc, time::Duration};

const PROXY: &str = "127.0.0.1";
const REMOTE: [&str; 4] = ["remote-user", "remote-name", "remote-groups", "remote-session"];

/// Before `app.example.org`, whose hosts get the wide cookie.
async fn world() -> World {
    World::told(|config| {
        config.trusted_proxies = "127.0.0.1, 10.0.0.0/24".parse().expect("networks");
        config.apps = "app.example.org, wiki.example.org:8443".parse().expect("hosts");
        config.cookie_domain = Some("example.org".into());
        config.background_paths = "/api/notifications".parse().expect("paths");
    })
    .await
}

/// A navigation to an application, as Caddy and Traefik ask about it.
fn navigation(browser: Browser, host: &str, uri: &str) -> Browser {
    let browser = browser.with_peer(PROXY).without_site().with_header("sec-fetch-mode", "navigate").with_header("host", host);
    let browser = browser.with_header("x-forwarded-proto", "https").with_header("x-forwarded-host", host);
    browser.with_header("x-forwarded-method", "GET").with_header("x-forwarded-uri", uri)
}

fn identity(answer: &Answer) -> [&str; 4] {
    REMOTE.map(|name| {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} stands there once");
        answer.header(name)
    })
}

#[tokio::test]
async fn fwd_01_every_200_carries_every_identity_header() {
    let world = world().await;
    world.account(NewAccount { user_name: "kiosk".into(), password_hash: Some(world.hash()), ..NewAccount::default() }).await;
    for (user_name, name, groups) in [("admin", "Ada Admin", "sis"), ("teacher", "Tess Teacher", ""), ("kiosk", "", "")] {
        let browser = world.signed_in(user_name).await;
        for browser in [browser.clone(), browser.at_another_host(), world.signed_in(user_name).await.with_header("host", "anything")] {
            let answer = browser.get("/auth/verify").await;
            assert_eq!((answer.status, &*answer.body), (200, ""));
            let session = browser.session.expect("a session").to_string();
            assert_eq!(identity(&answer), [user_name, name, groups, &session]);
        }
    }
}

#[tokio::test]
async fn fwd_01_without_a_session_there_is_no_identity() {
    let world = world().await;
    let ended = world.signed_in("teacher").await;
    ended.post("/sign-out", "").await;
    let unknown = world.stranger().with_cookie(&format!("__Host-usm={}", "a".repeat(64)));
    let forger = REMOTE.into_iter().fold(world.stranger(), |browser, name| browser.with_header(name, "admin"));
    for browser in [world.stranger(), ended.clone(), ended.at_another_host(), unknown, forger] {
        let answer = browser.get("/auth/verify").await;
        assert_eq!((answer.status, &*answer.body), (401, ""));
        assert!(REMOTE.iter().all(|name| !answer.headers.contains_key(*name)));
    }
    let teacher = world.signed_in("teacher").await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        let answer = teacher.answer(method, "/auth/verify", Body::empty()).await;
        assert_eq!(answer.status(), 405, "{method}");
        assert!(!answer.headers().contains_key("remote-user"));
    }
    assert_eq!(teacher.answer("HEAD", "/auth/verify", Body::empty()).await.status(), 200);
}

/// What a browser is answered: forward auth by either cookie, the API, a page, the look at its stream. Each is asked twice: on a database
/// server each node answers once.
async fn answers(browser: &Browser) -> [u16; 5] {
    let wide = browser.clone().at_another_host();
    let ask = async || {
        [
            browser.get("/auth/verify").await.status,
            wide.get("/auth/verify").await.status,
            browser.api("sessions/own", "{}").await.status,
            browser.get("/me").await.status,
            browser.send("HEAD", "/live", None, Body::empty()).await.status,
        ]
    };
    let (one, two) = (ask().await, ask().await);
    assert_eq!(one, two);
    one
}

const IN: [u16; 5] = [200, 200, 200, 200, 204];
const OUT: [u16; 5] = [401, 401, 401, 303, 205];

/// An open page's stream.
async fn stream(browser: &Browser) -> Body {
    browser.answer("GET", "/live", Body::empty()).await.into_body()
}

/// Its last word, which closes it.
async fn last_word(stream: Body) -> String {
    let said = tokio::time::timeout(Duration::from_secs(5), stream.collect()).await.expect("it closes").expect("no error").to_bytes();
    String::from_utf8_lossy(&said).trim().lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn rev_08_who_is_ended_or_disabled_is_nobody_to_the_next_request() {
    let world = world().await;
    let (ended, disabled) = (world.signed_in("teacher").await, world.signed_in("deputy").await);
    let (idle, admin) = (world.signed_in("admin").await, world.signed_in("admin").await);
    let mut open = Vec::new();
    for browser in [&ended, &disabled, &idle] {
        assert_eq!(answers(browser).await, IN);
        open.push([stream(browser).await, stream(browser).await]);
    }
    let mut open = open.into_iter();
    let mut is_out = async |browser: &Browser| {
        assert_eq!(answers(browser).await, OUT);
        let new = [stream(browser).await, stream(browser).await];
        for stream in open.next().expect("his streams").into_iter().chain(new) {
            assert_eq!(last_word(stream).await, "data: ended");
        }
    };
    admin.post("/sessions/end", &format!("session={}", ended.session.expect("a session"))).await;
    is_out(&ended).await;
    let deputy: AccountId = world.store.find_account("deputy").await.expect("the store").expect("an account");
    world.disable(deputy).await;
    is_out(&disabled).await;
    for _ in 0..2 {
        assert_eq!(world.stranger().log_in("deputy", PASSWORD).await.status, 401);
        assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 303, "an End keeps nobody out");
    }
    world.clock.advance(world.node.config.limits.idle + 120_000);
    is_out(&idle).await;
}

#[tokio::test]
async fn fwd_03_what_a_proxy_says_counts_from_listed_addresses_only() {
    let nobody = World::told(|config| config.apps = "app.example.org".parse().expect("hosts")).await;
    let listed = world().await;
    let asked = |world: &World, peer: &str| navigation(world.stranger(), "app.example.org", "/").with_peer(peer);
    for peer in ["127.0.0.1", "10.0.0.7", "::ffff:10.0.0.7"] {
        assert_eq!(asked(&listed, peer).get("/auth/verify").await.status, 302, "{peer}");
        assert_eq!(asked(&nobody, peer).get("/auth/verify").await.status, 401, "an empty list believes nobody: {peer}");
    }
    for peer in ["127.0.0.2", "10.0.1.7", "203.0.113.7", "::1", "::ffff:10.0.1.7"] {
        let answer = asked(&listed, peer).get("/auth/verify").await;
        assert_eq!((answer.status, answer.header("location")), (401, ""), "{peer}");
    }
    let without_socket = navigation(listed.stranger(), "app.example.org", "/");
    assert_eq!(without_socket.without_header("x-forwarded-uri").get("/auth/verify").await.status, 401);
}

#[tokio::test]
async fn fwd_04_sessions_and_events_keep_the_address_before_the_trusted_hops() {
    let world = world().await;
    for (peer, way, kept) in [
        ("127.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),
    ] {
        let browser = world.stranger().with_peer(peer).with_header("x-forwarded-for", way);
        assert_eq!(browser.log_in("teacher", "wrong").await.status, 401);
        let signed_in = browser.log_in("teacher", PASSWORD).await;
        assert_eq!(browser.with_cookie(&signed_in.cookies()).post("/sessions/plan", "").await.status, 403);
        let origins: Vec<(String,)> = world.rows("select ip from event_origins order by seq desc limit 3").await;
        assert!(origins.iter().all(|(ip,)| ip == kept), "{way} from {peer}: {origins:?}");
        assert_eq!(world.rows::<(String,)>("select ip from sessions order by id desc limit 1").await[0].0, kept, "{way} from {peer}");
    }
}

#[tokio::test]
async fn fwd_05_a_background_path_is_no_activity_and_lets_nobody_in() {
    let world = world().await;
    let teacher = world.signed_in("teacher").await;
    let wide = teacher.clone().at_another_host();
    let seen = async || {
        world.write_activity().await;
        world.rows::<(i64,)>("select last_seen_at from sessions").await[0].0
    };
    let start = seen().await;
    world.clock.advance(300_000);
    let caddy = |uri: &str| navigation(wide.clone(), "app.example.org", uri);
    let nginx = |uri: &str| wide.clone().with_peer(PROXY).with_header("x-original-url", &format!("https://app.example.org{uri}"));
    for browser in [caddy("/api/notifications"), caddy("/api/%6eotifications/7?x=/"), nginx("/api/notifications?since=1")] {
        assert_eq!(browser.get("/auth/verify").await.status, 200);
        assert_eq!(seen().await, start);
    }
    for (browser, what) in [
        (caddy("/api/notifications/../../page"), "another path in disguise"),
        (nginx("/page?/api/notifications"), "another path"),
        (caddy("/api/notifications").with_peer("203.0.113.7"), "said by nobody who is believed"),
        (wide.clone(), "said by nobody"),
    ] {
        let before = seen().await;
        world.clock.advance(300_000);
        assert_eq!(browser.get("/auth/verify").await.status, 200);
        assert!(seen().await > before, "{what} is activity");
    }
    for browser in [caddy("/api/notifications"), nginx("/api/notifications")] {
        let stranger = browser.without_header("cookie");
        assert!([302, 401].contains(&stranger.get("/auth/verify").await.status), "it decides nothing but the activity");
        let stranger = stranger.without_header("sec-fetch-mode");
        assert_eq!(stranger.get("/auth/verify").await.status, 401);
    }
}

#[tokio::test]
async fn fwd_07_no_answer_is_stored() {
    let world = world().await;
    let teacher = world.signed_in("teacher").await;
    for (browser, status) in [
        (teacher.clone(), 200),
        (teacher.at_another_host(), 200),
        (world.stranger(), 401),
        (navigation(world.stranger(), "app.example.org", "/"), 302),
    ] {
        let answer = browser.get("/auth/verify").await;
        assert_eq!(answer.status, status);
        assert_eq!((answer.header("cache-control"), answer.header("vary")), ("no-store", "Cookie"));
    }
}

#[tokio::test]
async fn fwd_08_names_are_encoded_and_no_user_name_looks_encoded() {
    let world = world().await;
    let zoe = world.person("zoë", "Žižek, Jr", "Zoë 100%", false).await;
    let answer = world.signed_in("zoë").await.get("/auth/verify").await;
    assert_eq!(identity(&answer)[..3], ["zo%C3%AB", "Zo%C3%AB 100%25 %C5%BDi%C5%BEek, Jr", ""]);
    for user_name in ["zo%C3%AB", "%", "a\r\nRemote-Groups: sis", "a\0", "a\u{7f}"] {
        let new = NewAccount { user_name: user_name.into(), ..NewAccount::default() };
        let refused = world.store.create_account(server::store::Actor::CommandLine, new, world.clock.now()).await;
        assert!(refused.is_err(), "{user_name:?}");
    }
    assert_eq!(world.store.find_account("zo%C3%AB").await.expect("the store"), None);
    assert_eq!(world.store.find_account("zoë").await.expect("the store"), Some(zoe));
}

#[tokio::test]
async fn fwd_09_a_navigation_is_sent_to_the_log_in_and_a_script_gets_401() {
    let world = world().await;
    let page = |uri: &str| navigation(world.stranger(), "app.example.org", uri);
    let sign_in = "https://sessions.example.org/sign-in";
    let there = format!("{sign_in}?next=https%3A%2F%2Fapp.example.org%2Fgrades%3Fclass%3D7%26term%3D1");
    for (browser, status, location, what) in [
        (page("/grades?class=7&term=1"), 302, &*there, "a page"),
        (
            page("/grades?class=7&term=1").without_header("sec-fetch-mode").with_header("accept", "text/html,*/*;q=0.8"),
            302,
            &there,
            "plain http",
        ),
        (page("/").with_header("sec-fetch-mode", "cors").with_header("accept", "text/html"), 401, "", "fetch"),
        (page("/").with_header("sec-fetch-mode", "no-cors"), 401, "", "an image"),
        (page("/").without_header("sec-fetch-mode").with_header("accept", "*/*"), 401, "", "a program"),
        (page("/").without_header("sec-fetch-mode"), 401, "", "a program that says nothing"),
        (page("/").without_header("x-forwarded-uri"), 401, "", "a proxy that says no address"),
    ] {
        let answer = browser.get("/auth/verify").await;
        assert_eq!((answer.status, answer.header("location")), (status, location), "{what}");
        assert!(!answer.headers.contains_key("set-cookie"), "{what}");
    }
}

#[tokio::test]
async fn fwd_09_the_way_back_is_checked() {
    let world = world().await;
    let location = async |browser: Browser| {
        let answer = browser.get("/auth/verify").await;
        assert_eq!(answer.status, 302);
        let location = answer.header("location");
        location.strip_prefix("https://sessions.example.org/sign-in").expect("our own log-in page").to_owned()
    };
    let at = |host: &str, uri: &str| navigation(world.stranger(), host, uri);
    assert_eq!(location(at("APP.example.org:443", "/x")).await, "?next=https%3A%2F%2Fapp.example.org%2Fx");
    assert_eq!(location(at("wiki.example.org:8443", "/x")).await, "?next=https%3A%2F%2Fwiki.example.org%3A8443%2Fx");
    assert_eq!(location(at("sessions.example.org", "/app?x=1")).await, "?next=%2Fapp%3Fx%3D1", "on our own host");
    let posted = at("app.example.org", "/grades").with_header("x-forwarded-method", "POST");
    assert_eq!(location(posted).await, "?next=https%3A%2F%2Fapp.example.org%2F", "a form cannot be sent again");
    for (host, uri) in [
        ("evil.example", "/"),
        ("app.example.org.evil.example", "/"),
        ("app.example.org@evil.example", "/"),
        ("app.example.org, evil.example", "/"),
        ("wiki.example.org", "/"),
        ("sessions.example.org", "//evil.example"),
        ("sessions.example.org", "/\\evil.example"),
        ("app.example.org", "@evil.example"),
        ("app.example.org", ".evil.example"),
        ("app.example.org", "https://evil.example"),
        ("app.example.org", ""),
        ("app.example.org", "/\u{2028}"),
    ] {
        let browser = at(host, uri);
        let answer = browser.get("/auth/verify").await;
        let location = answer.header("location");
        assert!(
            ["", "https://sessions.example.org/sign-in", "https://sessions.example.org/sign-in?next=https%3A%2F%2Fapp.example.org"]
                .contains(&location),
            "{host} {uri}: {location}"
        );
    }
    assert_eq!(location(at("app.example.org", "/").with_header("x-forwarded-proto", "http")).await, "", "not by https");
    assert_eq!(location(at("app.example.org", "/").without_header("x-forwarded-host")).await, "");
}

#[tokio::test]
async fn fwd_09_the_log_in_page_says_why_and_leads_back() {
    let world = world().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    admin.post("/sessions/end", &format!("session={}", teacher.session.expect("a session"))).await;
    let there = navigation(teacher.at_another_host(), "app.example.org", "/grades");
    let answer = there.get("/auth/verify").await;
    assert_eq!(answer.header("location"), "https://sessions.example.org/sign-in?why=ended&next=https%3A%2F%2Fapp.example.org%2Fgrades");
    assert!(!answer.headers.contains_key("set-cookie"), "a late answer would wipe the cookie of a newer log-in");

    let page = world.stranger().get(answer.header("location").strip_prefix("https://sessions.example.org").expect("ours")).await;
    assert!(
        page.body.contains("You were logged out by an administrator.") && page.body.contains("value=\"https://app.example.org/grades\"")
    );
    let next = "https://app.example.org/grades";
    let back = world.stranger().post_form("/sign-in", &[("user_name", "teacher"), ("password", PASSWORD), ("next", next)]).await;
    assert_eq!((back.status, back.header("location")), (303, next));
    let evil = [("user_name", "teacher"), ("password", PASSWORD), ("next", "https://app.example.org@evil.example/")];
    assert_eq!(world.stranger().post_form("/sign-in", &evil).await.header("location"), "/");
    let wrong = world.stranger().post_form("/sign-in", &[("user_name", "teacher"), ("password", "wrong"), ("next", next)]).await;
    assert!(wrong.body.contains("value=\"https://app.example.org/grades\""), "the next try leads there too");
}

/// nginx makes its own redirect: it gets 200 and 401 only, and the address in a header.
#[tokio::test]
async fn fwd_11_a_proxy_that_asks_by_x_original_url_gets_401_and_the_way() {
    let world = world().await;
    let page = |url: &str| world.stranger().with_peer(PROXY).with_header("sec-fetch-mode", "navigate").with_header("x-original-url", url);
    let there = "https://sessions.example.org/sign-in?next=https%3A%2F%2Fapp.example.org%2Fa%3Fb%3Dc%26d";
    for (browser, location, what) in [
        (page("https://app.example.org/a?b=c&d"), there, "a page"),
        (page("https://app.example.org/a?b=c&d").with_header("sec-fetch-mode", "cors"), "", "fetch"),
        (page("https://app.example.org/a?b=c&d").with_peer("203.0.113.7"), "", "not by a proxy that is believed"),
        (page("https://evil.example/"), "https://sessions.example.org/sign-in", "an application that is not listed"),
        (page("nonsense"), "", "no address"),
        (page("https://app.example.org"), "", "no path"),
    ] {
        let answer = browser.get("/auth/verify").await;
        assert_eq!((answer.status, answer.header("location")), (401, location), "{what}");
    }
    assert_eq!(
        navigation(page("https://app.example.org/a"), "app.example.org", "/b").get("/auth/verify").await.status,
        302,
        "Caddy's word first"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fwd_10_the_many_requests_of_a_first_page_all_pass() {
    let world = world().await;
    world.clock.advance(300_000);
    let wide = world.signed_in("teacher").await.at_another_host();
    world.clock.advance(300_000);
    let all: Vec<_> = (0..64)
        .map(|_| {
            let browser = wide.clone();
            tokio::spawn(async move { browser.get("/auth/verify").await.status })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("no panic"), 200);
    }
}

#[tokio::test]
async fn fwd_12_a_log_in_sets_a_second_cookie_for_the_domain() {
    let world = world().await;
    let answer = world.stranger().log_in("teacher", PASSWORD).await;
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("ASCII")).collect();
    let [main, wide] = set[..] else { panic!("{set:?}") };
    let value = |cookie: &str| cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
    assert_eq!(main, format!("__Host-usm={}; Secure; HttpOnly; SameSite=Lax; Path=/", value(main)));
    assert_eq!(wide, format!("__Secure-usm-wide={}; Secure; HttpOnly; SameSite=Lax; Path=/; Domain=example.org", value(wide)));
    assert_eq!((value(main).len(), value(wide).len()), (64, 64));
    assert_ne!(value(main), value(wide));
    let hashes: Vec<(Vec<u8>, Vec<u8>)> = world.rows("select token_hash, wide_token_hash from sessions").await;
    let hex = crate::database::hex(&hashes[0].1);
    assert!(hashes[0].0 != hashes[0].1 && ![value(main), value(wide)].contains(&hex), "hashed, each by itself");

    let browser = world.stranger().with_cookie(&answer.cookies());
    assert_eq!((browser.get("/me").await.status, browser.get("/auth/verify").await.status), (200, 200));
    let again = browser.log_in("teacher", PASSWORD).await;
    let earlier = world.stranger().with_cookie(&format!("__Secure-usm-wide={}", value(wide)));
    assert_eq!(earlier.get("/auth/verify").await.status, 401, "the wide token dies with its session");

    let gone = [
        "__Host-usm=; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=0",
        "__Secure-usm-wide=; Secure; HttpOnly; SameSite=Lax; Path=/; Domain=example.org; Max-Age=0",
    ];
    let browser = world.stranger().with_cookie(&again.cookies());
    let out = browser.post("/sign-out", "").await;
    assert_eq!(out.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), gone);
    assert_eq!(
        browser.clone().get("/me").await.headers.get_all("set-cookie").iter().collect::<Vec<_>>(),
        gone,
        "a page that refuses it deletes both"
    );
    let later = world.stranger().with_cookie(again.cookies().split("; ").nth(1).expect("the wide one"));
    assert_eq!(later.get("/auth/verify").await.status, 401);
}

#[tokio::test]
async fn fwd_12_the_wide_token_opens_nothing_but_the_check() {
    let world = world().await;
    let admin = world.signed_in("admin").await;
    let wide = admin.clone().at_another_host();
    assert_eq!(wide.get("/auth/verify").await.status, 200);
    let value = wide.wide_value();
    for cookie in
        [format!("__Secure-usm-wide={value}"), format!("__Host-usm={value}"), format!("__Host-usm={value}; __Secure-usm-wide={value}")]
    {
        let thief = world.stranger().with_cookie(&cookie);
        for page in ["/", "/me", "/help", "/sessions", "/sessions.csv", "/accounts", "/accounts/1", "/history"] {
            let answer = thief.get(page).await;
            assert_eq!((answer.status, answer.header("location").starts_with("/sign-in")), (303, true), "{page}");
        }
        assert_eq!(thief.get("/live").await.status, 401);
        for function in ["sessions/list", "sessions/own", "sessions/end"] {
            assert_eq!(thief.api(function, "{}").await.status, 401, "{function}");
        }
        assert_eq!(thief.post("/sessions/end", "session=1").await.status, 303);
        thief.post("/sign-out", "").await;
        thief.log_in("teacher", PASSWORD).await;
        assert_eq!(admin.get("/me").await.status, 200, "nor does it end the session");
    }
    let main = admin.token().cookie_value();
    for (cookie, what) in [
        (format!("__Host-usm={value}"), "under the other name"),
        (format!("__Secure-usm-wide={main}"), "the main token as the wide one"),
        (format!("usm-wide={value}"), "the name of plain http"),
        (format!("__Secure-usm-wide={value}; __Secure-usm-wide={value}"), "twice"),
        (format!("__Secure-usm-wide=\"{value}\""), "quoted"),
    ] {
        assert_eq!(world.stranger().with_cookie(&cookie).get("/auth/verify").await.status, 401, "{what}");
    }
}

#[tokio::test]
async fn fwd_12_without_a_cookie_domain_there_is_one_token() {
    let world = World::https().await;
    let answer = world.stranger().log_in("teacher", PASSWORD).await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    assert_eq!(world.rows::<(i64,)>("select id from sessions where wide_token_hash is not null").await, []);
    assert_eq!(world.stranger().with_cookie(&answer.cookies()).get("/auth/verify").await.status, 200);
    // A session of the time before the option was taken back.
    let mut world = self::world().await;
    let before = world.signed_in("teacher").await;
    let config = Config { cookie_domain: None, ..(*world.node.config).clone() };
    world.answered_by(Node { config: Arc::new(config), ..world.node.clone() });
    assert_eq!(before.clone().through(&world).get("/auth/verify").await.status, 200);
    assert_eq!(before.at_another_host().through(&world).get("/auth/verify").await.status, 401);
}

#[tokio::test]
async fn a_check_is_activity() {
    let world = world().await;
    let teacher = world.signed_in("teacher").await;
    for browser in [teacher.clone(), teacher.at_another_host()] {
        for _ in 0..3 {
            world.clock.advance(world.node.config.limits.idle - 60_000);
            assert_eq!(browser.get("/auth/verify").await.status, 200);
            world.write_activity().await;
        }
    }
}
