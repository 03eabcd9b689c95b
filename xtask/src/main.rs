//! `cargo xtask run` and `cargo xtask test` do everything from a fresh clone; the other commands are their parts.

mod check;
mod cluster;
mod dev;
mod kinship;
mod postgres;
mod run;
mod site;
mod tools;

use std::{env, fmt::Write as _, path::Path, process::ExitCode, time::Instant};

/// Why a command failed, in a sentence for the person at the terminal.
type Error = Box<dyn std::error::Error>;
type Done<T = ()> = Result<T, Error>;

/// Name, and what it does, with its arguments.
const COMMANDS: [(&str, &str); 13] = [
    ("run", "build the product and serve it with a demo district (options go to `usm serve`; --no-open opens no browser)"),
    ("test", "everything: format, lints, documentation, Rust tests, browser tests, sizes"),
    ("build", "the release build: browser code, style and server"),
    ("lint", "format, clippy, documentation, and what may not be in the browser's tree"),
    ("e2e", "browser tests (arguments go to Playwright)"),
    ("screenshots", "pictures of every page and state into end2end/screenshots"),
    ("bench", "times at 10,000, 100,000 and 1,000,000 sessions into docs/benchmarks.md (BENCH_SESSIONS=10000,… for others)"),
    ("cluster", "three nodes on one PostgreSQL database behind a load balancer, on this machine (options go to each `usm serve`)"),
    (
        "soak",
        "100,000 operations (`soak N`: N) on three nodes that are killed, on a database that restarts, and a check of what everybody saw",
    ),
    ("deny", "licences, banned crates and sources, by cargo-deny (installed into target/tools once)"),
    ("dev", "a server that is built anew when a file changes (options go to `usm serve`)"),
    ("open", "wait for an address, then open it in the browser"),
    ("help", "this list"),
];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    if let Err(error) = env::set_current_dir(root) {
        eprintln!("xtask: the folder {} cannot be entered: {error}", root.display());
        return ExitCode::FAILURE;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("help", &[][..]), |(command, rest)| (&**command, rest));
    let done = match command {
        "run" => run::run(rest),
        "test" => check::test(),
        "build" => run::build(),
        "lint" => check::lint(&mut Steps::of(check::LINT_STEPS)),
        "e2e" => check::browser_tests(&mut Steps::of(check::BROWSER_STEPS), check::Server::Built, rest),
        "screenshots" => check::screenshots(rest),
        "bench" => check::bench(rest),
        "cluster" => cluster::cluster(rest),
        "soak" => check::soak(rest),
        "deny" => tools::deny(),
        "dev" => dev::dev(rest),
        "open" => run::open(rest),
        "help" | "--help" | "-h" => {
            println!("{}", help());
            Ok(())
        }
        unknown => {
            eprintln!("xtask: there is no command {unknown:?}.\n{}", help());
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    COMMANDS.iter().fold("cargo xtask …".to_owned(), |mut text, (name, what)| {
        let _ = write!(text, "\n  {name:12} {what}");
        text
    })
}

/// Tells where a long command is: `[2/5] browser code (2 min on two cores when nothing is built yet)`.
struct Steps {
    done: usize,
    all: usize,
    began: Instant,
}

impl Steps {
    fn of(all: usize) -> Self {
        Self { done: 0, all, began: Instant::now() }
    }

    /// Does one step and says how long it took where that was longer than a second.
    fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Done<T>) -> Done<T> {
        self.done += 1;
        println!("[{}/{}] {what}", self.done, self.all);
        let began = Instant::now();
        let done = work()?;
        if began.elapsed().as_secs() > 0 {
            println!("      done in {:.0} s ({:.0} s in all)", began.elapsed().as_secs_f32(), self.began.elapsed().as_secs_f32());
        }
        Ok(done)
    }
}
