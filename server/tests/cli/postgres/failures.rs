//! What breaks between the nodes and their database, one thing at a time.

use super::cluster::{Cluster, compare_lists};
use crate::world::{World, ask, signal};
use private_postgres::Postgres;
use sqlx::{Connection as _, PgConnection, migrate::Migrate as _};
use std::{
    net::{TcpListener, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Asks until the answer is this one; it must come in time, and no answer may be later than that.
pub fn within(most: Duration, status: u16, mut ask: impl FnMut() -> u16) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = ask();
        let took = begun.elapsed();
        assert!(took <= most, "{answer} after {took:?}, not {status} within {most:?}");
        if answer == status {
            return took;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn flt_07_a_node_cut_off_from_its_database_lets_nobody_in_and_is_right_again_at_once() {
    let cluster = Cluster::new(2, 2);
    let (ended, stays) = (cluster.log_in(0, "pupil0").expect("in"), cluster.log_in(1, "pupil1").expect("in"));
    let account = cluster.id("pupil0");
    for cookie in [&ended, &stays] {
        assert_eq!((cluster.check(0, cookie), cluster.check(1, cookie)), (200, 200));
    }
    cluster.wires[1].falls_silent();
    // Nobody was ended yet: it does not know, and says so within a second, whatever it is asked.
    let form = "user_name=pupil1&password=correct+horse";
    let look = r#"{"query":{"filters":["","","","",""]},"screen":{}}"#;
    let all = [("GET", "/auth/verify", ""), ("GET", "/me", ""), ("GET", "/live", ""), ("POST", "/sign-in", form)];
    for (method, path, body) in all.into_iter().chain([("POST", "/api/sessions/look", look)]).cycle().take(20) {
        let begun = Instant::now();
        let answer = ask(&cluster.addresses[1], method, path, &stays, body).expect("an answer");
        assert_eq!(answer.status, 503, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{path}: {:?}", begun.elapsed());
    }
    assert_eq!(cluster.end(0, &account).expect("an answer").status, 200);
    assert_eq!((cluster.check(0, &ended), cluster.check(0, &stays)), (401, 200));
    assert_eq!(cluster.check(1, &ended), 503);
    within(Duration::from_secs(4), 503, || ask(&cluster.addresses[1], "GET", "/readyz", "", "").expect("an answer").status);
    cluster.wires[1].leads(cluster.postgres.port());
    let took = within(Duration::from_secs(1), 200, || cluster.check(1, &stays));
    assert_eq!(cluster.check(1, &ended), 401);
    let list = within(Duration::from_secs(2), 200, || ask(&cluster.addresses[1], "GET", "/readyz", "", "").expect("an answer").status);
    println!("checks again after {took:?}, the list follows after {list:?} more");
}

#[test]
fn flt_05_no_acknowledged_end_is_lost_when_a_standby_takes_over() {
    let cluster = Cluster::new(2, 32);
    let sql = |sql: &str| cluster.postgres.sql("usm", sql).expect("done");
    // Whoever set this did not think of ends: new connections go by it no more than by the server's own default.
    sql("alter role usm set synchronous_commit = local");
    sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'usm' and pid <> pg_backend_pid()");
    let standby = cluster.postgres.standby().expect("a standby");
    sql("alter system set synchronous_standby_names = '*'");
    sql("select pg_reload_conf()");
    while sql("select count(*) from pg_stat_replication where sync_state = 'sync'").trim() != "1" {
        thread::sleep(Duration::from_millis(20));
    }
    // What the standby has not heard of is not done.
    let receiver = standby.sql("postgres", "select pid from pg_stat_wal_receiver").expect("an answer");
    let receiver = receiver.trim().parse().expect("a process");
    let first = cluster.log_in(0, "pupil0").expect("in");
    signal(receiver, "-STOP");
    // Those who come meanwhile do not use up the server's connections.
    let begun = Instant::now();
    thread::scope(|scope| {
        for node in [0, 1, 0, 1] {
            let (cluster, first) = (&cluster, &first);
            scope.spawn(move || {
                for pupil in 1..8 {
                    let answer = super::cluster::log_in(&cluster.addresses[node], &format!("pupil{pupil}")).expect("an answer");
                    assert_eq!((answer.status, cluster.check(node, first)), (503, 200), "pupil{pupil}");
                }
            });
        }
    });
    let waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
    let waiting: u32 = sql(waiting).trim().parse().expect("a number");
    println!("28 log-ins in {:?}, {waiting} of them still wait for the standby", begun.elapsed());
    assert!(waiting <= 8, "{waiting} processes wait for the standby");
    let unheard = cluster.end(0, &cluster.id("pupil0")).expect("an answer").status;
    signal(receiver, "-CONT");
    assert_eq!(unheard, 503, "answered before the standby had it");
    within(Duration::from_secs(5), 200, || cluster.end(0, &cluster.id("pupil0")).map_or(0, |answer| answer.status));
    assert_eq!(cluster.check(1, &first), 401);
    let pupils: Vec<_> = (0..32).map(|pupil| format!("pupil{pupil}")).collect();
    let ids: Vec<_> = pupils.iter().map(|name| cluster.id(name)).collect();
    let cookies: Vec<_> = pupils.iter().enumerate().map(|(at, name)| cluster.log_in(at % 2, name).expect("in")).collect();
    // Two people at each node end one after the other, until the primary is gone in the middle of it.
    let (far, dies) = mpsc::channel();
    let mut cluster = cluster;
    let (addresses, admin) = (cluster.addresses.clone(), cluster.admin.clone());
    let ended: Vec<usize> = thread::scope(|scope| {
        let (ids, addresses, admin) = (&ids, &addresses, &admin);
        let ends = [0, 1, 2, 3].map(|first| {
            let far = far.clone();
            scope.spawn(move || {
                let mut ended = Vec::new();
                for at in (first..30).step_by(4) {
                    let answer = super::cluster::end(&addresses[first % 2], admin, &ids[at]);
                    if !answer.is_ok_and(|answer| answer.status == 200) {
                        break;
                    }
                    ended.push(at);
                    if ended.len() == 3 {
                        far.send(()).expect("it is waited for");
                    }
                }
                ended
            })
        });
        for _ in 0..4 {
            dies.recv_timeout(Duration::from_secs(10)).expect("three ends of each");
        }
        cluster.postgres.kill().expect("killed");
        for wire in &cluster.wires {
            wire.refuses();
        }
        ends.into_iter().flat_map(|ends| ends.join().expect("no panic")).collect()
    });
    for node in 0..2 {
        assert_eq!(cluster.check(node, &cookies[0]), 503, "without a database nobody knows");
    }
    for wire in &cluster.wires {
        wire.leads(standby.port());
    }
    // Until it is promoted it is not asked: what it says may be old.
    thread::sleep(Duration::from_millis(500));
    for node in 0..2 {
        assert_eq!((cluster.check(node, &cookies[0]), cluster.check(node, &cookies[31])), (503, 503), "a standby was asked");
    }
    let promoted = Instant::now();
    standby.promote().expect("it takes over");
    // It waits for no standby of its own.
    standby.sql("usm", "alter system set synchronous_standby_names = ''").expect("done");
    standby.sql("usm", "select pg_reload_conf()").expect("done");
    within(Duration::from_secs(5), 200, || cluster.end(0, &ids[30]).map_or(0, |answer| answer.status));
    let gap = promoted.elapsed();
    for node in 0..2 {
        within(Duration::from_secs(2), 200, || cluster.check(node, &cookies[31]));
        for &at in &ended {
            assert_eq!(cluster.check(node, &cookies[at]), 401, "an acknowledged end of {} is lost", ended.len());
        }
    }
    within(Duration::from_secs(2), 200, || cluster.end(1, &ids[31]).map_or(0, |answer| answer.status));
    assert_eq!((cluster.check(0, &cookies[31]), cluster.check(1, &cookies[31])), (401, 401));
    compare_lists(&cluster.addresses, &cluster.admin, &standby);
    println!("{} ends were acknowledged before the primary died; an end was done {gap:?} after the promotion began", ended.len());
}

#[test]
fn a_node_that_stops_in_the_middle_of_an_end_holds_up_no_other() {
    let cluster = Cluster::new(2, 40);
    let cookies: Vec<_> = (0..40).map(|pupil| cluster.log_in(0, &format!("pupil{pupil}")).expect("in")).collect();
    let account = cluster.id("pupil0");
    let stopped = cluster.nodes[1].as_ref().expect("it runs");
    // It ends everybody, over and over, until it is stopped between the beginning and the end of a transaction that holds locks.
    let holds = "select count(*) from pg_locks join pg_stat_activity using (pid)
        where mode = 'RowExclusiveLock' and relation = 'events'::regclass and state <> 'idle'";
    let ended = AtomicBool::new(false);
    let caught = thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let _ = cluster.end(1, &account);
            }
        });
        let mut caught = false;
        for round in 0..2_000_u64 {
            thread::sleep(Duration::from_micros(500 + round * 37 % 5_000));
            stopped.signal("-STOP");
            // What it had sent is done by then.
            thread::sleep(Duration::from_millis(20));
            caught = cluster.postgres.sql("usm", holds).expect("an answer").trim() != "0";
            if caught {
                break;
            }
            stopped.signal("-CONT");
        }
        ended.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        let answer = cluster.end(0, &account).expect("an answer");
        let took = begun.elapsed();
        println!("{} after {took:?}", answer.status);
        assert!([200, 503].contains(&answer.status) && took < Duration::from_secs(10), "{} after {took:?}", answer.status);
        within(Duration::from_secs(10), 200, || cluster.end(0, &account).map_or(0, |answer| answer.status));
        assert_eq!(cluster.check(0, &cookies[0]), 401);
        assert_eq!(cluster.check(0, &cookies[1]), 200);
        stopped.signal("-KILL");
        caught
    });
    assert!(caught, "it was never stopped between");
    let other = cluster.id("pupil1");
    assert_eq!(cluster.end(0, &other).expect("an answer").status, 200);
    assert_eq!(cluster.check(0, &cookies[1]), 401);
}

