//! What is asked wrongly or cannot be done: one sentence, exit status 2 or 1, nothing made.

use crate::world::World;
use std::net::TcpListener;

#[test]
fn every_command_has_help() {
    let world = World::new();
    let mut commands = vec![String::new()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = world.ok(&arguments);
        assert!(help.contains("Usage: usm"), "{command}: {help}");
        let listed = help.split("Commands:\n").nth(1).unwrap_or_default().lines().take_while(|line| line.starts_with("  "));
        let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
        commands.extend(names.map(|name| format!("{command} {name}")));
        seen += 1;
    }
    assert_eq!(seen, 16, "usm, its 6 commands, 7 of account, 2 of session");
    assert_eq!(world.ok(&["version"]), concat!("usm ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(world.ok(&["--version"]), world.ok(&["version"]));
}

#[test]
fn a_wrong_question_is_refused_with_2_and_the_way_to_the_help() {
    let world = World::new();
    for (arguments, says) in [
        (&[][..], "`usm --help`"),
        (&["account"], "`usm account --help`"),
        (&["serve", "--lisen", "127.0.0.1:1"], "Unexpected argument '--lisen'"),
        (&["serve", "--lisen"], "`usm serve --help`"),
        (&["frobnicate"], "'frobnicate'"),
        (&["serve", "--listen", "here"], "write it like 127.0.0.1:3000"),
        (&["serve", "--time-zone", "Mars/Olympus"], "it is no IANA time zone"),
        (&["serve", "--idle-timeout", "soon"], "write it like 60min or 12h"),
        (&["serve", "--session-lifetime", "0s"], "at least 1 second"),
        (&["serve", "--site-name", " "], "1 to 100 characters"),
        (&["serve", "--public-url", "https://u:p@example.org"], "without a path"),
        (&["serve", "--database-url", "postgres://usm@db:port/usm"], "use --database-url postgres://HOST/DATABASE"),
        (&["serve", "--database-wait", "0s"], "at least 1 second"),
        (&["serve", "--database-url", "usm.db"], "use --database-url sqlite://PATH"),
        (&["serve", "--listen", "0.0.0.0:0", "--allow-plain-http"], "say which one with --public-url"),
        (&["demo", "--accounts", "4", "--sessions", "1"], "--accounts"),
        (&["demo", "--accounts", "10", "--sessions", "13"], "at most a quarter more sessions than accounts"),
        (&["demo", "--accounts", "10"], "--sessions"),
        (&["account", "create"], "<USER_NAME>"),
        (&["account", "grant", "nate", "KING"], "'KING'"),
        (&["session", "end"], "--all"),
        (&["session", "end", "--all", "--user-name", "x"], "--all"),
    ] {
        let sentence = world.refused(2, arguments);
        assert!(sentence.contains(says), "usm {arguments:?} says: {sentence}");
    }
    assert!(!world.path("data").exists(), "nothing is made on the way to a refusal");
}

#[test]
fn filters_that_leave_nobody_out_end_nobody_without_all() {
    let world = World::new();
    let end = |filters: &[&'static str]| [&["session", "end"], filters].concat();
    for filters in [
        &["--user-name", "^"][..],
        &["--user-name", "="],
        &["--last-name", "!"],
        &["--first-name", " | ^|="],
        &["--user-name", "\u{301}"],
        &["--created", ">="],
        &["--created", "!"],
        &["--created", "<01/01/2022|>=01/01/2022"],
        &["--count", ">"],
        &["--count", ">0"],
        &["--count", "!0"],
        &["--user-name", "^", "--count", "1-"],
    ] {
        let sentence = world.refused(2, &end(filters));
        assert!(sentence.contains("leave nobody out") && sentence.contains("--all"), "usm session end {filters:?} says: {sentence}");
    }
    for filters in
        [&["--user-name", "^lab", "--last-name", "^"][..], &["--user-name", "!lab"], &["--created", ">01/01/2020"], &["--count", ">1"]]
    {
        let sentence = world.refused(1, &end(filters));
        assert!(sentence.contains("There is no database"), "usm session end {filters:?} says: {sentence}");
    }
    assert!(!world.path("data").exists(), "nothing is made on the way to a refusal");
}

#[test]
fn fs_03_plain_http_off_this_machine_stops_the_start() {
    let world = World::new();
    for arguments in [&["serve", "--listen", "0.0.0.0:0"][..], &["serve", "--public-url", "http://usm.example.org"]] {
        let sentence = world.refused(2, arguments);
        assert!(sentence.contains("--allow-plain-http"), "usm {arguments:?} says: {sentence}");
    }
    assert!(!world.path("data").exists(), "nothing is made on the way to a refusal");
}

#[test]
fn fs_03_proxies_that_could_be_anybody_stop_the_start() {
    let world = World::new();
    for proxies in ["0.0.0.0/0", "::/0", "127.0.0.1,0.0.0.0/1"] {
        let sentence = world.refused(2, &["serve", "--listen", "127.0.0.1:0", "--trusted-proxies", proxies]);
        assert!(sentence.contains("holds strangers") && sentence.contains("name the addresses of your proxies"), "{sentence}");
        let sentence = world.refused_with(2, &["serve"], &[("USM_TRUSTED_PROXIES", proxies)], "");
        assert!(sentence.contains("holds strangers"), "{sentence}");
    }
    assert!(!world.path("data").exists(), "nothing is made on the way to a refusal");
}

#[test]
fn fwd_12_a_cookie_that_would_not_arrive_stops_the_start() {
    let world = World::new();
    let serve = ["serve", "--public-url", "https://sessions.example.org"];
    for (arguments, says) in [
        (&["--cookie-domain", "example.com"][..], "sessions.example.org is no host of the domain example.com"),
        (&["--cookie-domain", "org"], "write it like example.org"),
        (&["--apps", "app.example.org"], "No cookie of sessions.example.org reaches app.example.org"),
        (&["--apps", "app.example.com", "--cookie-domain", "example.org"], "reaches app.example.com"),
        (&["--apps", "http://app.example.org"], "use its https address"),
        (&["--background-paths", "api"], "is no path"),
    ] {
        let sentence = world.refused(2, &[&serve[..], arguments].concat());
        assert!(sentence.contains(says), "usm serve {arguments:?} says: {sentence}");
    }
}

#[test]
fn a_variable_is_an_option_or_refused() {
    let world = World::new();
    let sentence = world.refused_with(2, &["version"], &[("USM_LISTNE", "127.0.0.1:1")], "");
    assert!(sentence.contains("USM_LISTNE is unknown") && sentence.contains("USM_LISTEN,"), "{sentence}");
    let sentence = world.refused_with(2, &["serve"], &[("USM_TIME_ZONE", "nowhere")], "");
    assert!(sentence.contains("IANA"), "{sentence}");
    let sentence = world.refused_with(2, &["serve"], &[("USM_LISTEN", "0.0.0.0:0"), ("USM_ALLOW_PLAIN_HTTP", "no")], "");
    assert!(sentence.contains("--allow-plain-http"), "{sentence}");
}

#[test]
fn a_password_in_an_address_stays_hidden() {
    let world = World::new();
    let url = "postgres://usm:hunter2@127.0.0.1:1/usm";
    for arguments in [&["serve", url][..], &["account", "list", url], &[url]] {
        assert!(!world.refused(2, arguments).contains("hunter2"), "usm {arguments:?}");
    }
    let away = world.refused(1, &["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--database-wait", "1s"]);
    assert!(away.contains("usm on 127.0.0.1:1 cannot be reached") && !away.contains("hunter2"), "{away}");
    let help = world.usm_with(&["serve", "--help"], &[("USM_DATABASE_URL", url)], "");
    assert!(help.out.contains("USM_DATABASE_URL") && !help.out.contains("hunter2"), "{}", help.out);
    assert!(!world.refused_with(1, &["check"], &[("USM_DATABASE_URL", url)], "").contains("hunter2"));
}

/// It would be passed over: a connection would not be checked, or a password stand in the log.
#[test]
fn an_unknown_option_of_an_address_is_refused() {
    let world = World::new();
    for (option, name) in [("ssl_mode=verify-full", "ssl_mode"), ("sslmode=require&pasword=hunter2", "pasword")] {
        let url = format!("postgres://usm@127.0.0.1:1/usm?{option}");
        let sentence = world.refused(2, &["serve", "--listen", "127.0.0.1:0", "--database-url", &url]);
        assert!(sentence.contains(&format!("{name:?}, which there is not")) && !sentence.contains("hunter2"), "{sentence}");
    }
}

#[test]
fn a_port_in_use_is_refused_before_a_database_is_made() {
    let (world, taken) = (World::new(), TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let address = taken.local_addr().expect("its address").to_string();
    let sentence = world.refused(1, &["serve", "--listen", &address]);
    assert!(sentence.contains(&format!("{address} is in use")) && sentence.contains("--listen"), "{sentence}");
    assert!(!world.path("data").exists());
}

#[test]
fn only_serve_and_demo_make_a_database() {
    let world = World::new();
    for arguments in [
        &["account", "list"][..],
        &["account", "create", "nate", "--no-password"],
        &["account", "disable", "nate"],
        &["session", "list"],
        &["session", "end", "--all"],
        &["check"],
    ] {
        let sentence = world.refused(1, arguments);
        assert!(sentence.contains("There is no database at data/usm.db"), "usm {arguments:?} says: {sentence}");
    }
    let sentence = world.refused(2, &["serve", "--listen", "127.0.0.1:0", "--demo-traffic"]);
    assert!(sentence.contains("make one by `usm demo`"), "{sentence}");
    assert!(!world.path("data").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let world = World::new();
    // A file where the folder should be: refused to everybody, to root as well.
    std::fs::write(world.path("data"), "").expect("a file");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["demo", "--accounts", "5", "--sessions", "0"]] {
        let sentence = world.refused(1, arguments);
        assert!(sentence.contains("data/usm.db"), "{sentence}");
    }
}

#[test]
fn what_is_no_database_of_ours_is_refused() {
    let world = World::new();
    std::fs::write(world.path("notes.txt"), "Milk, eggs, a new lock for the side door.\n".repeat(100)).expect("a file");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["account", "list"]] {
        let sentence = world.refused(1, &[arguments, &["--database-url", "sqlite://notes.txt"]].concat());
        assert!(sentence.contains("notes.txt is not a database"), "{sentence}");
    }
}
