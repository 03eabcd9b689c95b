//! A running server, and the command line as the second process on its file.

use crate::world::{Server, World, ask, exchange, request, soon};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
};

/// A running server with `admin` and `nate`, and their passwords.
fn running() -> (World, Server, String) {
    let world = World::new();
    let server = world.serve(&[]);
    let first = std::fs::read_to_string(world.path("data/first-sign-in")).expect("the file");
    let password = first.trim().strip_prefix("admin ").expect("name and password").to_owned();
    world.ok_with(&["account", "create", "nate"], "correct horse\n");
    (world, server, password)
}

#[test]
fn aut_15_the_first_administrators_password_is_random_and_in_a_private_file() {
    let (world, server, password) = running();
    let file = std::fs::metadata(world.path("data/first-sign-in")).expect("the file");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert!(server.printed.contains("data/first-sign-in") && !server.printed.contains(&password), "{}", server.printed);
    let admin = server.log_in("admin", &password).expect("the first administrator logs in");
    assert_eq!(server.status("/sessions", &admin), 200);
    assert_ne!(running().2, password);
    // There is one now: the next start makes no other.
    assert_eq!(server.terminate(), Some(0));
    std::fs::remove_file(world.path("data/first-sign-in")).expect("removed");
    drop(world.serve(&[]));
    assert!(!world.path("data/first-sign-in").exists());
}

#[test]
fn what_the_command_line_ends_is_out_at_the_next_request() {
    let (world, server, _) = running();
    let nate = server.log_in("nate", "correct horse").expect("nate logs in");
    assert_eq!(server.status("/me", &nate), 200);

    let said = world.ok(&["session", "end", "--user-name", "=nate", "--dry-run"]);
    assert!(said.contains("nate") && said.contains("Nothing was ended"), "{said}");
    assert_eq!(server.status("/me", &nate), 200);

    assert_eq!(world.ok(&["session", "end", "--user-name", "=nate", "--reason", "phishing"]), "Ended 1 session of 1 user.\n");
    assert_eq!(server.status("/me", &nate), 303);
    assert!(server.log_in("nate", "correct horse").is_some(), "an End disables nobody");
}

#[test]
fn a_name_cannot_drive_the_operators_terminal() {
    let (world, server, _) = running();
    let name = "eve\u{1b}[2J";
    world.ok_with(&["account", "create", "eve", "--sis"], "correct horse\n");
    // Nobody gets such a name any more; a database may hold one.
    world.change("update accounts set user_name = 'eve\u{1b}[2J', user_name_key = 'eve\u{1b}[2j' where user_name = 'eve'");
    server.log_in("eve%1B%5B2J", "correct horse").expect("logged in");
    let said = world.ok(&["session", "end", "--user-name", "eve", "--dry-run"]);
    assert!(said.contains("they hold the role SIS: eve\u{fffd}[2J.") && !said.contains('\u{1b}'), "{said:?}");
    let said = world.ok(&["account", "disable", name]);
    assert_eq!(said, "eve\u{fffd}[2J is disabled, 1 session ended.\n");
}

#[test]
fn who_is_disabled_at_the_command_line_is_out_and_stays_out() {
    let (world, server, _) = running();
    let nate = server.log_in("nate", "correct horse").expect("nate logs in");
    assert_eq!(world.ok(&["account", "disable", "nate"]), "nate is disabled, 1 session ended.\n");
    assert_eq!(server.status("/me", &nate), 303);
    assert!(server.log_in("nate", "correct horse").is_none());
    world.ok(&["account", "enable", "nate"]);
    assert_eq!(server.status("/me", &nate), 303, "what ended stays ended");
    assert!(server.log_in("nate", "correct horse").is_some());
}

#[test]
fn a_new_password_ends_what_the_old_one_began() {
    let (world, server, _) = running();
    let nate = server.log_in("nate", "correct horse").expect("nate logs in");
    world.ok_with(&["account", "set-password", "nate"], "battery staple\n");
    assert_eq!(server.status("/me", &nate), 303);
    assert!(server.log_in("nate", "correct horse").is_none());
    assert!(server.log_in("nate", "battery staple").is_some());
}

#[test]
fn the_list_of_a_running_server_follows_the_command_line() {
    let (world, server, password) = running();
    let admin = server.log_in("admin", &password).expect("the administrator logs in");
    server.log_in("nate", "correct horse").expect("nate logs in");
    soon("nate is listed", || server.page("/sessions", &admin).contains("Select nate\""));
    world.ok(&["session", "end", "--all"]);
    soon("nate is gone", || !server.page("/sessions", &admin).contains("Select nate\""));
    assert_eq!(server.status("/sessions", &admin), 200, "the role SIS is left out unless asked for");
    assert_eq!(world.ok(&["session", "end", "--all", "--except-role", "none"]), "Ended 1 session of 1 user.\n");
    assert_eq!(server.status("/sessions", &admin), 303);
}

