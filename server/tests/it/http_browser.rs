//! What keeps other sites and other people's text out of the browser.

use crate::{
    http_access::{ROUTES, is_outside},
    http_world::{Browser, World},
};
use app::model::query::encode;
use axum::body::Body;
use server::store::NewAccount;
use std::collections::HashSet;

/// Every address that may take an unsafe request: of the table that is held against the router and the server functions.
fn unsafe_addresses() -> impl Iterator<Item = (&'static str, &'static str)> {
    let inside = ROUTES.iter().map(|(_, address, ..)| *address).filter(|address| *address == "/sign-in" || !is_outside(address));
    inside.map(|address| (address, if address.starts_with("/api/") { "json" } else { "form" }))
}

async fn unsafe_request(browser: &Browser, address: &str, kind: &str) -> u16 {
    let content_type = if kind == "json" { "application/json" } else { "application/x-www-form-urlencoded" };
    browser.send("POST", address, Some(content_type), Body::from(if kind == "json" { "{}" } else { "" })).await.status
}

#[tokio::test]
async fn web_01_unsafe_requests_come_from_our_own_pages() {
    let world = World::new().await;
    let sites = [(Some("same-origin"), true), (Some("none"), true), (Some("same-site"), false), (Some("cross-site"), false), (None, false)];
    let origins = [Some("http://127.0.0.1:3000"), Some("http://127.0.0.1:3001"), Some("null"), None];
    for (address, kind) in unsafe_addresses() {
        for (site, passes) in sites {
            for origin in origins {
                for cookie in [false, true] {
                    let mut browser = if cookie { world.signed_in("admin").await } else { world.stranger() }.without_site();
                    if let Some(site) = site {
                        browser = browser.with_header("sec-fetch-site", site);
                    }
                    if let Some(origin) = origin {
                        browser = browser.with_header("origin", origin);
                    }
                    let passes = passes || (site.is_none() && (origin == Some(origins[0].expect("ours")) || (origin.is_none() && !cookie)));
                    let status = unsafe_request(&browser, address, kind).await;
                    assert_eq!(status != 403, passes, "{address} {site:?} {origin:?} cookie {cookie}: {status}");
                }
            }
        }
    }
}

#[tokio::test]
async fn web_02_safe_requests_change_nothing() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let mut watch = world.database.sqlite().await;
    let mut version = async || sqlx::query_as::<_, (i64,)>("pragma data_version").fetch_one(&mut watch).await.expect("a version").0;
    let before = version().await;
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned());
    let pages = [
        "/",
        "/sign-in",
        "/sessions",
        "/accounts",
        "/accounts/1",
        "/history",
        "/me",
        "/help",
        "/live",
        "/nowhere",
        "/auth/verify",
        "/healthz",
        "/readyz",
        "/pkg/usm.js",
    ];
    let addresses: Vec<String> = unsafe_addresses().map(|(address, _)| address).chain(pages).map(str::to_owned).chain(functions).collect();
    for address in addresses {
        for query in ["", "?session=1&act=end_disable&id=3&target=%7B%22account%22%3A3%7D&version=1&disabled=on&batch_id=1&batch=1"] {
            for method in ["GET", "HEAD", "OPTIONS"] {
                if (method, &*address) == ("GET", "/sessions.csv") {
                    continue; // Whoever takes the list away is noted.
                }
                let answer = admin.answer(method, &format!("{address}{query}"), Body::empty()).await;
                assert!(answer.status().as_u16() < 500, "{method} {address}: {}", answer.status());
            }
        }
    }
    assert_eq!(version().await, before);
    admin.post("/sessions/end", "session=1").await;
    assert_ne!(version().await, before, "the version does tell of a write");
}

