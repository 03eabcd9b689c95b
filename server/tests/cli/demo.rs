//! `usm demo`: a district that is the same for the same seed, with passwords that are not.

use crate::world::World;
use std::{collections::HashMap, os::unix::fs::PermissionsExt as _, path::Path};

const SMALL: [&str; 5] = ["demo", "--accounts", "300", "--sessions", "60"];

/// Each account up to its log-in status: log-in times and sessions belong to the day.
fn accounts(world: &World) -> Vec<String> {
    let statuses = ["Can log in", "No password set", "Disabled"];
    let until_status = |line: &str| {
        let end = statuses.iter().find_map(|status| Some(line.find(status)? + status.len())).expect("a status");
        line[..end].to_owned()
    };
    world.ok(&["account", "list"]).lines().skip(1).map(until_status).collect()
}

fn sessions(world: &World) -> u32 {
    let list = world.ok(&["session", "list"]);
    let totals = list.lines().last().expect("totals");
    totals.split("· ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|number| number.parse().ok()).expect("a number")
}

fn passwords(world: &World) -> HashMap<String, String> {
    let text = std::fs::read_to_string(world.path("data/demo-sign-in.txt")).expect("the file");
    text.lines()
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            (words[1].to_owned(), words[4].to_owned())
        })
        .collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn aut_15_the_same_seed_gives_the_same_people_and_other_passwords() {
    let (one, two, other) = (World::new(), World::new(), World::new());
    one.ok(&SMALL);
    two.ok(&SMALL);
    other.ok(&[&SMALL[..], &["--seed", "2"]].concat());
    let people = accounts(&one);
    assert_eq!(people.len(), 300);
    assert_eq!(people, accounts(&two));
    assert_ne!(people, accounts(&other));
    assert_eq!(people.iter().filter(|person| person.contains("Can log in")).count(), 2, "nobody else has a password");

    let (one_has, two_has) = (passwords(&one), passwords(&two));
    assert_eq!(one_has.len(), 2);
    for user_name in ["admin01", "nate.miller"] {
        assert_ne!(one_has[user_name], two_has[user_name], "{user_name}");
    }
    assert_eq!(mode(&one.path("data/demo-sign-in.txt")), 0o600);
    assert_eq!(mode(&one.path("data/usm.db")), 0o600);
}

#[test]
fn the_people_of_the_walkthrough_are_there() {
    let world = World::new();
    let said = world.ok(&SMALL);
    assert_eq!(said, "300 accounts, 60 active sessions in data/usm.db; passwords in data/demo-sign-in.txt\n");
    let nates = world.ok(&["session", "list", "--user-name", "nate"]);
    let rows: Vec<_> = nates.lines().map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).collect();
    for row in ["nate.miller Miller Nathan", "natetest Test Fake"] {
        assert!(rows.iter().any(|listed| listed == row), "{nates}");
    }
}

#[test]
fn a_demo_is_topped_up_but_its_people_stay() {
    let world = World::new();
    world.ok(&SMALL);
    let (people, had) = (accounts(&world), passwords(&world));
    assert_eq!(sessions(&world), 60);
    world.ok(&["session", "end", "--all", "--except-role", "none"]);
    assert_eq!(sessions(&world), 0);
    world.ok(&SMALL);
    assert_eq!((sessions(&world), accounts(&world)), (60, people));
    assert_eq!(passwords(&world), had);
    // More is asked for, less is not taken away.
    world.ok(&["demo", "--accounts", "300", "--sessions", "90"]);
    assert_eq!(sessions(&world), 90);
    world.ok(&SMALL);
    assert_eq!(sessions(&world), 90);
}

#[test]
fn a_lost_file_of_passwords_is_made_anew() {
    let world = World::new();
    world.ok(&SMALL);
    let had = passwords(&world);
    std::fs::remove_file(world.path("data/demo-sign-in.txt")).expect("removed");
    world.ok(&SMALL);
    let server = world.serve(&[]);
    let has = passwords(&world);
    assert!(server.log_in("admin01", &had["admin01"]).is_none());
    assert!(server.log_in("admin01", &has["admin01"]).is_some());
}

#[test]
fn a_database_of_real_people_never_becomes_a_demo() {
    let world = World::new();
    assert_eq!(world.serve(&[]).terminate(), Some(0));
    let sentence = world.refused(1, &SMALL);
    assert!(sentence.contains("no demo's") && sentence.contains("--database-url"), "{sentence}");
    let sentence = world.refused(2, &["serve", "--listen", "127.0.0.1:0", "--demo-traffic"]);
    assert!(sentence.contains("--demo-traffic is for a demo database"), "{sentence}");
}

#[test]
fn fs_03_a_demo_is_served_on_this_machine_only_and_prints_its_passwords() {
    let world = World::new();
    world.ok(&SMALL);
    for arguments in [
        &["serve", "--listen", "0.0.0.0:0", "--public-url", "https://usm.example.org"][..],
        &["serve", "--listen", "0.0.0.0:0", "--public-url", "http://usm.example.org", "--allow-plain-http"],
    ] {
        let sentence = world.refused(2, arguments);
        assert!(sentence.contains("is a demo"), "{sentence}");
    }
    let server = world.serve(&["--demo-traffic"]);
    let has = passwords(&world);
    for user_name in ["admin01", "nate.miller"] {
        assert!(server.printed.contains(&format!("{user_name} / password {}", has[user_name])), "{}", server.printed);
    }
    let teacher = server.log_in("nate.miller", &has["nate.miller"]).expect("the teacher logs in");
    assert_eq!((server.status("/me", &teacher), server.status("/sessions", &teacher)), (200, 403));
    assert_eq!(server.terminate(), Some(0));
}