#[test]
fn a_restored_dump_is_served_and_what_was_ended_since_is_ended_again() {
    let cluster = Cluster::new(1, 2);
    let (ended, stays) = (cluster.log_in(0, "pupil0").expect("in"), cluster.log_in(0, "pupil1").expect("in"));
    cluster.postgres.restore("usm", "restored").expect("restored");
    assert_eq!(cluster.end(0, &cluster.id("pupil0")).expect("an answer").status, 200);
    assert_eq!((cluster.check(0, &ended), cluster.check(0, &stays)), (401, 200));
    let url = cluster.postgres.url("restored");
    let variables = [("USM_DATABASE_URL", &*url)];
    let node = cluster.world.serve_with(&[], &variables);
    assert_eq!((node.status("/auth/verify", &ended), node.status("/auth/verify", &stays)), (200, 200), "the backup is older than the end");
    let sweep = ["session", "end", "--all", "--except-role", "none", "--reason", "restored"];
    let done = cluster.world.usm_with(&sweep, &variables, "");
    assert_eq!((done.status, &*done.out), (0, "Ended 3 sessions of 3 users.\n"), "{}", done.err);
    assert_eq!((node.status("/auth/verify", &ended), node.status("/auth/verify", &stays)), (401, 401));
    assert!(node.log_in("pupil1", "correct+horse").is_some());
}

