//! An application behind a real nginx and a real Caddy, by the configurations that we ship: what it is told, and what it never sees.

pub mod application;
pub mod proxy;

use crate::world::{Answer, Server, World, are_told_at_once, exchange, told_of_its_end};
use application::Application;
use proxy::{Kind, Proxy, place};
use sqlx::{ConnectOptions as _, query_scalar, sqlite::SqliteConnectOptions};
use std::thread;

const SESSIONS: &str = "sessions.example.org";
const APP: &str = "app.example.org";
const NAVIGATION: &str = "Sec-Fetch-Mode: navigate";

/// A server, a proxy, an application, and `nate`, who can log in.
struct Site {
    proxy: Proxy,
    application: Application,
    server: Server,
    world: World,
}

/// Both proxies, one after the other.
fn sites() -> impl Iterator<Item = (Kind, Site)> {
    [Kind::Nginx, Kind::Caddy].into_iter().map(|kind| (kind, Site::new(kind)))
}

impl Site {
    fn new(kind: Kind) -> Self {
        let (world, application) = (World::new(), Application::new());
        // As at the top of both files.
        let options = ["--public-url", "https://sessions.example.org", "--trusted-proxies", "127.0.0.1"];
        let server = world.serve_at(&place(), &[&options[..], &["--cookie-domain", "example.org", "--apps", APP]].concat(), &[]);
        world.ok_with(&["account", "create", "nate", "--first-name", "Zoë", "--last-name", "{env.HOME} 100%"], "correct horse\n");
        let proxy = Proxy::new(kind, &world, &server.address, &application.address);
        Self { proxy, application, server, world }
    }

    fn send(&self, what: &str, host: &str, headers: &[&str], body: &str) -> Answer {
        exchange(&self.proxy.address, &request(what, host, headers, body)).expect("the proxy answers")
    }

    fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.send(&format!("GET {path}"), APP, headers, "")
    }

    fn log_in(&self, next: &str) -> (Answer, [String; 2]) {
        log_in(&self.proxy, "nate", next)
    }

    /// What the browser sends to the application after the log-in.
    fn wide_cookie(&self) -> String {
        let (_, [_, wide]) = self.log_in("");
        format!("Cookie: {wide}")
    }
}

/// Logs in through the proxy; answers the session's cookies, the main one and the wide one.
pub fn log_in(proxy: &Proxy, user_name: &str, next: &str) -> (Answer, [String; 2]) {
    let form = format!("user_name={user_name}&password=correct%20horse&next={next}");
    let headers = ["Origin: https://sessions.example.org", "Content-Type: application/x-www-form-urlencoded", "X-Forwarded-For: 6.6.6.6"];
    let answer = exchange(&proxy.address, &request("POST /sign-in", SESSIONS, &headers, &form)).expect("the proxy answers");
    let cookies: Vec<_> =
        fields(&answer.head, "set-cookie").iter().map(|cookie| cookie.split(';').next().expect("one").to_owned()).collect();
    (answer, cookies.try_into().expect("two cookies"))
}

fn request(what: &str, host: &str, headers: &[&str], body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let headers: String = headers.iter().flat_map(|header| [*header, "\r\n"]).collect();
    format!("{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{headers}\r\n{body}")
}

/// The values of a header in the head of a request or an answer.
fn fields(head: &str, name: &str) -> Vec<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).collect()
}