#[tokio::test]
async fn web_03_every_answer_has_a_policy_with_a_nonce_of_its_own() {
    let world = World::new().await;
    let mut seen = HashSet::new();
    for _ in 0..10_000 {
        assert!(seen.insert(world.stranger().get("/healthz").await.nonce()));
    }
    let answer = world.stranger().get("/sign-in").await;
    let policy = answer.header("content-security-policy");
    let nonce = answer.nonce();
    assert!(nonce.len() >= 22, "128 bits in base64: {nonce}");
    assert_eq!(
        policy.replace(&nonce, "…"),
        "default-src 'none'; script-src 'nonce-…' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    );
    let beside = World::told(|config| config.apps = "app.example.org,wiki.example.org:8443".parse().expect("hosts")).await;
    let forms = async |address: &str| {
        let answer = beside.stranger().get(address).await;
        let policy = answer.header("content-security-policy").to_owned();
        policy.split("; ").find_map(|part| part.strip_prefix("form-action ")).expect("what forms may do").to_owned()
    };
    assert_eq!(forms("/sign-in?next=https://evil.example").await, "'self' https://app.example.org https://wiki.example.org:8443");
    for address in ["/", "/me", "/sign-in/", "/nowhere"] {
        assert_eq!(forms(address).await, "'self'", "only the log-in leads to applications: {address}");
    }
    let admin = world.signed_in("admin").await;
    for page in ["/sign-in", "/sessions", "/accounts/1", "/history", "/me", "/help", "/nowhere"] {
        let answer = admin.get(page).await;
        let nonce = format!("nonce=\"{}\"", answer.nonce());
        let scripts: Vec<_> = answer.body.split("<script").skip(1).map(|rest| rest.split_once('>').expect("its end").0).collect();
        assert!(!scripts.is_empty(), "{page}");
        assert!(scripts.iter().all(|script| script.contains(&nonce)), "{page}: {scripts:?}");
        assert!(!answer.body.contains(" style=\""), "the policy refuses inline styles: {page}");
    }
}

#[tokio::test]
async fn web_05_other_peoples_text_stays_text() {
    const EVIL: &str = "</title></textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
    let world = World::new().await;
    let named = NewAccount {
        user_name: EVIL.into(),
        last_name: EVIL.into(),
        first_name: EVIL.into(),
        password_hash: Some(world.hash()),
        ..NewAccount::default()
    };
    let account = world.account(named).await;
    let victim = world.stranger().with_header("user-agent", EVIL);
    let cookie = victim.log_in(EVIL, crate::http_world::PASSWORD).await.cookie();
    victim.log_in(EVIL, "wrong").await;
    let admin = world.signed_in("admin").await;
    let mut answers = Vec::new();
    for address in [
        "/sessions".into(),
        format!("/sessions?user_name={}", encode(EVIL)),
        format!("/accounts/{account}"),
        format!("/accounts?q={}", encode(EVIL)),
        "/history".into(),
    ] {
        let answer = admin.get(&address).await;
        assert_eq!(answer.status, 200, "{address}");
        answers.push(answer);
    }
    answers.push(admin.post("/sessions/plan", &format!("act=end_disable&id={account}")).await);
    answers.push(world.stranger().with_cookie(&cookie).get("/me").await);
    answers.push(world.stranger().log_in(EVIL, "wrong").await);
    answers.push(world.stranger().get(&format!("/sign-in?next={}&why={}", encode(EVIL), encode(EVIL))).await);
    answers.push(admin.get(&format!("/nowhere/{}", encode(EVIL))).await);
    for answer in answers {
        assert!(!answer.body.contains("</title></textarea>") && !answer.body.contains("<img src=x"), "{}", answer.body);
    }
    assert!(admin.get("/sessions").await.body.contains("alert(1)"), "it is shown");
}

#[tokio::test]
async fn web_06_the_headers_stand_on_every_answer() {
    for (world, hsts) in [(World::new().await, ""), (World::https().await, "max-age=31536000")] {
        let admin = world.signed_in("admin").await;
        let answers = [
            admin.get("/sessions").await,
            admin.get("/nowhere").await,
            admin.get("/pkg/usm.js").await,
            admin.get("/pkg/nowhere").await,
            admin.get("/favicon.svg").await,
            admin.get("/healthz").await,
            admin.get("/sessions?sort=nothing").await,
            admin.clone().with_header("host", "evil.example").get("/me").await,
            admin.send("TRACE", "/me", None, Body::empty()).await,
            admin.api("sessions/list", "no json").await,
            world.stranger().get("/me").await,
            world.stranger().api("sessions/own", "{}").await,
            world.stranger().log_in("admin", "wrong").await,
            // A proxy hands on whatever is no 2xx.
            world.stranger().get("/auth/verify").await,
            admin.send("POST", "/auth/verify", None, Body::empty()).await,
        ];
        for answer in answers {
            assert_eq!(answer.header("strict-transport-security"), hsts);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            assert!(answer.header("content-security-policy").contains("default-src 'none'"));
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
    }
}

#[tokio::test]
async fn web_09_server_functions_take_json_only() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain; application/json"),
        Some("application/jsonp"),
        Some("application/json, text/plain"),
    ] {
        let answer = admin.send("POST", "/api/sessions/own", content_type, Body::from("{}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (415, r#""not_json""#), "{content_type:?}");
    }
    let answer = admin.send("POST", "/api/sessions/own", Some("Application/JSON; charset=utf-8"), Body::from("{}")).await;
    assert_eq!(answer.status, 200);
    for method in ["TRACE", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get"] {
        for address in ["/sessions", "/api/sessions/own", "/nowhere", "/pkg/usm.js", "/healthz"] {
            let answer = admin.send(method, address, None, Body::empty()).await;
            assert_eq!(answer.status, 405, "{method} {address}");
            assert!(answer.headers.contains_key("allow"), "{method} {address}");
        }
    }
}

#[tokio::test]
async fn web_10_an_address_cannot_bring_an_error() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    // base64 of {"invalid":{"message":"evil"}}
    let query = "__path=%2Fapi%2Fsessions%2Fend&__err=eyJpbnZhbGlkIjp7Im1lc3NhZ2UiOiJldmlsIn19";
    for address in ["/sign-in", "/sessions", "/accounts", "/accounts/1", "/me", "/history"] {
        let answer = admin.get(&format!("{address}?{query}")).await;
        assert_eq!(answer.status, 200, "{address}");
        assert!(!answer.body.contains("evil"), "{address}");
    }
}

#[tokio::test]
async fn web_10_another_host_is_misdirected() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:3001", "127.0.0.1:3000.evil.example", "localhost", "localhost:3001", "[::1]:3000"]
    {
        let browser = admin.clone().with_header("host", host);
        for address in ["/sessions", "/sign-in", "/api/sessions/own", "/nowhere", "/favicon.svg"] {
            assert_eq!(browser.get(address).await.status, 421, "{host} {address}");
        }
        assert_eq!(browser.log_in("admin", "wrong").await.status, 421);
        assert_eq!(browser.get("/healthz").await.status, 200);
        assert_eq!(browser.get("/readyz").await.status, 200);
    }
    assert_eq!(admin.clone().without_header("host").get("/me").await.status, 421);
    assert_eq!(admin.get("http://evil.example/me").await.status, 421, "an absolute address names a host, too");
    assert_eq!(admin.get("http://127.0.0.1:3000/me").await.status, 200);

    let here = admin.clone().with_header("host", "localhost:3000");
    let answer = here.get("/sessions?sort=count").await;
    assert_eq!((answer.status, answer.header("location")), (303, "http://127.0.0.1:3000/sessions?sort=count"));
    assert_eq!(here.post("/sign-out", "").await.status, 421);

    let world = World::https().await;
    let stranger = world.stranger();
    assert_eq!(stranger.clone().with_header("host", "Sessions.example.org:443").get("/sign-in").await.status, 200);
    assert_eq!(stranger.with_header("host", "sessions.example.org:80").get("/sign-in").await.status, 421);
}

