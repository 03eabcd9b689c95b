//! `test`, `soak`, `lint`, `e2e`, `screenshots` and `bench`.

use crate::{
    Done, Steps,
    postgres::{self, DATABASES},
    run::{RELEASE_STEPS, release},
    site::{Kind, Site},
    tools::{WASM, cargo, chromium, install, npx, output, proxies, sh, target_dir},
};
use std::{path::Path, process::Command};

pub const LINT_STEPS: usize = 6;
pub const BROWSER_STEPS: usize = 5;
/// What belongs to the server and may never reach the browser.
const NOT_IN_THE_BROWSER: [&str; 5] = ["sqlx", "tokio", "axum", "argon2", "jiff"];
const TESTED: [&str; 6] = ["-p", "app", "-p", "server", "--features", "app/ssr"];
const SERVER: [&str; 4] = ["-p", "server", "--features", "app/ssr"];

/// Tests of what only a SQLite file has or does, and those that ask no database.
const ABOUT_FILES: [&str; 11] = [
    "directory_windows::",
    "fs_01_a_locked_database",
    "fs_01_an_unreadable_database",
    "web_02_safe_requests_change_nothing",
    "fs_01_a_full_disk_refuses_every_write",
    "whoever_reads_slowly_lets_the_write_ahead_log",
    "very_many_time_outs_leave_another_process_its_turn",
    "only_a_database_of_ours_is_opened",
    "a_new_database_is_its_owners_only",
    "a_newer_database_is_refused_in_one_sentence",
    "plans_of_an_older_program_are_brought_into_parts",
];

/// Tests of what only a PostgreSQL server has or does.
const ABOUT_SERVERS: &str = "postgres::";

/// Everything that a commit must pass.
pub fn test() -> Done {
    let mut steps = Steps::of(LINT_STEPS + 3 + BROWSER_STEPS);
    lint(&mut steps)?;
    steps.step("What is missing: nginx, Caddy and HAProxy (20 s, once)", proxies)?;
    steps.step("Rust tests (2 min on two cores when nothing is built yet)", rust_tests)?;
    steps.step("The same on PostgreSQL (2 min on two cores)", postgres_tests)?;
    // By the server that they tested: built for itself it has other features, and all its crates would be built once more.
    browser_tests(&mut steps, Server::Tested, &[])
}

/// Where the browser tests have their server from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Built by the Rust tests just now.
    Tested,
    /// Built for this.
    Built,
}

