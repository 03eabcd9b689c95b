//! What happens at the same time, over HTTP.

use crate::{
    common::rounds,
    http_world::{PASSWORD, World},
};
use app::model::plan::Plan;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The delay of one side follows the outcome, so that both orders come up; where one is rare it goes on until that has come up too. On a
/// database server the two sides are at different nodes.
#[tokio::test(flavor = "multi_thread")]
async fn rev_03_a_log_in_that_races_end_and_disable_never_survives_it() {
    let rounds = u32::try_from(rounds() / 20).expect("few").max(100);
    let world = World::told(|_| {}).await;
    let admin = world.signed_in("admin").await;
    let id = world.teacher;
    let (mut overlapped, mut in_first, mut out_first) = (0, 0, 0);
    let mut delay = Duration::from_millis(20);
    let mut round = 0;
    while round < rounds || (in_first.min(out_first) < rounds / 10 && round < 5 * rounds) {
        round += 1;
        let plan = format!(r#"{{"act":"end_disable","selection":{{"ids":[{id}]}},"shown":{{"filters":["","","","",""]}}}}"#);
        let plan: Plan = admin.api("sessions/plan", &plan).await.json();
        let (browser, committing) = (world.stranger(), admin.clone());
        let scattered = delay.mul_f64(0.75 + f64::from(getrandom::u32().expect("random bytes")) / f64::from(u32::MAX) / 2.0);
        let log_in = tokio::spawn(async move {
            let begun = Instant::now();
            (browser.log_in("teacher", PASSWORD).await, begun, Instant::now())
        });
        let commit = tokio::spawn(async move {
            tokio::time::sleep(scattered).await;
            let begun = Instant::now();
            let commit = format!(r#"{{"plan":{},"confirmation":{{}}}}"#, plan.id);
            (committing.api("sessions/commit", &commit).await, begun, Instant::now())
        });
        let (log_in, log_in_begun, log_in_done) = log_in.await.expect("no panic");
        let (commit, commit_begun, commit_done) = commit.await.expect("no panic");
        // Only these rounds tell anything.
        let met = u32::from(log_in_begun < commit_done && commit_begun < log_in_done);
        overlapped += met;
        assert_eq!(commit.status, 200, "round {round}: {}", commit.body);
        match log_in.status {
            303 => {
                in_first += met;
                delay = delay.mul_f64(0.8);
                let browser = world.stranger().with_cookie(&log_in.cookie());
                assert_eq!(browser.get("/me").await.status, 303, "round {round}: the session lives on");
            }
            401 => {
                out_first += met;
                delay = delay.mul_f64(1.25).max(Duration::from_micros(200));
            }
            status => panic!("round {round}: {status} {}", log_in.body),
        }
        let alive: Vec<(i64,)> = world.rows("select id from sessions where ended_at is null and account_id = 3").await;
        assert_eq!(alive, [], "round {round}");
        assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 401, "round {round}");
        let versions: Vec<(i64,)> = world.rows("select version from accounts where id = 3").await;
        let enabled = admin.post(&format!("/accounts/{id}"), &format!("version={}", versions[0].0)).await;
        assert_eq!(enabled.status, 303, "round {round}");
    }
    println!("{overlapped} of {round} rounds overlapped: {in_first} times the log-in came first, {out_first} times End & Disable");
    assert!(in_first >= rounds / 10 && out_first >= rounds / 10, "both orders came up: {in_first}, {out_first}");
}

/// On a database server the checks and the ends are at two nodes in turn.
#[tokio::test(flavor = "multi_thread")]
async fn rev_01_no_check_that_begins_after_an_end_was_answered_passes() {
    const CHECKS: usize = 50;
    let world = World::told(|_| {}).await;
    let admin = world.signed_in("admin").await;
    for round in 0..20 {
        let pupil = world.signed_in("teacher").await;
        let (is_over, passed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let checks = (0..4).map(|_| {
            let (pupil, is_over, passed) = (pupil.clone(), Arc::clone(&is_over), Arc::clone(&passed));
            tokio::spawn(async move {
                let mut after = 0;
                while after < CHECKS {
                    let began_after = is_over.load(Ordering::SeqCst);
                    let status = pupil.get("/auth/verify").await.status;
                    // A check of a file waits for nothing: the end must get its turn.
                    tokio::task::yield_now().await;
                    assert!(status == 401 || (status == 200 && !began_after), "{status}, after {after} checks");
                    after += usize::from(began_after);
                    passed.fetch_add(usize::from(status == 200), Ordering::SeqCst);
                }
            })
        });
        let checks: Vec<_> = checks.collect();
        while passed.load(Ordering::SeqCst) < 20 {
            assert!(checks.iter().all(|check| !check.is_finished()), "a check before the end was refused");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let target = if round % 2 == 0 {
            format!(r#"{{"account":{}}}"#, world.teacher)
        } else {
            format!(r#"{{"session":{}}}"#, pupil.session.expect("one"))
        };
        let end = admin.api("sessions/end", &format!(r#"{{"target":{target}}}"#)).await;
        assert_eq!(end.status, 200, "{}", end.body);
        is_over.store(true, Ordering::SeqCst);
        for check in checks {
            check.await.expect("a check that began after the answer passed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_no_trace_in_the_directory() {
    const ROUNDS: u32 = 500;
    let world = World::new().await;
    let admin = world.signed_in("admin").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = world.router.clone().into_make_service_with_connect_info::<std::net::SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let mut answered = 0;
    for round in 0..ROUNDS {
        let victim = world.signed_in("teacher").await;
        let body = format!("session={}", victim.session.expect("a session"));
        let request = format!(
            "POST /sessions/end HTTP/1.1\r\nHost: 127.0.0.1:3000\r\nSec-Fetch-Site: same-origin\r\nCookie: usm={}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            admin.token().cookie_value(),
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        // 0 to 20 ms, more of them short: that is where the work is.
        let patience = Duration::from_millis(20).mul_f64((f64::from(round * 7_919 % 10_000) / 1e4).powi(3));
        let mut first = [0; 12];
        if tokio::time::timeout(patience, stream.read_exact(&mut first)).await.is_ok_and(|read| read.is_ok()) {
            assert_eq!(&first, b"HTTP/1.1 303");
            answered += 1;
        }
    }
    println!("{ROUNDS} requests, {answered} of them waited for the answer");
    assert!(answered > 0 && answered < ROUNDS, "some hung up before the answer, some did not: {answered}");

    let follows = async {
        loop {
            let fresh = world.store.load_directory(0).await.expect("the database").contents();
            let followed = world.store.directory().read().expect("not poisoned").as_ref().expect("loaded").contents();
            if fresh == followed {
                return fresh;
            }
            tokio::task::yield_now().await;
        }
    };
    let (_, sessions) = tokio::time::timeout(Duration::from_secs(5), follows).await.expect("the directory equals a fresh load");
    assert!(sessions.iter().any(|session| Some(session.id) == admin.session));
    serving.abort();
}