#[test]
fn what_is_no_database_to_serve_is_refused_in_one_sentence() {
    let cluster = Cluster::new(1, 0);
    let standby = cluster.postgres.standby().expect("a standby");
    cluster.postgres.ask_password("careful", "right").expect("a user");
    let at = |user: &str, port: u16| format!("postgres://{user}@127.0.0.1:{port}/usm");
    let start = |url: &str| {
        let begun = Instant::now();
        let done = cluster.world.usm_with(&["serve", "--listen", "127.0.0.1:0", "--database-wait", "2s"], &[("USM_DATABASE_URL", url)], "");
        assert_eq!((done.status, &*done.out), (1, ""), "{url}: {}", done.err);
        assert!(!done.err.contains("wrong") && begun.elapsed() < Duration::from_secs(10), "{:?}: {}", begun.elapsed(), done.err);
        let mut lines: Vec<String> = done.err.lines().map(str::to_owned).collect();
        (lines.pop().expect("a sentence"), lines)
    };
    for (url, sentence) in [
        (at("careful:wrong", cluster.postgres.port()), "refuses the user or the password"),
        (at("usm", standby.port()), "is a standby, which is read only. Give the address of the primary by --database-url."),
        (cluster.postgres.url("nothing"), "Create it with PostgreSQL's createdb"),
    ] {
        let (said, before) = start(&url);
        assert!(said.starts_with("usm: The") && said.contains(sentence) && before.is_empty(), "{before:?} {said}");
    }
    // One that is away is waited for, a line a try.
    let (said, tries) = start(&at("usm", 1));
    assert!(said.contains("cannot be reached") && said.contains("Check that PostgreSQL runs"), "{said}");
    assert!((1..=3).contains(&tries.len()) && tries.iter().all(|line| line.contains("cannot be reached")), "{tries:?}");
    // Nobody can connect meanwhile: a proxy asks another node at once.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port");
    let (address, away) = (free.to_string(), at("usm", 1));
    thread::scope(|scope| {
        let waits =
            || cluster.world.usm_with(&["serve", "--listen", &address, "--database-wait", "2s"], &[("USM_DATABASE_URL", &away)], "");
        let waiting = scope.spawn(waits);
        while !waiting.is_finished() {
            assert!(TcpStream::connect(free).is_err(), "somebody waits for an answer");
            thread::sleep(Duration::from_millis(20));
        }
    });
    let served = at("careful:right", cluster.postgres.port());
    drop(cluster.world.serve_with(&[], &[("USM_DATABASE_URL", &served)]));
}