#[test]
fn a_stopped_server_leaves_with_0_and_one_whole_file() {
    let (world, server, _) = running();
    let nate = server.log_in("nate", "correct horse").expect("nate logs in");
    assert_eq!(server.terminate(), Some(0));
    assert!(!world.path("data/usm.db-wal").exists(), "the log is folded in");
    assert!(world.ok(&["check"]).contains("2 accounts, 1 session"));
    // Another port is another address, but the session is the same.
    let server = world.serve(&[]);
    assert_eq!(server.status("/me", &nate), 200);
}

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let world = World::new();
    world.serve(&[]);
    let server = world.serve_unheard();
    for _ in 0..3 {
        assert_eq!(server.status("/sign-in", ""), 200);
        assert_eq!(server.log_in("admin", "wrong"), None);
    }
}

#[test]
fn a_site_that_cannot_bring_the_pages_to_life_is_told_at_the_start() {
    let world = World::new();
    for (site, files) in [
        ("empty", &[][..]),
        ("hashed", &["usm.0123456789abcdef.js", "usm.0123456789abcdef.wasm", "usm.0123456789abcdef.css"]),
        ("plain", &["usm.js", "usm.wasm", "usm.css"]),
        ("no style", &["usm.js", "usm.wasm"]),
    ] {
        std::fs::create_dir_all(world.path(site).join("pkg")).expect("a folder");
        for file in files {
            std::fs::write(world.path(site).join("pkg").join(file), "").expect("a file");
        }
    }
    for (site, hashed, says) in [
        ("nowhere", "false", "set LEPTOS_SITE_ROOT to the site that `cargo xtask build` made"),
        ("empty", "true", "set LEPTOS_SITE_ROOT to the site that `cargo xtask build` made"),
        ("hashed", "false", "set LEPTOS_HASH_FILES=true"),
        ("hashed", "true", "copy the hash.txt of that site beside usm"),
        ("no style", "false", "has no usm.css, which the pages ask for"),
        ("plain", "false", ""),
    ] {
        let server = world.serve_with(&[], &[("LEPTOS_SITE_ROOT", site), ("LEPTOS_HASH_FILES", hashed)]);
        soon("it serves", || server.logged().iter().any(|line| line.contains("serving")));
        let warnings: Vec<_> = server.logged().into_iter().filter(|line| line.contains("WARN")).collect();
        assert_eq!(warnings.len(), usize::from(!says.is_empty()), "{site}, {hashed}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains(says) && warning.contains(site)), "{site}, {hashed}: {warnings:?}");
        assert_eq!(server.status("/sign-in", ""), 200, "it serves nevertheless");
    }
}

#[test]
fn what_is_no_proper_header_names_nobody_and_no_host() {
    let world = World::new();
    let server = world.serve(&["--trusted-proxies", "127.0.0.1"]);
    let host = &*server.address;
    for (path, headers, status) in [
        ("/me", format!("Host: {host}\r\nX-Other: 1\r\n folded"), 400),
        ("/me", format!("Host: {host}\r\n\tfolded"), 400),
        ("/me", format!("Host: {host}\rX-Other: 1"), 400),
        ("/me", format!("Host: {host}\nHost: other"), 421),
        ("/me", format!("Host : {host}"), 400),
        ("/me", "X-Other: 1".into(), 421),
        ("/me", format!("Host: {host}é"), 421),
        ("/me", format!("Host: é{host}"), 421),
        ("/me", format!("Host: {host}, {host}"), 421),
        ("/auth/verify", format!("Host: {host}\r\nX-Forwarded-Host: app\rother"), 400),
        ("/auth/verify", format!("Host: {host}\r\nX-Forwarded-Host: app\r\n other"), 400),
        ("/auth/verify", format!("Host: {host}\r\nX-Forwarded-Host: é.example.org\r\nX-Forwarded-Uri: /"), 401),
        ("/auth/verify", format!("Host: {host}\r\nX-Forwarded-Proto: httpsé\r\nX-Forwarded-Uri: /é"), 401),
        ("/auth/verify", format!("Host: {host}\r\nCookie: usm=é"), 401),
    ] {
        let answer = exchange(host, &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n")).expect("an answer");
        assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.head);
    }
    assert_eq!(server.status("/sign-in", ""), 200, "it serves on");
}

#[test]
fn a_monitor_reads_what_the_node_does_on_an_address_of_its_own() {
    let world = World::new();
    let monitor = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").to_string();
    let server = world.serve(&["--metrics-listen", &monitor]);
    world.ok_with(&["account", "create", "nate"], "correct horse\n");
    let figure = |name: &str| -> f64 {
        let page = ask(&monitor, "GET", "/metrics", "", "").expect("an answer").body;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().expect("a number")
    };
    let is = |name: &str, number: u32| (figure(name) - f64::from(number)).abs() < 0.1;
    soon("the account is known", || is("usm_accounts", 2));
    let nate = server.log_in("nate", "correct horse").expect("nate logs in");
    assert!(server.log_in("nate", "wrong").is_none());
    assert_eq!(server.status("/auth/verify", &nate), 200);
    soon("the session is listed", || is("usm_sessions", 1));
    // A page that vanishes without a word leaves nothing.
    let mut page = TcpStream::connect(&server.address).expect("a connection");
    page.write_all(request(&server.address, "GET", "/live", &nate, "").as_bytes()).expect("sent");
    soon("the page is open", || is("usm_open_pages", 1));
    drop(page);
    soon("the page is gone", || is("usm_open_pages", 0));
    world.ok_with(&["account", "create", "boss", "--sis"], "correct horse\n");
    let boss = server.log_in("boss", "correct horse").expect("boss logs in");
    let end = |account: u32| server.ask("POST", "/api/sessions/end", &boss, &format!(r#"{{"target":{{"account":{account}}}}}"#)).status;
    assert_eq!((end(2), end(99)), (200, 404));
    assert_eq!(server.status("/auth/verify", &nate), 401);
    soon("the end is counted", || is("usm_sessions_ended_total", 1) && is("usm_sessions", 1));
    for (name, least) in [
        (r#"usm_sign_ins_total{result="done"}"#, 1.0),
        (r#"usm_sign_ins_total{result="refused"}"#, 1.0),
        (r#"usm_acts_total{act="end",result="done"}"#, 1.0),
        (r#"usm_acts_total{act="end",result="refused"}"#, 1.0),
        (r#"usm_session_checks_total{result="valid"}"#, 1.0),
        (r#"usm_session_checks_total{result="over"}"#, 1.0),
        (r#"usm_request_seconds_count{status="2xx"}"#, 1.0),
        ("usm_list_follows", 1.0),
        ("usm_database_connections", 1.0),
    ] {
        assert!(figure(name) >= least, "{name}: {}", figure(name));
    }
    assert!(figure("usm_list_behind_seconds") < 2.0 && is("usm_passwords", 0));
    // Not where everybody asks.
    assert_eq!(server.status("/metrics", ""), 404);
    let sentence = world.refused(1, &["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &monitor]);
    assert!(sentence.contains(&monitor) && sentence.contains("another with --metrics-listen"), "{sentence}");
}

#[tokio::test]
async fn a_restored_copy_of_the_file_is_served_and_what_was_ended_since_is_ended_again() {
    let (world, server, _) = running();
    world.ok_with(&["account", "create", "zoe"], "correct horse\n");
    let [nate, zoe] = ["nate", "zoe"].map(|name| server.log_in(name, "correct horse").expect("in"));
    // As `sqlite3 data/usm.db "vacuum into 'copy.db'"` does it, while the server runs.
    let options = SqliteConnectOptions::new().filename(world.path("data/usm.db"));
    let mut file = options.connect().await.expect("a connection");
    let copy = world.path("copy.db");
    sqlx::query("vacuum into $1").bind(copy.to_str().expect("a plain path")).execute(&mut file).await.expect("a copy");
    world.ok(&["session", "end", "--user-name", "=nate"]);
    assert_eq!((server.status("/auth/verify", &nate), server.status("/auth/verify", &zoe)), (401, 200));
    assert_eq!(server.terminate(), Some(0));
    let copy = ["--database-url", "sqlite://copy.db"];
    let restored = world.serve(&copy);
    assert_eq!((restored.status("/auth/verify", &nate), restored.status("/auth/verify", &zoe)), (200, 200));
    let sweep = ["session", "end", "--all", "--except-role", "none", "--reason", "restored"];
    assert_eq!(world.ok(&[&sweep[..], &copy].concat()), "Ended 2 sessions of 2 users.\n");
    assert_eq!((restored.status("/auth/verify", &nate), restored.status("/auth/verify", &zoe)), (401, 401));
}
