//! Accounts and sessions at the command line, without a server.

use crate::world::World;

/// A database with its first administrator, and nobody else.
fn world() -> World {
    let world = World::new();
    assert_eq!(world.serve(&[]).terminate(), Some(0));
    world
}

/// The line of an account in the list, its columns joined by single spaces.
fn listed(world: &World, user_name: &str) -> String {
    let list = world.ok(&["account", "list", "--time-zone", "America/Chicago"]);
    let line = list.lines().find(|line| line.split_whitespace().next() == Some(user_name));
    line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_account_is_created_listed_disabled_and_enabled() {
    let world = world();
    let out = world.ok_with(&["account", "create", "natetest", "--last-name", "Test", "--first-name", "Fake"], "correct horse\n");
    assert_eq!(out, "Created natetest.\n");
    assert_eq!(listed(&world, "natetest"), "natetest Test Fake Can log in 0");

    assert_eq!(world.ok(&["account", "disable", "NateTest", "--reason", "phishing"]), "NateTest is disabled, 0 sessions ended.\n");
    assert_eq!(listed(&world, "natetest"), "natetest Test Fake Disabled 0");
    assert_eq!(world.ok(&["account", "disable", "natetest"]), "natetest was disabled already.\n");

    assert_eq!(world.ok(&["account", "enable", "natetest"]), "natetest can log in again with the same password.\n");
    assert_eq!(world.ok(&["account", "enable", "natetest"]), "natetest was not disabled.\n");
    assert_eq!(world.ok(&["account", "grant", "natetest", "sis"]), "natetest now holds the role SIS.\n");
    assert_eq!(world.ok(&["account", "grant", "natetest", "SIS"]), "natetest already holds the role SIS.\n");
    assert_eq!(world.ok(&["account", "revoke", "natetest", "SIS"]), "natetest no longer holds the role SIS.\n");
    assert_eq!(world.ok(&["account", "revoke", "natetest", "SIS"]), "natetest does not hold the role SIS.\n");
    assert_eq!(world.ok(&["account", "grant", "natetest", "SIS"]), "natetest now holds the role SIS.\n");
    assert_eq!(listed(&world, "natetest"), "natetest Test Fake SIS Can log in 0");
    world.ok_with(&["account", "create", "kruiz", "--sis"], "correct horse\n");
    assert_eq!(listed(&world, "kruiz"), "kruiz SIS Can log in 0");
}

#[test]
fn an_account_without_a_password_says_so_until_it_gets_one() {
    let world = world();
    world.ok(&["account", "create", "nate", "--no-password"]);
    assert_eq!(listed(&world, "nate"), "nate No password set 0");
    world.ok(&["account", "disable", "nate"]);
    assert_eq!(world.ok(&["account", "enable", "nate"]), "nate is enabled again, but has no password set.\n");
    assert_eq!(world.ok_with(&["account", "set-password", "nate"], "correct horse\n"), "Set the password of nate, 0 sessions ended.\n");
    assert_eq!(listed(&world, "nate"), "nate Can log in 0");
}

#[test]
fn what_accounts_refuse_is_one_sentence() {
    let world = world();
    let refused = |arguments: &[&str], input: &str| world.refused_with(1, arguments, &[], input);
    assert!(refused(&["account", "disable", "nobody"], "").contains("There is no account nobody"));
    assert!(refused(&["account", "set-password", "nobody"], "x\n").contains("There is no account nobody"));
    assert!(refused(&["account", "create", "ADMIN"], "correct horse\n").contains("There is already an account"));
    assert!(refused(&["account", "create", "nate"], "").contains("There is no password on standard input"));
    assert!(refused(&["account", "create", "nate"], "\n").contains("There is no password on standard input"));
    assert!(refused(&["account", "create", "nate"], &"x".repeat(1_025)).contains("at most 1,024 bytes"));
    assert!(refused(&["account", "create", " ", "--no-password"], "").contains("user name"));
    assert!(refused(&["account", "create", "na\nte", "--no-password"], "").contains("user name of at most 128 characters"));
    assert!(refused(&["account", "create", "nate", "--last-name", &"x".repeat(129), "--no-password"], "").contains("Give a last name of"));
    assert!(refused(&["account", "create", "nate", "--first-name", "\u{1b}[2J", "--no-password"], "").contains("Give a first name of"));
    assert!(refused(&["account", "disable", "admin"], "").contains("Give the role to another account first"));
    assert!(refused(&["account", "revoke", "admin", "SIS"], "").contains("Give the role to another account first"));
    assert!(refused(&["account", "disable", "admin", "--reason", &"x".repeat(501)], "").contains("at most 500 characters"));
    assert_eq!(listed(&world, "nate"), "");
    assert_eq!(listed(&world, "admin"), "admin SIS Can log in 0");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let world = world();
    world.change("update schema set oldest_binary = 999");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["account", "list"]] {
        let sentence = world.refused(1, arguments);
        assert!(sentence.contains("newer version"), "usm {arguments:?} says: {sentence}");
    }
}

#[test]
fn check_says_what_it_looked_at_and_finds_damage() {
    let world = world();
    let said = world.ok(&["check", "--time-zone", "America/Chicago", "--public-url", "https://usm.example.org"]);
    assert!(said.contains("https://usm.example.org on 127.0.0.1:3000, time zone America/Chicago"), "{said}");
    assert!(said.contains("data/usm.db is whole: 1 account, 0 sessions"), "{said}");

    let file = world.path("data/usm.db");
    let mut bytes = std::fs::read(&file).expect("the database");
    // The header stays, the tables become noise.
    bytes[8_192..].fill(0x5a);
    std::fs::write(&file, bytes).expect("written");
    let sentence = world.refused(1, &["check"]);
    assert!(sentence.contains("data/usm.db"), "{sentence}");
}
