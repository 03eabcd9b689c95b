//! The machine's clock is set between two runs of the program.

use crate::world::{World, soon};
use sqlx::{ConnectOptions as _, query_as, sqlite::SqliteConnectOptions};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Variables that show a program another time, so many seconds off.
pub fn another_time(off: &'static str) -> [(&'static str, String); 3] {
    let folders = fs::read_dir("/usr/lib").expect("a folder").filter_map(Result::ok);
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let library = libraries.find(|library| library.exists()).expect("Debian's package faketime");
    [
        ("LD_PRELOAD", library.to_str().expect("a plain path").to_owned()),
        ("FAKETIME", off.to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

#[tokio::test]
async fn tim_03_who_was_refused_for_his_time_stays_out_when_the_clock_is_set_back() {
    let world = World::new();
    let serve = |off| {
        let time = another_time(off);
        let server = world.serve_with(&["--idle-timeout", "5m"], &time.each_ref().map(|(name, value)| (*name, &**value)));
        // Whatever it does by the way right after its start is done.
        assert_eq!(server.status("/healthz", ""), 200);
        server
    };
    let server = serve("+0");
    world.ok_with(&["account", "create", "natetest"], "correct horse\n");
    let log_in = |server: &crate::world::Server| server.log_in("natetest", "correct+horse").expect("in");
    let (asked, unasked) = (log_in(&server), log_in(&server));
    assert_eq!(server.status("/auth/verify", &asked), 200);
    server.kill();

    // The sweep's first round comes half a second after the start: it is killed before.
    let server = serve("+3600");
    assert_eq!(server.status("/auth/verify", &asked), 401);
    thread::sleep(Duration::from_millis(400));
    server.kill();

    let server = serve("+0");
    for cookie in [&asked, &unasked] {
        assert_eq!(server.status("/auth/verify", cookie), 401);
    }
    server.kill();

    // A day ahead, and back.
    let server = serve("+86400");
    let ahead = log_in(&server);
    assert_eq!(server.status("/auth/verify", &ahead), 200);
    server.kill();
    let server = serve("+0");
    let back = log_in(&server);
    for (cookie, status) in [(&asked, 401), (&unasked, 401), (&ahead, 200), (&back, 200)] {
        assert_eq!(server.status("/auth/verify", cookie), status);
    }
    let mut file = SqliteConnectOptions::new().filename(world.path("data/usm.db")).connect().await.expect("a connection");
    let order: Vec<(i64,)> = query_as("select at from events order by seq").fetch_all(&mut file).await.expect("events");
    assert!(order.is_sorted(), "the newest is the last: {order:?}");
}

#[tokio::test]
async fn flt_09_a_clock_that_jumps_under_the_running_program_revives_nobody_and_stops_no_time_out() {
    let world = World::new();
    let set = world.path("clock");
    fs::write(&set, "+0").expect("a file");
    let [library, _, monotonic] = another_time("+0");
    let set_by = set.to_str().expect("a plain path").to_owned();
    let mut variables = vec![("FAKETIME_TIMESTAMP_FILE", &*set_by), ("FAKETIME_NO_CACHE", "1")];
    variables.extend([&library, &monotonic].map(|(name, value)| (*name, &**value)));
    let server = world.serve_with(&["--idle-timeout", "5s"], &variables);
    world.ok_with(&["account", "create", "natetest"], "correct horse\n");
    let log_in = || server.log_in("natetest", "correct+horse").expect("in");
    let verdict = |cookie: &str| server.status("/auth/verify", cookie);
    let before = log_in();
    assert_eq!(verdict(&before), 200);
    fs::write(&set, "+3600").expect("a file");
    soon("an hour later his time is over", || verdict(&before) == 401);
    let ahead = log_in();
    fs::write(&set, "+0").expect("a file");
    assert_eq!((verdict(&before), verdict(&ahead)), (401, 200));

    // Nobody asks any more. The clock is an hour behind, and yet his time passes, by half.
    let mut file = SqliteConnectOptions::new().filename(world.path("data/usm.db")).connect().await.expect("a connection");
    let begun = Instant::now();
    loop {
        let (over,): (i64,) =
            query_as("select count(*) from events where action = 'timed_out'").fetch_one(&mut file).await.expect("a count");
        if over == 2 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{over} timed out");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(begun.elapsed() > Duration::from_secs(9), "too early: {:?}", begun.elapsed());
    assert_eq!((verdict(&before), verdict(&ahead)), (401, 401));
}
