//! Nodes that differ: in their clocks, in their versions, in how they come to the database.

use super::cluster::{Cluster, PASSWORD, end, log_in};
use crate::{
    clocks::another_time,
    proxies::{
        application::Application,
        log_in as log_in_through, long_addresses_keep_nobody_out, nobody_says_who_it_is, nobody_sees_a_token,
        proxy::{Kind, Proxy, place},
    },
    world::{World, are_told_at_once, ask, exchange, open_page, read_until, request, soon, told_of_its_end},
};
use private_postgres::Postgres;
use std::{
    io::{self, BufReader},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

#[test]
fn tim_04_nodes_whose_clocks_are_a_minute_apart_go_by_the_database() {
    let mut cluster = Cluster::new(2, 1);
    for (node, off) in [(0, "+30"), (1, "-30")] {
        cluster.nodes[node] = None;
        let url = cluster.wires[node].url();
        let time = another_time(off);
        let [library, time, monotonic] = time.each_ref().map(|(name, value)| (*name, &**value));
        let variables = [("USM_DATABASE_URL", &*url), library, time, monotonic];
        cluster.nodes[node] = Some(cluster.world.serve_at(&cluster.addresses[node], &["--idle-timeout", "5m"], &variables));
    }
    let near = |time: &str| {
        let asked = format!("select abs(extract(epoch from clock_timestamp()) * 1000 - ({time})) < 5000");
        assert_eq!(cluster.postgres.sql("usm", &asked).expect("an answer").trim(), "t", "{time}");
    };
    for (here, there) in [(0, 1), (1, 0)] {
        let ready = ask(&cluster.addresses[here], "GET", "/readyz", "", "").expect("an answer");
        let off = "this machine's clock differs from the database's by more than 5 s";
        assert!(ready.status == 200 && ready.body.contains(off), "the clock is another: {}", ready.body);
        let cookie = cluster.log_in(here, "pupil0").expect("in");
        near("select created_at from sessions order by id desc limit 1");
        near("select last_seen_at from sessions order by id desc limit 1");
        assert_eq!((cluster.check(here, &cookie), cluster.check(there, &cookie)), (200, 200));
        assert_eq!(cluster.end(there, &cluster.id("pupil0")).expect("an answer").status, 200);
        near("select at from events order by seq desc limit 1");
        assert_eq!((cluster.check(here, &cookie), cluster.check(there, &cookie)), (401, 401));
    }
    // Around its deadline, closer than either clock is to the database's.
    for (left, verdict) in [(20_000, 200), (5_000, 200), (-1, 401), (-20_000, 401)] {
        let cookie = cluster.log_in(0, "pupil0").expect("in");
        let due = format!(
            "update sessions set idle_expires_at = extract(epoch from clock_timestamp()) * 1000 + {left}
             where id = (select max(id) from sessions)"
        );
        cluster.postgres.sql("usm", &due).expect("done");
        assert_eq!((cluster.check(0, &cookie), cluster.check(1, &cookie)), (verdict, verdict), "{left} ms left");
    }
}

#[test]
fn flt_09_a_clock_that_jumps_while_a_node_runs_changes_nothing() {
    let mut cluster = Cluster::new(2, 2);
    let (set, url) = (cluster.world.path("clock"), cluster.wires[0].url());
    std::fs::write(&set, "+0").expect("a file");
    let [library, _, monotonic] = another_time("+0");
    let set_by = set.to_str().expect("a plain path").to_owned();
    let mut variables = vec![("USM_DATABASE_URL", &*url), ("FAKETIME_TIMESTAMP_FILE", &*set_by), ("FAKETIME_NO_CACHE", "1")];
    variables.extend([&library, &monotonic].map(|(name, value)| (*name, &**value)));
    cluster.nodes[0] = None;
    cluster.nodes[0] = Some(cluster.world.serve_at(&cluster.addresses[0], &["--idle-timeout", "5m"], &variables));
    let stays = cluster.log_in(0, "pupil0").expect("in");
    for off in ["+3600", "-3600", "+0"] {
        std::fs::write(&set, off).expect("a file");
        soon("the machine's clock is another", || {
            let ready = ask(&cluster.addresses[0], "GET", "/readyz", "", "").expect("an answer");
            ready.status == 200 && ready.body.contains("differs") == (off != "+0")
        });
        let cookie = cluster.log_in(0, "pupil1").expect("in");
        assert_eq!((cluster.check(0, &cookie), cluster.check(1, &cookie)), (200, 200), "{off}");
        assert_eq!(cluster.end(0, &cluster.id("pupil1")).expect("an answer").status, 200);
        assert_eq!((cluster.check(0, &cookie), cluster.check(1, &cookie)), (401, 401), "{off}");
        // Time-outs are looked for twice a second.
        thread::sleep(Duration::from_millis(600));
        assert_eq!((cluster.check(0, &stays), cluster.check(1, &stays)), (200, 200), "{off}");
        let odd = "select count(*) from events where abs(extract(epoch from clock_timestamp()) * 1000 - at) > 60000";
        assert_eq!(cluster.postgres.sql("usm", odd).expect("an answer").trim(), "0", "{off}");
    }
}

#[test]
fn flt_13_a_node_serves_on_and_starts_where_a_newer_one_has_changed_the_tables() {
    let mut cluster = Cluster::new(2, 2);
    let before = cluster.log_in(0, "pupil0").expect("in");
    // As a newer version's migration does that this one can live with, while everybody asks.
    let is_over = AtomicBool::new(false);
    let changes = [
        "alter table sessions add column device text not null default 'unknown'",
        "alter table accounts add column phone text",
        "alter table events add column reviewed_at bigint",
        "create table devices (id bigint primary key)",
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (99, 'newer', true, '', 0)",
        "update schema set version = 99",
    ];
    thread::scope(|scope| {
        let asks = [0, 1].map(|node| {
            let (cluster, before, is_over) = (&cluster, &before, &is_over);
            scope.spawn(move || {
                let mut asked = 0;
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(cluster.check(node, before), 200, "after {asked} checks");
                    asked += 1;
                }
                asked
            })
        });
        for change in changes {
            // One after the other, as migrations are.
            let done = cluster.postgres.sql("usm", change);
            is_over.store(done.is_err(), Ordering::Relaxed);
            done.expect(change);
        }
        thread::sleep(Duration::from_millis(200));
        is_over.store(true, Ordering::Relaxed);
        for asks in asks {
            assert!(asks.join().expect("no panic") > 20, "nobody asked meanwhile");
        }
    });
    cluster.nodes[1] = None;
    cluster.nodes[1] = Some(cluster.serve(1));
    for (here, there) in [(0, 1), (1, 0)] {
        assert_eq!(cluster.check(here, &before), 200, "nobody was logged out");
        let cookie = cluster.log_in(here, "pupil1").expect("in");
        let listed = r#"{"query":{"filters":["pupil1","","","",""]},"offset":0,"limit":10}"#;
        soon("the other node lists it", || {
            let list = ask(&cluster.addresses[there], "POST", "/api/sessions/list", &cluster.admin, listed).expect("an answer");
            list.status == 200 && list.body.contains(r#""text":"pupil1""#)
        });
        assert_eq!(cluster.end(there, &cluster.id("pupil1")).expect("an answer").status, 200);
        assert_eq!((cluster.check(here, &cookie), cluster.check(there, &cookie)), (401, 401));
    }
    // One that it cannot live with.
    cluster.postgres.sql("usm", "update schema set oldest_binary = 99").expect("done");
    let url = cluster.postgres.url("usm");
    let done = cluster.world.usm_with(&["serve", "--listen", "127.0.0.1:0"], &[("USM_DATABASE_URL", &*url)], "");
    assert!(done.status == 1 && done.err.contains("was written by a newer version"), "{}", done.err);
}

#[test]
fn nodes_that_start_at_once_on_an_empty_database_make_one_administrator() {
    let postgres = Postgres::start().expect("PostgreSQL starts");
    for round in 0..5 {
        let (world, database) = (World::new(), format!("usm{round}"));
        postgres.sql("postgres", &format!("create database {database}")).expect("a database");
        let url = postgres.url(&database);
        let serve = || world.serve_with(&[], &[("USM_DATABASE_URL", &*url)]);
        let nodes = thread::scope(|scope| [scope.spawn(serve), scope.spawn(serve)].map(|node| node.join().expect("it serves")));
        assert_eq!(postgres.sql(&database, "select user_name from accounts").expect("an answer").trim(), "admin");
        drop(nodes);
    }
}

#[test]
fn the_way_to_the_database_is_encrypted_where_the_url_says_so() {
    let (world, postgres) = (World::new(), Postgres::start().expect("PostgreSQL starts"));
    postgres.sql("postgres", "create database usm").expect("a database");
    let at = |options: &str| format!("{}?{options}", postgres.url("usm"));
    let refused = |url: &str| {
        let done = world.usm_with(&["serve", "--listen", "127.0.0.1:0", "--database-wait", "1s"], &[("USM_DATABASE_URL", url)], "");
        assert_eq!((done.status, &*done.out), (1, ""), "{url}: {}", done.err);
        assert!(done.err.lines().last().is_some_and(|said| said.contains("cannot be reached")), "{}", done.err);
    };
    refused(&at("sslmode=require"));
    let certificate = postgres.encrypt().expect("a certificate");
    soon("the server speaks TLS", || postgres.sql("postgres", "show ssl").is_ok_and(|ssl| ssl.trim() == "on"));
    // Nobody we know has signed it.
    refused(&at("sslmode=verify-full"));
    let url = at(&format!("sslmode=verify-full&sslrootcert={}", certificate.display()));
    let created = world.usm_with(&["account", "create", "natetest"], &[("USM_DATABASE_URL", &*url)], &format!("{PASSWORD}\n"));
    assert_eq!(created.status, 1, "there is no table yet: {}", created.err);
    let node = world.serve_with(&[], &[("USM_DATABASE_URL", &*url)]);
    let created = world.usm_with(&["account", "create", "natetest"], &[("USM_DATABASE_URL", &*url)], &format!("{PASSWORD}\n"));
    assert_eq!(created.status, 0, "{}", created.err);
    assert!(node.log_in("natetest", "correct+horse").is_some());
    let ways = "select count(*) filter (where ssl) > 0, count(*) filter (where not ssl) from pg_stat_ssl join pg_stat_activity using (pid)
                where datname = 'usm' and pid <> pg_backend_pid()";
    assert_eq!(postgres.sql("usm", ways).expect("an answer").trim(), "t|0");
}

#[test]
fn a_monitor_is_told_of_the_database_server_too() {
    let mut cluster = Cluster::new(1, 1);
    let (url, monitor) = (cluster.wires[0].url(), place());
    cluster.nodes[0] = None;
    let more = ["--metrics-listen", &monitor];
    cluster.nodes[0] = Some(cluster.world.serve_at(&cluster.addresses[0], &more, &[("USM_DATABASE_URL", &url)]));
    let figure = |name: &str| -> f64 {
        let page = ask(&monitor, "GET", "/metrics", "", "").expect("an answer").body;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().expect("a number")
    };
    soon("the list follows", || figure("usm_list_follows") > 0.0);
    let cookie = cluster.log_in(0, "pupil0").expect("in");
    assert_eq!(cluster.check(0, &cookie), 200);
    soon("the sessions are listed", || figure("usm_sessions") > 1.0);
    // A reader and a writer at least, and none of them is lent while nobody asks.
    let (all, idle) = (figure("usm_database_connections"), figure("usm_database_connections_idle"));
    assert!((2.0..=24.0).contains(&all) && idle >= 1.0 && idle <= all, "{idle} of {all}");
    assert!(figure("usm_clock_ahead_seconds").abs() < 1.0, "both go by this machine's clock");
    cluster.wires[0].refuses();
    soon("the list is behind", || figure("usm_list_follows") < 1.0);
}

#[test]
fn fwd_02_fwd_06_fwd_09_fwd_11_an_application_behind_nginx_asks_a_node_that_knows() {
    asks_a_node_that_knows(Kind::Nginx);
}

#[test]
fn fwd_02_fwd_06_fwd_09_fwd_11_an_application_behind_caddy_asks_a_node_that_knows() {
    asks_a_node_that_knows(Kind::Caddy);
}

/// Before two nodes, of which one hangs, does not reach the database, or is gone.
fn asks_a_node_that_knows(kind: Kind) {
    let mut cluster = Cluster::new(2, 2);
    let cookies = ["pupil0", "pupil1"].map(|name| cluster.log_in(0, name).expect("in"));
    let site = ["--public-url", "https://sessions.example.org", "--trusted-proxies", "127.0.0.1", "--apps", "app.example.org"];
    let site = [&site[..], &["--cookie-domain", "example.org"]].concat();
    for node in 0..2 {
        cluster.nodes[node] = None;
        let url = cluster.wires[node].url();
        cluster.nodes[node] = Some(cluster.world.serve_at(&cluster.addresses[node], &site, &[("USM_DATABASE_URL", &*url)]));
    }
    let application = Application::new();
    let nodes = cluster.addresses.join(if kind == Kind::Nginx { " fail_timeout=1s;\n    server " } else { " " });
    let proxy = Proxy::new(kind, &cluster.world, &nodes, &application.address);
    let get = |cookie: &str| {
        let asked = format!("GET / HTTP/1.1\r\nHost: app.example.org\r\nConnection: close\r\nCookie: __Host-{cookie}\r\n\r\n");
        exchange(&proxy.address, &asked).expect("the proxy answers").status
    };
    // Twenty times: the nodes are asked in turn.
    let all = |cookie: &str, is_so: fn(u16) -> bool| {
        let others: Vec<_> = (0..20).map(|_| get(cookie)).filter(|status| !is_so(*status)).collect();
        // Caddy hands on that a node does not know, and passes that one over from then on, a second each time.
        assert!(
            others.is_empty() || (kind == Kind::Caddy && others.len() <= 5 && others.iter().all(|status| *status == 503)),
            "{others:?}"
        );
    };
    for cookie in &cookies {
        all(cookie, |status| status == 200);
    }
    // FWD-02 before two nodes.
    nobody_says_who_it_is(kind, &proxy, &application, &format!("Cookie: __Host-{}", cookies[0]), "pupil0");
    // And FWD-11.
    nobody_sees_a_token(kind, &proxy, &application, &log_in_through(&proxy, "pupil1", "").1);
    // And FWD-09.
    long_addresses_keep_nobody_out(kind, &proxy, &format!("Cookie: __Host-{}", cookies[0]));
    let hangs = cluster.nodes[0].as_ref().expect("it runs");
    hangs.signal("-STOP");
    assert_eq!([get(&cookies[0]), get(&cookies[0])], [200, 200], "a node that hangs holds up, but lets nobody down");
    hangs.signal("-CONT");
    cluster.wires[1].refuses();
    soon("the node that hung is tried again", || get(&cookies[0]) == 200);
    all(&cookies[0], |status| status == 200);
    let url = cluster.postgres.url("usm");
    let done = cluster.world.usm_with(&["account", "disable", "pupil0"], &[("USM_DATABASE_URL", &*url)], "");
    assert_eq!(done.status, 0, "{}", done.err);
    all(&cookies[0], |status| status == 401);
    all(&cookies[1], |status| status == 200);
    cluster.wires[1].leads(cluster.postgres.port());
    cluster.nodes[0].take().expect("it runs").kill();
    soon("the other node is back, and the proxy knows", || get(&cookies[1]) == 200);
    all(&cookies[0], |status| status == 401);
    all(&cookies[1], |status| status == 200);
    cluster.wires[1].refuses();
    let before = application.seen().len();
    all(&cookies[1], |status| status >= 500);
    assert_eq!(application.seen().len(), before, "where no node knows, nobody gets through");
}

#[test]
fn the_shipped_load_balancer_lets_nobody_down_while_nodes_come_and_go() {
    let mut cluster = Cluster::new(2, 1);
    let address = place();
    let site = ["--public-url", &format!("http://{address}"), "--trusted-proxies", "127.0.0.1"];
    // As during an upgrade: each node has the code of its own version's pages.
    let code = |node: usize| format!("/pkg/usm.of{node}.js");
    let serve = |cluster: &Cluster, node: usize| {
        let (url, folder) = (cluster.wires[node].url(), cluster.world.path(&format!("site{node}")));
        std::fs::create_dir_all(folder.join("pkg")).expect("a folder");
        std::fs::write(folder.join(&code(node)[1..]), "").expect("a file");
        let folder = folder.to_str().expect("a plain path").to_owned();
        cluster.world.serve_at(&cluster.addresses[node], &site, &[("USM_DATABASE_URL", &url), ("LEPTOS_SITE_ROOT", &folder)])
    };
    for node in 0..2 {
        cluster.nodes[node] = None;
        cluster.nodes[node] = Some(serve(&cluster, node));
    }
    let _balancer = Proxy::balancer(address.clone(), &cluster.world, [&cluster.addresses[0], &cluster.addresses[1]]);
    let status =
        |method: &str, path: &str, cookie: &str, body: &str| ask(&address, method, path, cookie, body).map_or(0, |answer| answer.status);
    soon("a node is ready", || status("GET", "/readyz", "", "") == 200);
    let answer = log_in(&address, "pupil0").expect("an answer");
    let cookie = answer.cookie().unwrap_or_else(|| panic!("{}: {}", answer.status, answer.body));
    assert_eq!(status("GET", "/auth/verify", &cookie, ""), 404, "for proxies of applications alone");
    let all = || {
        for _ in 0..20 {
            assert_eq!(status("GET", "/me", &cookie, ""), 200);
        }
    };
    all();
    for _ in 0..10 {
        assert_eq!((status("GET", &code(0), "", ""), status("GET", &code(1), "", "")), (200, 200));
    }
    assert_eq!((status("GET", "/pkg/usm.of2.js", "", ""), status("GET", "/nothing", &cookie, "")), (404, 404));
    for node in 0..2 {
        cluster.nodes[node].take().expect("it runs").kill();
        // From the first moment on: what the killed one does not take is asked of the other.
        all();
        cluster.nodes[node] = Some(serve(&cluster, node));
        soon("it is back", || ask(&cluster.addresses[node], "GET", "/readyz", "", "").is_ok_and(|answer| answer.status == 200));
        // The balancer looks every second.
        thread::sleep(Duration::from_millis(2_500));
        all();
    }
    // Nor does it hold back what is told to an open page.
    let took = (0..5).map(|_| {
        let cookie = log_in(&address, "pupil0").expect("an answer").cookie().expect("in");
        told_of_its_end(&address, &request(&address, "GET", "/live", &cookie, ""), || {
            assert_eq!(status("POST", "/sign-out", &cookie, ""), 303);
        })
    });
    are_told_at_once(took.collect());
    // One that does not reach the database gets no requests once that is known, and its open pages go to the other, where they are told.
    let live = request(&address, "GET", "/live", &cookie, "");
    // By the fewest connections: some at each.
    let pages: Vec<_> = (0..4).map(|_| open_page(&address, &live)).collect();
    cluster.wires[0].refuses();
    thread::sleep(Duration::from_millis(3_500));
    let (mut open, closed): (Vec<_>, Vec<_>) = pages.into_iter().partition(is_open);
    assert!(!open.is_empty() && !closed.is_empty(), "{} pages stayed, {} were closed", open.len(), closed.len());
    open.push(open_page(&address, &live));
    all();
    assert_eq!(end(&address, &cluster.admin, &cluster.id("pupil0")).expect("an answer").status, 200);
    assert_ne!(status("GET", "/me", &cookie, ""), 200);
    for page in &mut open {
        read_until(page, "data: ended");
    }
}

/// Whether an open page that is told nothing at this moment still has its stream.
fn is_open(page: &BufReader<TcpStream>) -> bool {
    let stream = page.get_ref();
    stream.set_nonblocking(true).expect("it can be set");
    let waits = stream.peek(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).expect("it can be set");
    waits
}

#[test]
fn web_08_an_open_page_on_another_node_is_told_that_its_session_is_over_within_a_quarter_of_a_second() {
    let cluster = Cluster::new(2, 1);
    let pupil = cluster.id("pupil0");
    let took = (0..9).map(|_| {
        let cookie = cluster.log_in(1, "pupil0").expect("in");
        let asked = request(&cluster.addresses[1], "GET", "/live", &cookie, "");
        told_of_its_end(&cluster.addresses[1], &asked, || {
            assert_eq!(cluster.end(0, &pupil).expect("an answer").status, 200);
        })
    });
    are_told_at_once(took.collect());
}