#[test]
fn fwd_01_the_application_is_told_who_it_is() {
    for (kind, site) in sites() {
        let cookie = site.wide_cookie();
        let told = site.get("/grades?class=7", &[&cookie]);
        assert_eq!(told.status, 200, "{kind:?}: {}", told.body);
        let seen = site.application.seen().concat();
        assert!(seen.starts_with("GET /grades?class=7 HTTP/1."), "{kind:?}: {seen}");
        assert_eq!(fields(&seen, "remote-user"), ["nate"], "{kind:?}");
        assert_eq!(fields(&seen, "remote-name"), ["Zo%C3%AB {env.HOME} 100%25"], "{kind:?}");
        assert!(fields(&seen, "remote-groups").concat().is_empty(), "{kind:?}");
        assert_eq!(fields(&seen, "remote-session").len(), 1, "{kind:?}");
        assert_eq!(fields(&seen, "host"), [APP], "{kind:?}");
        // The role is seen at the next request.
        site.world.ok(&["account", "grant", "nate", "SIS"]);
        let cookie = site.wide_cookie();
        site.get("/", &[&cookie]);
        assert_eq!(fields(site.application.seen().last().expect("a request"), "remote-groups"), ["sis"], "{kind:?}");
    }
}

#[test]
fn fwd_02_no_browser_says_who_it_is() {
    for (kind, site) in sites() {
        nobody_says_who_it_is(kind, &site.proxy, &site.application, &site.wide_cookie(), "nate");
    }
}

/// Whatever a browser with this cookie sends along, the application is told that it is this user, or is not asked.
pub fn nobody_says_who_it_is(kind: Kind, proxy: &Proxy, application: &Application, cookie: &str, user_name: &str) {
    let get = |headers: &[&str]| exchange(&proxy.address, &request("GET /", APP, headers, "")).expect("the proxy answers");
    for forged in [
        &["Remote-User: forged"][..],
        &["remote-user: forged", "REMOTE-USER: forged", "Remote-User: forged"],
        &["Remote-User: forged", "Remote-Name: forged", "Remote-Groups: forged", "Remote-Session: forged"],
        &["Remote-Groups: forged", "Remote-Groups: forged"],
        &["Remote_User: forged", "remote_groups: forged", "REMOTE_SESSION: forged", "Remote_Name: forged"],
        &["X-Forwarded_User: forged", "X_Forwarded-User: forged", "X_Forwarded_User: forged", "X_Remote_User: forged"],
        &["X-Forwarded-User: forged", "x-forwarded-user: forged", "X-Forwarded-Groups: forged", "X-Forwarded-Email: forged"],
        &["X-Forwarded-Preferred-Username: forged", "X-Auth-Request-User: forged", "X-Auth-Request-Groups: forged"],
        &["X-Remote-User: forged", "Remote-Email: forged", "X-Auth-Request-Email: forged"],
        &["X-Remote-Groups: forged", "X-Remote-Group: forged", "X-Remote-Email: forged", "X-Remote-Name: forged"],
        &["X-Forwarded-For: forged", "X-Forwarded-Host: forged", "X-Forwarded-Proto: forged"],
        &["Forwarded: for=forged", "X-Real-IP: forged", "X-Original-URL: /forged", "X-Rewrite-URL: /forged"],
        &["Remote-User : forged"],
        &["Remote-User\t: forged"],
        &[" Remote-User: forged"],
        &["X-Other: 1", " Remote-User: forged"],
        &["Remote-User:forged", "Remote-User:\tforged "],
        &["Connection: Remote-User", "Remote-User: forged"],
        &["Connection: close, Remote-User, Remote-Groups, Remote-Session"],
    ] {
        let before = application.seen().len();
        let answer = get(&[&[cookie], forged].concat());
        let seen = &application.seen()[before..];
        // What was folded into another header's line is that header's.
        let told = seen.iter().flat_map(|head| head.lines()).filter(|line| !line.starts_with("X-Other:"));
        assert!(told.clone().count() > 0 || seen.is_empty());
        assert!(told.into_iter().all(|line| !line.contains("forged")), "{kind:?} {forged:?}: {seen:?}");
        assert!(answer.status == 200 || ([400, 401].contains(&answer.status) && seen.is_empty()), "{kind:?} {forged:?}: {}", answer.body);
        for head in seen {
            assert_eq!(fields(head, "remote-user"), [user_name], "{kind:?} {forged:?}");
            assert_eq!(fields(head, "remote-session").len(), 1, "{kind:?} {forged:?}");
            assert!(fields(head, "remote-groups").concat().is_empty(), "{kind:?} {forged:?}");
        }
        let before = application.seen().len();
        assert!([400, 401].contains(&get(forged).status), "{kind:?} {forged:?}");
        assert_eq!(application.seen().len(), before, "without a session nothing gets through: {kind:?} {forged:?}");
    }
}