#[tokio::test]
async fn a_start_behind_a_migration_that_does_not_end_says_so_and_leaves() {
    let (world, postgres) = (World::new(), Postgres::start().expect("PostgreSQL starts"));
    postgres.sql("postgres", "create database usm").expect("a database");
    let url = postgres.url("usm");
    let mut migrating = PgConnection::connect(&url).await.expect("a connection");
    migrating.lock().await.expect("what each migration begins with");
    let begun = Instant::now();
    let done = world.usm_with(&["serve", "--listen", "127.0.0.1:0", "--database-wait", "4s"], &[("USM_DATABASE_URL", &*url)], "");
    assert_eq!((done.status, &*done.out), (1, ""), "{}", done.err);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(done.err.lines().count() > 1, "a line a try: {}", done.err);
    assert!(done.err.lines().all(|line| line.contains("are held by another program")), "{}", done.err);
    // One that is waited for long enough starts.
    let variables = [("USM_DATABASE_URL", &*url)];
    thread::scope(|scope| {
        let node = scope.spawn(|| world.serve_with(&[], &variables));
        thread::sleep(Duration::from_secs(3));
        drop(migrating);
        drop(node.join().expect("it serves"));
    });
}

#[test]
fn a_feed_that_falls_silent_alone_is_replaced_within_seconds_and_misses_nothing() {
    let mut cluster = Cluster::new(2, 2);
    cluster.nodes[1] = None;
    cluster.postgres.sql("usm", "create role other superuser login").expect("a user");
    let url = cluster.wires[1].url().replace("usm@", "other@");
    cluster.nodes[1] = Some(cluster.world.serve_at(&cluster.addresses[1], &[], &[("USM_DATABASE_URL", &url)]));
    let ended = cluster.log_in(0, "pupil0").expect("in");
    compare_lists(&cluster.addresses, &cluster.admin, &cluster.postgres);
    // A node that has written nothing has no other connection of this kind.
    let feeds = "select pid from pg_stat_activity where usename = 'other' and query = 'commit'";
    let feeds = || cluster.postgres.sql("usm", feeds).expect("an answer").lines().map(|pid| pid.parse().expect("a process")).collect();
    let silent: Vec<u32> = feeds();
    for pid in &silent {
        signal(*pid, "-STOP");
    }
    assert!(cluster.log_in(0, "pupil1").is_some());
    assert_eq!(cluster.end(0, &cluster.id("pupil0")).expect("an answer").status, 200);
    assert_eq!(cluster.check(1, &ended), 401, "a check asks the database");
    // Its answer is waited for as long as this.
    thread::sleep(Duration::from_secs(2));
    compare_lists(&cluster.addresses, &cluster.admin, &cluster.postgres);
    assert_eq!(ask(&cluster.addresses[1], "GET", "/readyz", "", "").expect("an answer").status, 200);
    assert!(!silent.is_empty() && feeds().iter().any(|pid: &u32| !silent.contains(pid)), "it was no feed that fell silent");
    for pid in &silent {
        signal(*pid, "-CONT");
    }
}
