//! Logging in and out over HTTP: the cookie, the token, and how little a refusal tells.

use crate::http_world::{Answer, PASSWORD, World, old_hash};
use app::model::session::SessionId;
use axum::http::header;
use server::{
    auth::token::Token,
    credentials::{Checked, Credentials as _},
    store::NewAccount,
};
use std::time::{Duration, Instant};

fn cookie_value(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    cookie.split_once('=').and_then(|(_, rest)| rest.split_once(';')).expect("a cookie").0.to_owned()
}

#[tokio::test]
async fn tok_03_the_stored_hash_is_no_cookie() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let hashes: Vec<(Vec<u8>,)> = world.rows("select token_hash from sessions").await;
    let hex = crate::database::hex(&hashes[0].0);
    assert_eq!(admin.get("/me").await.status, 200);
    let thief = world.stranger().with_cookie(&format!("usm={hex}"));
    assert_eq!(thief.get("/me").await.status, 303);
    assert_eq!(thief.api("sessions/own", "{}").await.status, 401);
}

#[tokio::test]
async fn tok_04_the_cookie_has_exactly_these_attributes() {
    for (world, name, secure) in [(World::new().await, "usm", ""), (World::https().await, "__Host-usm", "; Secure")] {
        let answer = world.stranger().log_in("admin", PASSWORD).await;
        let value = cookie_value(&answer);
        assert_eq!(value.len(), 64);
        assert_eq!(answer.header("set-cookie"), format!("{name}={value}{secure}; HttpOnly; SameSite=Lax; Path=/"));

        let gone = format!("{name}={secure}; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
        let browser = world.stranger().with_cookie(&format!("{name}={value}"));
        assert_eq!(browser.post("/sign-out", "").await.header("set-cookie"), gone);
        let refused = browser.get("/me").await;
        assert_eq!((refused.status, refused.header("set-cookie")), (303, &*gone));
    }
}

#[tokio::test]
async fn tok_05_a_doubtful_cookie_header_is_nobodys() {
    let world = World::new().await;
    let value = world.signed_in("admin").await.token().cookie_value();
    assert_eq!(world.stranger().with_cookie(&format!("usm={value}")).get("/me").await.status, 200);
    for cookie in [
        format!("usm={value}; usm={value}"),
        format!("$Version=1; usm={value}"),
        format!("usm=\"{value}\""),
        format!("\u{2000}usm={value}"),
        format!("__Host-usm={value}"),
        format!("usm={}", value.to_uppercase()),
        format!("usm={value}0"),
    ] {
        let answer = world.stranger().with_cookie(&cookie).get("/me").await;
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=%2Fme"), "{cookie}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "what was not understood is not deleted either");
    }
}

#[tokio::test]
async fn tok_06_a_token_counts_in_the_cookie_only() {
    let world = World::new().await;
    let value = world.signed_in("admin").await.token().cookie_value();
    let stranger = world.stranger();
    assert_eq!(stranger.get(&format!("/me?usm={value}")).await.status, 303);
    assert_eq!(stranger.post("/sessions/end", &format!("usm={value}&session=1")).await.status, 303);
    for (name, header) in [("authorization", format!("Bearer {value}")), ("usm", value.clone()), ("x-cookie", format!("usm={value}"))] {
        assert_eq!(stranger.clone().with_header(name, &header).get("/me").await.status, 303, "{name}");
    }
}