/// In another protocol whole requests follow that nobody is asked about.
#[test]
fn fwd_02_a_websocket_is_the_only_other_protocol() {
    for (kind, site) in sites() {
        let cookie = site.wide_cookie();
        for (upgrade, passed) in [
            (&["Upgrade: websocket"][..], &["websocket"][..]),
            (&["Upgrade: WebSocket"], &["websocket"]),
            (&["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"], &[]),
            (&["Upgrade: h2c, websocket"], &[]),
            (&["Upgrade: foo"], &[]),
        ] {
            let before = site.application.seen().len();
            // After the `Connection: close` that every request here has: the last one says it.
            let headers = [&[&*cookie, "Connection: Upgrade, HTTP2-Settings"], upgrade].concat();
            site.get("/", &headers);
            let seen = site.application.seen()[before..].concat();
            assert!(seen.starts_with("GET / "), "{kind:?} {upgrade:?}: {seen}");
            assert_eq!(fields(&seen, "upgrade"), passed, "{kind:?} {upgrade:?}: {seen}");
        }
        for two in [["Upgrade: websocket", "Upgrade: h2c"], ["Upgrade: h2c", "Upgrade: websocket"]] {
            site.get("/", &[&[&*cookie, "Connection: Upgrade"], &two[..]].concat());
            assert!(!site.application.seen().concat().contains("h2c"), "{kind:?}: {:?}", site.application.seen());
        }
    }
}

#[test]
fn a_list_of_500_names_fits_into_every_address() {
    for (kind, site) in sites() {
        site.world.ok(&["account", "grant", "nate", "SIS"]);
        let names: Vec<_> = (0..500).map(|at| format!("%3Dpupil{at:05}")).collect();
        let list = format!("/sessions?user_name={}", names.join("%7C"));
        let led = site.send(&format!("GET {list}"), SESSIONS, &[NAVIGATION], "");
        let log_in = fields(&led.head, "location").concat();
        assert!(led.status == 303 && log_in.contains("pupil00499"), "{kind:?}: {} {log_in}", led.status);
        assert_eq!(site.send(&format!("GET {log_in}"), SESSIONS, &[NAVIGATION], "").status, 200, "{kind:?}");
        let next = log_in.split_once("next=").expect("a way back").1;
        let (back, [main, _]) = site.log_in(next);
        assert_eq!((back.status, fields(&back.head, "location").concat()), (303, list.clone()), "{kind:?}");
        let page = site.send(&format!("GET {list}"), SESSIONS, &[&format!("Cookie: {main}")], "");
        assert_eq!(page.status, 200, "{kind:?}: {}", page.head);
    }
}

#[tokio::test]
async fn fwd_03_nor_where_it_comes_from_or_wants_to_go() {
    for (kind, site) in sites() {
        let forged = [
            NAVIGATION,
            "X-Forwarded-Host: sessions.example.org",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Uri: /forged",
            "X-Forwarded-Method: POST",
            "X-Original-URL: https://sessions.example.org/forged",
        ];
        let answer = site.get("/true?a=b&c", &forged);
        let there = "https://sessions.example.org/sign-in?next=https%3A%2F%2Fapp.example.org%2Ftrue%3Fa%3Db%26c";
        assert_eq!((answer.status, fields(&answer.head, "location")), (302, vec![there.to_owned()]), "{kind:?}: {}", answer.head);
        // The log-in through the proxy came with an invented X-Forwarded-For.
        site.log_in("");
        let file = SqliteConnectOptions::new().filename(site.world.path("data/usm.db")).read_only(true);
        let mut file = file.connect().await.expect("a connection");
        let addresses: Vec<String> = query_scalar("select ip from sessions").fetch_all(&mut file).await.expect("sessions");
        assert_eq!(addresses, ["127.0.0.1"], "{kind:?}");
        assert_eq!(site.send("GET /auth/verify", SESSIONS, &forged, "").status, 404, "{kind:?}: for proxies alone");
    }
}

