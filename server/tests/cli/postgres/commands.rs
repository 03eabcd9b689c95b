//! The command line on PostgreSQL.

use crate::world::World;
use private_postgres::Postgres;

/// What the commands print on one database.
fn told(world: &World, url: &str) -> Vec<String> {
    let usm = |arguments: &[&str], input: &str| {
        let done = world.usm_with(arguments, &[("USM_DATABASE_URL", url)], input);
        assert_eq!(done.status, 0, "{arguments:?}: {}", done.err);
        done.out
    };
    // Log-in times are the day's, and where the passwords are is the database's.
    let people = |list: String| {
        let statuses = ["Can log in", "No password set", "Disabled"];
        let end = |line: &str| statuses.iter().find_map(|status| Some(line.find(status)? + status.len())).unwrap_or(0);
        list.lines().map(|line| line[..end(line)].to_owned()).collect::<Vec<_>>().join("\n")
    };
    let made = usm(&["demo", "--accounts", "300", "--sessions", "60", "--seed", "5"], "");
    assert!(made.starts_with("300 accounts, 60 active sessions in "), "{made}");
    usm(&["account", "create", "zoe", "--last-name", "Ruiz"], "correct horse\n");
    usm(&["account", "disable", "nate.miller"], "");
    // Timestamps are the hour's.
    let last = |list: String| list.lines().last().expect("a line").to_owned();
    let dry = usm(&["session", "end", "--user-name", "natetest", "--dry-run"], "");
    let ended = usm(&["session", "end", "--user-name", "natetest"], "");
    let checked = usm(&["check"], "");
    let (_, whole) = checked.split_once(" is whole: ").or_else(|| checked.split_once(" answers: ")).unwrap_or_else(|| panic!("{checked}"));
    let whole = whole.to_owned();
    vec![people(usm(&["account", "list"], "")), last(dry), ended, last(usm(&["session", "list"], "")), whole]
}

#[test]
fn the_command_line_says_and_does_the_same_on_both_databases() {
    let (here, there, postgres) = (World::new(), World::new(), Postgres::start().expect("PostgreSQL starts"));
    postgres.sql("postgres", "create database usm").expect("a database");
    let on_postgres = told(&there, &postgres.url("usm"));
    assert!(on_postgres[0].contains("zoe"), "{}", on_postgres[0]);
    assert_eq!(on_postgres, told(&here, "sqlite://data/usm.db"));
}