#[tokio::test]
async fn tok_08_signing_in_replaces_whatever_session_the_browser_had() {
    let world = World::new().await;
    for before in ["admin", "teacher"] {
        let earlier = world.signed_in(before).await;
        let answer = earlier.log_in("admin", PASSWORD).await;
        assert_eq!(answer.status, 303);
        assert_ne!(cookie_value(&answer), earlier.token().cookie_value());
        let out = earlier.get("/me").await;
        assert_eq!((out.status, out.header("location")), (303, "/sign-in?why=elsewhere&next=%2Fme"), "{before}");
        let now = world.stranger().with_cookie(&format!("usm={}", cookie_value(&answer)));
        assert_eq!(now.get("/sessions").await.status, 200);
    }
    let made_up = "a".repeat(64);
    let answer = world.stranger().with_cookie(&format!("usm={made_up}")).log_in("admin", PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert_ne!(cookie_value(&answer), made_up);
}

#[tokio::test]
async fn tok_10_an_unknown_token_never_becomes_a_session() {
    let world = World::new().await;
    let token = Token::new().expect("random bytes");
    let browser = world.stranger().with_cookie(&format!("usm={}", token.cookie_value()));
    assert_eq!(browser.get("/me").await.status, 303);
    assert_eq!(browser.log_in("admin", "wrong").await.status, 401);
    assert_eq!(browser.log_in("admin", PASSWORD).await.status, 303);
    assert!(matches!(world.store.check(&token.hash(), world.clock.now()).await, Ok(Checked::Unknown)));
    assert_eq!(browser.get("/me").await.status, 303);
}

#[tokio::test]
async fn tok_11_sign_out_ends_the_session_before_it_answers() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    let answer = teacher.post("/sign-out", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"));
    assert_eq!(answer.header("clear-site-data"), "\"storage\"");
    let kinds: Vec<(String,)> = world.rows("select end_kind from sessions where ended_at is not null").await;
    assert_eq!(kinds, [("signed_out".to_owned(),)]);
    assert_eq!(teacher.get("/me").await.header("location"), "/sign-in?next=%2Fme", "nobody is told why: he did it himself");
}

#[tokio::test]
async fn tok_13_what_sets_a_cookie_or_names_somebody_is_not_stored() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let answers = [
        world.stranger().get("/sign-in").await,
        world.stranger().log_in("admin", PASSWORD).await,
        world.stranger().log_in("admin", "wrong").await,
        admin.get("/sessions").await,
        admin.get("/me").await,
        admin.get("/nowhere").await,
        admin.api("sessions/own", "{}").await,
        admin.post("/theme", "theme=dark").await,
        admin.post("/sign-out", "").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn aut_02_a_huge_password_costs_nothing() {
    let world = World::new().await;
    let events = world.events().await;
    for length in [1024 * 1024, 1025] {
        let (mut fastest, mut read) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            let start = Instant::now();
            let answer = world.stranger().log_in("admin", &"x".repeat(length)).await;
            fastest = fastest.min(start.elapsed());
            let start = Instant::now();
            world.stranger().post("/theme", &format!("other={}", "x".repeat(length))).await;
            read = read.min(start.elapsed());
            assert_eq!(answer.status, 413);
            assert!(answer.body.contains("The user name or the password is too long."), "it says so on the log-in page");
        }
        assert!(fastest < 2 * read + Duration::from_millis(30), "{fastest:?}, where reading that much takes {read:?}");
    }
    assert_eq!((world.node.passwords.verifications(), world.events().await), (0, events));
}

#[tokio::test]
async fn aut_04_an_older_hash_is_upgraded_by_its_own_sign_in() {
    let world = World::new().await;
    world.account(NewAccount { user_name: "veteran".into(), password_hash: Some(old_hash(PASSWORD)), ..NewAccount::default() }).await;
    assert_eq!(world.stranger().log_in("veteran", "wrong").await.status, 401);
    let stored = async || world.store.find_password_hash("veteran").await.expect("the store").expect("an account").hash.expect("a hash");
    assert_eq!(stored().await, stored().await);
    assert!(stored().await.contains("$m=8192,t=1,p=1$"));
    assert_eq!(world.stranger().log_in("veteran", PASSWORD).await.status, 303);
    assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(world.stranger().log_in("veteran", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn aut_05_every_refused_sign_in_reads_the_same_and_costs_one_verification() {
    let world = World::new().await;
    world.account(NewAccount { user_name: "blank".into(), ..NewAccount::default() }).await;
    let gone = world.account(NewAccount { user_name: "gone".into(), password_hash: Some(world.hash()), ..NewAccount::default() }).await;
    world.disable(gone).await;
    let mut answers = Vec::new();
    for (user_name, password) in [("admin", "wrong"), ("gone", PASSWORD), ("gone", "wrong"), ("blank", PASSWORD), ("ghost", PASSWORD)] {
        let before = world.node.passwords.verifications();
        let mut answer = world.stranger().log_in(user_name, password).await;
        assert_eq!(world.node.passwords.verifications() - before, 1, "{user_name}");
        assert_eq!(answer.status, 401, "{user_name}");
        answer.without_nonce();
        // What was typed stands in the box again, and in the page's data.
        answer.body = answer.body.replace(&format!("value=\"{user_name}\""), "value=\"…\"");
        answer.body = answer.body.replace(&format!("\\\"user_name\\\":\\\"{user_name}\\\""), "…");
        answers.push((user_name, answer));
    }
    let (_, first) = &answers[0];
    assert!(first.body.contains("The user name or the password is not right, or this account cannot log in."));
    for (user_name, answer) in &answers {
        assert_eq!(answer.headers, first.headers, "{user_name}");
        assert_eq!(answer.body, first.body, "{user_name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aut_11_twenty_right_sign_ins_at_once_all_succeed() {
    let world = World::new().await;
    // An old hash: the first to commit changes it under the others' feet.
    world.account(NewAccount { user_name: "veteran".into(), password_hash: Some(old_hash(PASSWORD)), ..NewAccount::default() }).await;
    for user_name in ["admin", "veteran"] {
        let all: Vec<_> = (0..20)
            .map(|_| {
                let browser = world.stranger();
                tokio::spawn(async move { browser.log_in(user_name, PASSWORD).await.status })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.expect("no panic"), 303, "{user_name}");
        }
    }
}

#[tokio::test]
async fn aut_18_another_site_cannot_log_anybody_in() {
    let world = World::new().await;
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let answer = world.stranger().without_site().with_header(name, value).log_in("admin", PASSWORD).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
    assert_eq!(world.node.passwords.verifications(), 0);
    assert_eq!(world.rows::<(i64,)>("select id from sessions").await, []);
}

#[tokio::test]
async fn aud_01_a_failed_sign_in_is_one_event_without_the_name_of_nobody() {
    let world = World::new().await;
    let before = world.events().await;
    world.stranger().log_in("admin", "wrong").await;
    world.stranger().log_in("my secret password", "admin").await;
    assert_eq!(world.events().await, before + 2);
    let written: Vec<(String, String, String)> = world.rows("select actor_name, target_name, cast(detail as text) from events").await;
    assert!(!format!("{written:?}").contains("my secret password"));
}

#[tokio::test]
async fn web_07_after_sign_in_one_stays_on_this_origin() {
    let world = World::new().await;
    let location = async |next: &str| {
        let browser = world.stranger();
        let form = [("user_name", "admin"), ("password", PASSWORD), ("next", next)];
        browser.post_form("/sign-in", &form).await.header("location").to_owned()
    };
    assert_eq!(location("/sessions?user_name=%5Enate&sort=-count").await, "/sessions?user_name=%5Enate&sort=-count");
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "/\r\nX: y",
        "/\t/evil.example",
        "@evil.example",
        "",
    ] {
        assert_eq!(location(evil).await, "/", "{evil:?}");
    }
}

#[tokio::test]
async fn a_list_filtered_by_five_hundred_names_waits_behind_the_log_in() {
    let world = World::new().await;
    let names: Vec<_> = (100..600).map(|n| format!("ö·{n}·{n}")).collect();
    let next = format!("/sessions?user_name={}", app::model::query::encode(&names.join("|")));
    assert!((12_000..16_384).contains(&next.len()), "{}", next.len());
    let fields = |password| [("user_name", "admin"), ("password", password), ("next", &*next)];
    let wrong = world.stranger().post_form("/sign-in", &fields("wrong")).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains(&next), "the next try leads there, too");
    let answer = world.stranger().post_form("/sign-in", &fields(PASSWORD)).await;
    assert_eq!((answer.status, answer.header("location")), (303, &*next));
}

#[tokio::test]
async fn a_refused_page_says_why_and_leads_back() {
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let teacher = world.signed_in("teacher").await;
    let idle = world.signed_in("teacher").await;
    let ended = admin.post("/sessions/end", &format!("session={}", teacher.session.expect("a session"))).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/sessions"));
    let out = teacher.get("/help?topic=a%20b").await;
    assert_eq!(out.header("location"), "/sign-in?why=ended&next=%2Fhelp%3Ftopic%3Da%2520b");
    assert_eq!(teacher.api("sessions/own", "{}").await.status, 401);
    let out = teacher.post("/sessions/plan", "act=end&id=1").await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in?why=ended&next=%2Fsessions"));

    world.clock.advance(world.node.config.limits.idle + 120_000);
    let out = idle.get("/me").await;
    assert_eq!(out.header("location"), "/sign-in?why=timeout&next=%2Fme");
    assert_eq!(world.stranger().get("/me").await.header("location"), "/sign-in?next=%2Fme");
    let page = world.stranger().get("/sign-in?why=ended&next=%2Fme").await;
    assert!(page.body.contains("You were logged out by an administrator."));
}

#[tokio::test]
async fn an_answer_under_api_never_deletes_the_cookie() {
    let world = World::new().await;
    let teacher = world.signed_in("teacher").await;
    teacher.post("/sign-out", "").await;
    let answer = teacher.api("sessions/own", "{}").await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn only_what_a_person_does_is_activity() {
    let world = World::new().await;
    let seen = async |session: SessionId| {
        world.store.write_activity(&world.clock).await.expect("written");
        let rows: Vec<(i64, i64)> = world.rows("select id, last_seen_at from sessions").await;
        rows.iter().find(|(id, _)| *id == session.0).expect("the session").1
    };
    let admin = world.signed_in("admin").await;
    let session = admin.session.expect("a session");
    let start = seen(session).await;
    world.clock.advance(300_000);
    admin.clone().with_header("usm-background", "1").api("sessions/own", "{}").await;
    admin.get("/pkg/usm.js").await;
    admin.get("/healthz").await;
    admin.clone().without_site().with_header("sec-fetch-site", "cross-site").post("/sessions/end", "session=1").await;
    assert_eq!(seen(session).await, start);
    admin.api("sessions/own", "{}").await;
    assert_eq!(seen(session).await, start + 300_000);
}