#[test]
fn fwd_06_a_server_that_is_gone_lets_nothing_through() {
    for (kind, site) in sites() {
        let cookie = site.wide_cookie();
        assert_eq!(site.get("/", &[&cookie]).status, 200, "{kind:?}");
        let Site { proxy, application, server, world } = site;
        server.kill();
        for headers in [&[][..], &[&*cookie], &[&*cookie, NAVIGATION]] {
            let answer = exchange(&proxy.address, &request("GET /", APP, headers, "")).expect("an answer");
            assert!(answer.status >= 500, "{kind:?}: {}", answer.head);
        }
        assert_eq!(application.seen().len(), 1, "{kind:?}");
        drop((proxy, world));
    }
}

#[test]
fn fwd_07_who_is_ended_is_out_at_the_next_request() {
    for (kind, site) in sites() {
        let cookie = site.wide_cookie();
        for _ in 0..3 {
            assert_eq!(site.get("/", &[&cookie]).status, 200, "{kind:?}");
        }
        site.world.ok(&["session", "end", "--user-name", "=nate"]);
        let seen = site.application.seen().len();
        assert_eq!(site.get("/", &[&cookie]).status, 401, "{kind:?}");
        let answer = site.get("/", &[&cookie, NAVIGATION]);
        let there = "https://sessions.example.org/sign-in?why=ended&next=https%3A%2F%2Fapp.example.org%2F";
        assert_eq!((answer.status, fields(&answer.head, "location")), (302, vec![there.to_owned()]), "{kind:?}: {}", answer.head);
        assert_eq!(fields(&answer.head, "cache-control"), ["no-store"], "{kind:?}");
        assert_eq!(site.application.seen().len(), seen, "{kind:?}");
    }
}

#[test]
fn rev_08_no_proxy_holds_back_what_an_open_page_is_told() {
    for (_, site) in sites() {
        let took = (0..5).map(|_| {
            let (_, [main, _]) = site.log_in("");
            let cookie = format!("Cookie: {main}");
            told_of_its_end(&site.proxy.address, &request("GET /live", SESSIONS, &[&cookie], ""), || {
                let out = site.send("POST /sign-out", SESSIONS, &["Origin: https://sessions.example.org", &cookie], "");
                assert_eq!(out.status, 303);
            })
        });
        are_told_at_once(took.collect());
    }
}

#[test]
fn fwd_09_a_page_leads_to_the_log_in_and_back_and_a_script_gets_401() {
    for (kind, site) in sites() {
        for script in [&["Sec-Fetch-Mode: cors"][..], &["Sec-Fetch-Mode: no-cors", "Accept: text/html"], &["Accept: */*"], &[]] {
            let answer = site.get("/grades", script);
            assert_eq!((answer.status, fields(&answer.head, "location")), (401, vec![]), "{kind:?} {script:?}");
        }
        let posted = site.send("POST /grades", APP, &["Sec-Fetch-Mode: cors"], "grade=A");
        assert_eq!(posted.status, 401, "{kind:?}");
        let answer = site.get("/grades?class=7", &["Accept: text/html,*/*;q=0.8"]);
        assert_eq!(answer.status, 302, "{kind:?}");
        let location = fields(&answer.head, "location").concat();
        let next = location.strip_prefix("https://sessions.example.org/sign-in?next=").unwrap_or_else(|| panic!("{kind:?}: {location}"));

        let page = site.send(&format!("GET /sign-in?next={next}"), SESSIONS, &[], "");
        assert!(page.head.contains("form-action 'self' https://app.example.org;"), "{kind:?}: {}", page.head);
        let (back, [_, wide]) = site.log_in(next);
        assert_eq!(
            (back.status, fields(&back.head, "location")),
            (303, vec!["https://app.example.org/grades?class=7".to_owned()]),
            "{kind:?}"
        );
        let posted = site.send("POST /grades", APP, &[&format!("Cookie: {wide}")], "grade=A");
        assert!(posted.status == 200 && posted.body.ends_with("grade=A"), "{kind:?}: the body is for the application: {}", posted.body);
    }
}