#[tokio::test]
async fn static_files_are_kept_and_nothing_else_is_served() {
    let world = World::new().await;
    let stranger = world.stranger();
    let plain = stranger.get("/pkg/usm.js").await;
    assert_eq!((plain.status, plain.body.as_str()), (200, "plain"));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    for (encoding, body) in [("br", "brotli"), ("gzip", "gzip")] {
        let answer = stranger.clone().with_header("accept-encoding", encoding).get("/pkg/usm.js").await;
        assert_eq!((answer.header("content-encoding"), answer.body.as_str()), (encoding, body));
    }
    assert_eq!(stranger.get("/favicon.svg").await.body, "<svg/>");
    for address in
        ["/pkg/../secret", "/pkg/..%2Fsecret", "/pkg/%2e%2e/secret", "/secret", "/pkg", "/pkg/", "/pkg/nowhere.js", "/.git/config"]
    {
        let answer = stranger.get(address).await;
        assert_eq!(answer.status, 404, "{address}");
        assert_eq!(answer.header("cache-control"), "no-store", "{address}");
    }
}

#[tokio::test]
async fn the_theme_is_a_cookie_and_one_comes_back() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let form = admin.clone().with_header("referer", "http://127.0.0.1:3000/history");
    let answer = form.post("/theme", "theme=dark").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/history"));
    assert_eq!(answer.header("set-cookie"), "theme=dark; SameSite=Lax; Path=/; Max-Age=31536000");
    let page = world.stranger().with_cookie("theme=dark").get("/sign-in").await;
    assert!(page.body.contains("data-theme=\"dark\""));
    let page = world.stranger().with_cookie("theme=\"><script>").get("/sign-in").await;
    assert!(!page.body.contains("data-theme"));
    let evil = admin.with_header("referer", "http://evil.example/history").post("/theme", "theme=system").await;
    assert_eq!((evil.header("location"), evil.header("set-cookie")), ("/", "theme=; SameSite=Lax; Path=/; Max-Age=0"));
}
