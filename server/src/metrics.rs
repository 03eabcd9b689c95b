//! What an operator's monitor reads: `GET /metrics` in Prometheus' text form, on an address of its own (`--metrics-listen`), because
//! nobody is asked there who he is. No name, no address and no token is in it.
//!
//! What happens is counted where it happens; what is the case is looked up when it is asked for.

use crate::{auth::password::Passwords, clock::Clock, store::SqlStore};
use app::store::{StoreError, Stored};
use axum::{Router, http::header, routing::get};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

const REQUESTS: &str = "usm_request_seconds";
const CHECKS: &str = "usm_session_checks_total";
const SIGN_INS: &str = "usm_sign_ins_total";
const ACTS: &str = "usm_acts_total";
const STARTED: &str = "usm_sessions_started_total";
const ENDED: &str = "usm_sessions_ended_total";

/// Upper ends of the classes in which requests are counted, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// How often what was recorded is summed up.
const UPKEEP: Duration = Duration::from_secs(5);

/// One answered request, by its status's first digit.
pub fn request(status: u16, took: Duration) {
    let class = ["1xx", "2xx", "3xx", "4xx", "5xx"][usize::from(status / 100).clamp(1, 5) - 1];
    histogram!(REQUESTS, "status" => class).record(took);
}

/// One look whether a session lives: `valid`, `over`, `unknown` or `unavailable`.
pub fn check(result: &'static str) {
    counter!(CHECKS, "result" => result).increment(1);
}

/// One log-in: `done`, `refused` or `failed`.
pub fn sign_in(result: &'static str) {
    counter!(SIGN_INS, "result" => result).increment(1);
}

/// One act (`end`, also of one's own sessions; a step of a `plan`; `undo_disable`; `save_account`): `done`, `refused` or `failed`.
/// Answers what was done.
///
/// # Errors
/// Those of what was done.
pub fn act<T>(act: &'static str, done: Stored<T>) -> Stored<T> {
    let result = match &done {
        Ok(_) => "done",
        Err(StoreError::Refused(_)) => "refused",
        Err(_) => "failed",
    };
    counter!(ACTS, "act" => act, "result" => result).increment(1);
    done
}

/// Sessions that began and ended, by whatever node, as the list follows them.
pub fn sessions(started: u64, ended: u64) {
    counter!(STARTED).increment(started);
    counter!(ENDED).increment(ended);
}

/// What is the case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// The list follows the database.
    pub following: bool,
    /// Since the list last looked for news.
    pub behind: Duration,
    pub accounts: u32,
    pub sessions: u32,
    pub open_pages: u32,
    /// Connections to the database, and those of them that wait for work.
    pub connections: u32,
    pub idle_connections: u32,
    /// Writes that wait for their turn or are under way.
    pub writes: u32,
    /// Sessions whose activity is not written yet.
    pub unwritten: u32,
}

/// Begins to count, and answers what serves it. Once in a process.
///
/// # Errors
/// [`BuildError`] the second time.
pub fn router(store: SqlStore, passwords: Passwords, clock: Clock) -> Result<Router, BuildError> {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    describe();
    sessions(0, 0);
    tokio::spawn(keep_short(recorder.clone()));
    Ok(Router::new().route(
        "/metrics",
        get(async move || {
            look(&store, &passwords, &clock);
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render())
        }),
    ))
}

/// Every request is kept by itself until it is put into its class: also where nobody asks.
async fn keep_short(recorder: PrometheusHandle) {
    loop {
        recorder.run_upkeep();
        tokio::time::sleep(UPKEEP).await;
    }
}

fn look(store: &SqlStore, passwords: &Passwords, clock: &Clock) {
    let figures = store.figures();
    gauge!("usm_list_follows").set(if figures.following { 1.0 } else { 0.0 });
    gauge!("usm_list_behind_seconds").set(figures.behind.as_secs_f64());
    gauge!("usm_accounts").set(figures.accounts);
    gauge!("usm_sessions").set(figures.sessions);
    gauge!("usm_open_pages").set(figures.open_pages);
    gauge!("usm_database_connections").set(figures.connections);
    gauge!("usm_database_connections_idle").set(figures.idle_connections);
    gauge!("usm_writes").set(figures.writes);
    gauge!("usm_activity_unwritten").set(figures.unwritten);
    gauge!("usm_passwords").set(passwords.under_way());
    gauge!("usm_clock_ahead_seconds")
        .set(Duration::from_millis(clock.ahead().unsigned_abs()).as_secs_f64() * if clock.ahead() < 0 { -1.0 } else { 1.0 });
}

fn describe() {
    describe_histogram!(REQUESTS, Unit::Seconds, "Answered requests and what they took");
    describe_counter!(CHECKS, "Looks whether a session lives");
    describe_counter!(SIGN_INS, "Log-ins");
    describe_counter!(ACTS, "Acts on this node, each step of a plan");
    describe_counter!(STARTED, "Sessions that began, on whatever node");
    describe_counter!(ENDED, "Sessions that ended, on whatever node and in whatever way");
    describe_gauge!("usm_list_follows", "1 while the list follows the database");
    describe_gauge!("usm_list_behind_seconds", Unit::Seconds, "Since the list last looked for news");
    describe_gauge!("usm_accounts", "Accounts in the list's memory");
    describe_gauge!("usm_sessions", "Active sessions");
    describe_gauge!("usm_open_pages", "Open pages that are told of news");
    describe_gauge!("usm_database_connections", "Connections to the database");
    describe_gauge!("usm_database_connections_idle", "Those of them that wait for work");
    describe_gauge!("usm_writes", "Writes that wait for their turn or are under way");
    describe_gauge!("usm_activity_unwritten", "Sessions whose activity is not written yet");
    describe_gauge!("usm_passwords", "Passwords that are verified or wait for it");
    describe_gauge!(
        "usm_clock_ahead_seconds",
        Unit::Seconds,
        "How far the database's clock, or the latest time in the log, is ahead of this machine's"
    );
}