#[test]
fn fwd_09_a_long_address_leads_to_the_log_in_and_back_too_and_keeps_nobody_out() {
    for (kind, site) in sites() {
        long_addresses_keep_nobody_out(kind, &site.proxy, &site.wide_cookie());
        let (address, next) = long_address();
        let page = site.send(&format!("GET /sign-in?next={next}"), SESSIONS, &[NAVIGATION], "");
        assert_eq!(page.status, 200, "{kind:?}: {}", page.head);
        let (back, [_, wide]) = site.log_in(&next);
        let there = format!("https://app.example.org{address}");
        assert!(back.status == 303 && fields(&back.head, "location") == [&*there], "{kind:?}: {}", back.head);
        assert_eq!(site.get(&address, &[&format!("Cookie: {wide}")]).status, 200, "{kind:?}");
    }
}

/// An address nearly as long as nginx takes one, and the way back to it as the log-in's address has it.
fn long_address() -> (String, String) {
    (format!("/?{}", "/".repeat(8_000)), format!("https%3A%2F%2Fapp.example.org%2F%3F{}", "%2F".repeat(8_000)))
}

/// Strangers who open long addresses are led to the log-in, and no node is taken for one that failed: whoever has this cookie is let in.
pub fn long_addresses_keep_nobody_out(kind: Kind, proxy: &Proxy, cookie: &str) {
    let get = |address: &str, header: &str| {
        exchange(&proxy.address, &request(&format!("GET {address}"), APP, &[header], "")).expect("the proxy answers")
    };
    let (address, next) = long_address();
    let there = format!("https://sessions.example.org/sign-in?next={next}");
    // At most two nodes, which are asked in turn.
    for _ in 0..2 {
        let answer = get(&address, "Accept: text/html");
        assert!(answer.status == 302 && fields(&answer.head, "location") == [&*there], "{kind:?}: {}", answer.head);
    }
    assert_eq!(get("/", cookie).status, 200, "{kind:?}");
}

/// Forms among them, whose bodies are for the application alone.
#[test]
fn fwd_10_the_many_requests_of_a_first_page_all_pass() {
    for (kind, site) in sites() {
        let (site, cookie) = (&site, &site.wide_cookie());
        let one = move |at: usize| {
            let (method, body) = if at.is_multiple_of(2) { ("GET", String::new()) } else { ("POST", format!("at={at}")) };
            let answer = site.send(&format!("{method} /{at:02}"), APP, &[cookie], &body);
            assert!(answer.status == 200 && answer.body.ends_with(&body), "{kind:?} {at}: {}", answer.body);
        };
        thread::scope(|scope| (0..64).for_each(|at| drop(scope.spawn(move || one(at)))));
        let mut seen = site.application.seen();
        seen.sort_unstable_by_key(|head| head.split_once('/').map(|(_, at)| at.to_owned()));
        assert_eq!(seen.len(), 64, "{kind:?}: {seen:#?}");
    }
}

#[test]
fn fwd_11_no_application_sees_a_token() {
    for (kind, site) in sites() {
        nobody_sees_a_token(kind, &site.proxy, &site.application, &site.log_in("").1);
    }
}