/// What can be seen without running the product.
pub fn lint(steps: &mut Steps) -> Done {
    steps.step("What is missing: WASM target, npm packages (10 s, once)", install)?;
    steps.step("Format", || sh(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.step("Clippy (3 min on two cores when nothing is built yet)", || {
        sh(cargo(&["clippy", "--quiet", "--all-targets"]).args(TESTED).args(["--", "-D", "warnings"]))?;
        sh(&mut cargo(&["clippy", "--quiet", "-p", "frontend", "--target", WASM, "--", "-D", "warnings"]))?;
        sh(&mut cargo(&["clippy", "--quiet", "--all-targets", "-p", "xtask", "-p", "private-postgres", "--", "-D", "warnings"]))
    })?;
    steps.step("Documentation", || {
        sh(cargo(&["doc", "--quiet", "--no-deps", "--document-private-items"])
            .args(TESTED)
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
    })?;
    steps.step("Types of the browser tests", || sh(&mut npx(&["tsc", "--noEmit", "--project", "."])))?;
    steps.step("Nothing of the server in the browser's tree", browser_tree)
}

fn browser_tree() -> Done {
    let tree = output(&mut cargo(&["tree", "-p", "frontend", "--target", WASM, "--edges", "normal", "--prefix", "none"]))?;
    let names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    if !names.contains(&"leptos") {
        return Err("cargo tree of the browser code lists no leptos: the check sees nothing.".into());
    }
    let found: Vec<_> = NOT_IN_THE_BROWSER
        .into_iter()
        .filter(|banned| names.iter().any(|name| name == banned || name.starts_with(&format!("{banned}-"))))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(format!("{} must not be in the browser's tree.", found.join(", ")).into()) }
}

fn rust_tests() -> Done {
    sh(tests().args(TESTED).args(["--", "--skip", ABOUT_SERVERS]))?;
    // Those of modules of that name in the product ask no server.
    sh(tests().args(SERVER).args(["--lib", "--", ABOUT_SERVERS]))?;
    sh(tests().args(["-p", "xtask"]))
}

fn tests() -> Command {
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    cargo(if nextest { &["nextest", "run"] } else { &["test"] })
}

/// What the store and the router are asked, of a PostgreSQL server; of the store, and of log-ins that race, also where transactions are isolated
/// otherwise.
fn postgres_tests() -> Done {
    let postgres = postgres::start()?;
    for (database, _) in DATABASES {
        let mut tests = tests();
        tests.args(SERVER).args(["--test", "it", "--"]).env("USM_TEST_POSTGRES", postgres.url(database));
        if database != "usm" {
            tests.args(["store_", ABOUT_SERVERS, "rev_03"]);
        }
        sh(tests.args(ABOUT_FILES.iter().flat_map(|test| ["--skip", test])))?;
    }
    drop(postgres);
    // Each of these has a server and nodes of its own, and measures how quickly they answer: one by one.
    let mut tests = tests();
    tests.args(SERVER).args(["--test", "cli", "--", ABOUT_SERVERS]);
    sh(tests.env("NEXTEST_TEST_THREADS", "1").env("RUST_TEST_THREADS", "1"))
}

/// Many operations on three nodes that are killed again and again, on a database that restarts, and what of it contradicts *ended means ended*;
/// then twenty restarts of the database and ten minutes of killed nodes under load; and the races of log-ins and activity with ends, 10,000 rounds
/// of each at the store and 500 over HTTP, on both databases; then ten minutes of writes while somebody exports slowly.
pub fn soak(arguments: &[String]) -> Done {
    let operations = arguments.first().map_or("100000", |operations| operations);
    let postgres = postgres::start()?;
    let test = |target, names: &[&str]| {
        let mut test = cargo(&["test"]);
        test.args(SERVER).args(["--test", target, "--", "--nocapture", "--test-threads=1"]).args(names);
        test
    };
    sh(test("cli", &["postgres::soak", "postgres::deaths"]).env("USM_SOAK_OPERATIONS", operations))?;
    let races = ["rev_02_rev_03", "rev_03", "rev_04_activity_beside"];
    for place in [None, Some(postgres.url(DATABASES[0].0))] {
        sh(test("it", &races).env("USM_RACE_ROUNDS", "10000").envs(place.map(|place| ("USM_TEST_POSTGRES", place))))?;
    }
    sh(test("it", &["whoever_reads_slowly"]).env("USM_SLOW_READER_SECONDS", "600"))?;
    // A transaction that commits after its event was written, and after 10,000 others.
    let mut late = test("it", &["postgres::a_late_commit"]);
    sh(late.env("USM_TEST_POSTGRES", postgres.url(DATABASES[0].0)).env("USM_LATE_COMMIT_SECONDS", "90"))
}

/// The product in Chromium, against servers that the tests start themselves.
pub fn browser_tests(steps: &mut Steps, server: Server, arguments: &[String]) -> Done {
    let playwright = browser_set_up(steps, server)?;
    steps.step("Browser tests (8 min on two cores)", || sh(playwright(&["--project=tests"]).args(arguments)))
}

/// Pictures of every page and state.
pub fn screenshots(arguments: &[String]) -> Done {
    let mut steps = Steps::of(BROWSER_STEPS);
    let playwright = browser_set_up(&mut steps, Server::Built)?;
    steps.step("Screenshots into end2end/screenshots", || sh(playwright(&["--project=screenshots"]).args(arguments)))
}

/// How long a person waits at several sizes, measured by Playwright against the release build; and how long the directory takes for it.
pub fn bench(arguments: &[String]) -> Done {
    let mut steps = Steps::of(RELEASE_STEPS + 4);
    let release = release(&mut steps)?;
    steps.step("What is missing: Chromium (1 min, once)", chromium)?;
    // The crates of the tests give others more features: Cargo builds them all once more.
    steps.step("Benchmarks of directory and node (4 min on two cores when nothing is built yet)", || {
        sh(&mut cargo(&["bench", "-p", "server", "--bench", "directory", "--bench", "node", "--no-run"]))
    })?;
    steps.step("What is missing: nginx, PostgreSQL (1 min, once)", proxies)?;
    let postgres = postgres::start()?;
    steps.step("Benchmarks into docs/benchmarks.md (23 min on two cores)", || {
        let mut bench = playwright(&release.binary, &release.site, &["--project=bench", "--workers=1"]);
        sh(bench.args(arguments).env("BENCH_POSTGRES", postgres.url(DATABASES[0].0)))
    })
}

/// Playwright, told what to test.
fn playwright(binary: &Path, site: &Site, arguments: &[&str]) -> Command {
    let mut command = npx(&["playwright", "test"]);
    command.args(arguments).env("USM", binary).env("LEPTOS_SITE_ROOT", &site.folder).env("LEPTOS_HASH_FILES", "true");
    command
}

/// Everything that Playwright needs; answers how to call it.
fn browser_set_up(steps: &mut Steps, server: Server) -> Done<impl Fn(&[&str]) -> Command + use<>> {
    steps.step("What is missing: npm packages, Chromium (1 min, once)", || install().and_then(|()| chromium()))?;
    let site = steps.step("Browser code (2 min on two cores when nothing is built yet)", || Site::build(Kind::Small))?;
    steps.step("Sizes", || site.size_gate())?;
    let binary = target_dir()?.join("debug/usm");
    steps.step("Server (2 min on two cores when nothing is built yet)", || {
        if server == Server::Built {
            sh(&mut cargo(&["build", "-p", "server"]))?;
        }
        site.serve_by(&binary)
    })?;
    Ok(move |arguments: &[&str]| playwright(&binary, &site, arguments))
}
