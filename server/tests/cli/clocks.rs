//! The machine's clock is set between two runs of the program.

use crate::world::World;
use sqlx::{ConnectOptions as _, query_as, sqlite::SqliteConnectOptions};
use std::{fs, thread, time::Duration};

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