/// Whatever else stands in the cookies of a browser, the application gets none of these two.
pub fn nobody_sees_a_token(kind: Kind, proxy: &Proxy, application: &Application, [main, wide]: &[String; 2]) {
    let (secrets, usm) = ([main, wide].map(|cookie| cookie.split_once('=').expect("a value").1.to_owned()), "usm=0123; usm-wide=4567");
    for (cookies, left) in [
        (&[wide.clone()][..], Some("")),
        (&[format!("{main}; {wide}")], Some("")),
        (&[format!("theme=dark; {wide}")], Some("theme=dark")),
        (&[format!("{wide}; theme=dark")], Some("theme=dark")),
        (&[format!("a=1; {main}; b=2; {wide}; c=3")], Some("a=1; b=2; c=3")),
        (&[format!("a=1;{main};b=2;{wide};c=3")], Some("a=1;b=2;c=3")),
        (&[format!("{main}; {wide}; musm=1; usmx=2; a=usm")], Some("musm=1; usmx=2; a=usm")),
        (&[format!("{main}; a=1"), format!("b=2; {wide}")], None),
        (&[format!("{main}; {wide}; {usm}; a=1")], None),
        (&[format!("{main}; {wide}; {wide}; {wide}")], None),
        (&[format!("{main}; __secure-USM-wide={}", secrets[1])], None),
        (&[format!("{main};\t__Secure-usm-wide={}", secrets[1])], None),
        (&[format!("{main}, {wide}"), main.clone()], None),
    ] {
        let before = application.seen().len();
        let headers: Vec<_> = cookies.iter().map(|cookies| format!("Cookie: {cookies}")).collect();
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let answer = exchange(&proxy.address, &request("GET /", APP, &headers, "")).expect("the proxy answers");
        let seen = application.seen()[before..].concat();
        assert!(answer.status == 200 || (left.is_none() && answer.status == 401), "{kind:?} {cookies:?}: {}", answer.body);
        assert!(!secrets.iter().any(|secret| seen.contains(&**secret)), "{kind:?} {cookies:?}: {seen}");
        if let Some(left) = left {
            assert_eq!(fields(&seen, "cookie").concat(), left, "{kind:?} {cookies:?}");
        }
    }
}

#[test]
fn fwd_12_the_cookie_of_the_domain_opens_no_page_of_ours() {
    for (kind, site) in sites() {
        let (_, [main, wide]) = site.log_in("");
        for (cookie, status) in [(&main, 200), (&wide, 303)] {
            assert_eq!(site.send("GET /me", SESSIONS, &[&format!("Cookie: {cookie}")], "").status, status, "{kind:?}");
        }
        let out = site.send("POST /sign-out", SESSIONS, &["Origin: https://sessions.example.org", &format!("Cookie: {main}")], "");
        assert_eq!((out.status, fields(&out.head, "set-cookie").len()), (303, 2), "{kind:?}");
        assert_eq!(site.get("/", &[&format!("Cookie: {wide}")]).status, 401, "{kind:?}");
    }
}

#[test]
fn aud_06_no_log_of_a_proxy_holds_a_query() {
    for (kind, site) in sites() {
        let cookie = site.wide_cookie();
        let with = ["Referer: https://app.example.org/?who=secret", &cookie];
        site.get("/there?who=secret", &with);
        site.get("/away?who=secret", &[NAVIGATION]);
        site.send("GET /sessions?who=secret", SESSIONS, &with, "");
        let Site { proxy, application, server, world } = site;
        server.kill();
        for host in [APP, SESSIONS] {
            exchange(&proxy.address, &request("GET /failed?who=secret", host, &with, "")).expect("an answer");
        }
        drop((proxy, application));
        let logs: Vec<_> =
            ["usm.log", "usm-error.log", "proxy.out"].iter().filter_map(|log| std::fs::read_to_string(world.path(log)).ok()).collect();
        let logs = logs.concat();
        for path in ["/there", "/away", "/sessions", "/failed"] {
            assert!(logs.contains(path), "{kind:?}: the log tells of {path}: {logs}");
        }
        let token = cookie.split_once("wide=").expect("a token").1;
        assert!(!logs.contains("secret") && !logs.contains(token), "{kind:?}: {logs}");
    }
}
