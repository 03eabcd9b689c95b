//! What dies under load: five hundred checks a second, while people log in and are ended.

use super::{
    cluster::{Cluster, check, end, log_in},
    failures::within,
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const NODES: usize = 2;
const PUPILS: usize = 8;
const CLIENTS: u32 = 4;

/// Of each client.
const EVERY: Duration = Duration::from_millis(8);

/// No node is about to die.
const NONE: usize = usize::MAX;

/// `cargo xtask soak` has the time for all of it.
fn is_soak() -> bool {
    std::env::var_os("USM_SOAK_OPERATIONS").is_some()
}

struct Load {
    addresses: Vec<String>,
    admin: String,
    pupils: Vec<String>,
    /// Whoever is never ended, by his cookie.
    stays: String,
    /// The cookies of those whose End was answered.
    ended: Mutex<Vec<String>>,
    /// What this node answers does not count: it may not be there.
    dying: AtomicUsize,
    over: AtomicBool,
}

/// What one client was told.
#[derive(Default)]
struct Told {
    checks: usize,
    sign_ins: usize,
    /// From when to when it asked and was told that nobody knows, or nothing.
    failed: Vec<(Instant, Instant)>,
    /// The same of a node that was dying.
    lost: usize,
}

/// Ends the load where the test ends, also by a panic.
struct Until<'a>(&'a Load);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Load {
    fn on(cluster: &Cluster) -> Self {
        let load = Self {
            addresses: cluster.addresses.clone(),
            admin: cluster.admin.clone(),
            pupils: (1..PUPILS).map(|pupil| cluster.id(&format!("pupil{pupil}"))).collect(),
            stays: cluster.log_in(0, "pupil0").expect("in"),
            ended: Mutex::default(),
            dying: AtomicUsize::new(NONE),
            over: AtomicBool::new(false),
        };
        assert!(load.end_one(0, &mut Told::default()), "nobody was ended");
        load
    }

    fn is_dying(&self, node: usize) -> bool {
        self.dying.load(Ordering::SeqCst) == node
    }

    /// Asks a node; answers that too, unless the node has been dying meanwhile.
    fn ask<T>(&self, node: usize, ask: impl FnOnce(&str) -> T) -> (T, bool) {
        let counts = !self.is_dying(node);
        let answer = ask(&self.addresses[node]);
        (answer, counts && !self.is_dying(node))
    }

    /// Checks who stays and who was ended, until it is over; each is let in, or kept out, or nobody knows.
    fn check(&self) -> Told {
        let mut told = Told::default();
        let mut next = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            let (stays, node) = (told.checks % 2 == 0, told.checks / 2 % NODES);
            let cookie = if stays {
                self.stays.clone()
            } else {
                let ended = self.ended.lock().expect("no panic");
                ended[ended.len() - 1 - told.checks / 2 % ended.len().min(20)].clone()
            };
            let asked = Instant::now();
            let (answer, counts) = self.ask(node, |node| check(node, &cookie).map_or(0, |answer| answer.status));
            let took = asked.elapsed();
            assert!(!counts || took < Duration::from_secs(2), "{answer} after {took:?}");
            match (answer, stays) {
                (200, true) | (401, false) => {}
                (0 | 503, _) if counts => told.failed.push((asked, asked + took)),
                (0 | 503, _) => told.lost += 1,
                (200, _) => panic!("somebody who was ended is in"),
                (answer, _) => panic!("{answer} for somebody who is logged in"),
            }
            told.checks += 1;
            next += EVERY;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        told
    }

    /// Logs people in and ends them, until it is over.
    fn end(&self) -> Told {
        let mut told = Told::default();
        let mut turn = 0;
        while !self.over.load(Ordering::Relaxed) {
            turn += 1;
            if !self.end_one(turn, &mut told) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        told
    }

    /// Answers whether somebody logged in and was ended.
    fn end_one(&self, turn: usize, told: &mut Told) -> bool {
        let pupil = turn % self.pupils.len();
        told.sign_ins += 1;
        let asked = Instant::now();
        let (signed_in, counts) = self.ask(turn % NODES, |node| log_in(node, &format!("pupil{}", pupil + 1)));
        let Some(cookie) = signed_in.ok().filter(|answer| answer.status == 303).and_then(|answer| answer.cookie()) else {
            if counts {
                told.failed.push((asked, Instant::now()));
            }
            return false;
        };
        let there = &self.addresses[(turn + 1) % NODES];
        let done = end(there, &self.admin, &self.pupils[pupil]).is_ok_and(|answer| answer.status == 200);
        if done {
            self.ended.lock().expect("no panic").push(cookie);
        }
        done
    }

    /// Lets things die while everybody asks; answers what the clients were told, and what who logs in and ends was.
    fn during(&self, deaths: impl FnOnce()) -> (Told, Told) {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| self.check())).collect();
            let ends = scope.spawn(|| self.end());
            let until = Until(self);
            deaths();
            drop(until);
            let mut told = Told::default();
            for client in clients {
                let client = client.join().expect("no panic");
                told.checks += client.checks;
                told.lost += client.lost;
                told.failed.extend(client.failed);
            }
            (told, ends.join().expect("no panic"))
        })
    }

    /// Everybody whose End was answered is out, at each node; answers how many.
    fn all_ended_are_out(&self) -> usize {
        let ended = self.ended.lock().expect("no panic");
        for cookie in &*ended {
            for node in &self.addresses {
                assert_eq!(check(node, cookie).expect("an answer").status, 401, "an acknowledged end of {} is lost", ended.len());
            }
        }
        ended.len()
    }
}

#[test]
fn flt_04_a_database_that_restarts_under_load_lets_nobody_in_and_loses_no_end() {
    let mut cluster = Cluster::new(NODES, PUPILS);
    let load = Load::on(&cluster);
    let mut outages = Vec::new();
    let (told, ends) = load.during(|| {
        for restart in 0..if is_soak() { 20 } else { 4 } {
            thread::sleep(Duration::from_secs(1));
            let begun = Instant::now();
            // Fast, and as a crash.
            if restart % 2 == 0 { cluster.postgres.shut_down() } else { cluster.postgres.kill() }.expect("stopped");
            cluster.postgres.again().expect("it starts again");
            for node in &load.addresses {
                within(Duration::from_secs(2), 200, || check(node, &load.stays).map_or(0, |answer| answer.status));
            }
            outages.push((begun, Instant::now()));
        }
    });
    let took = outages.iter().map(|(begun, over)| over.duration_since(*begun));
    println!(
        "{} restarts, each over within {:?}; {} checks, of which {} were not answered; {} ends acknowledged",
        outages.len(),
        took.clone().max().expect("some"),
        told.checks,
        told.failed.len(),
        load.all_ended_are_out()
    );
    // The pools may hold a broken connection each, which one more question finds.
    let late = Duration::from_secs(1);
    let outside = |(asked, told): &&(Instant, Instant)| !outages.iter().any(|(begun, over)| told >= begun && *asked < *over + late);
    assert_eq!(told.failed.iter().chain(&ends.failed).filter(outside).count(), 0, "refused while the database was there");
    assert!(!told.failed.is_empty(), "nobody asked while it was away");
    super::cluster::compare_lists(&load.addresses, &load.admin, &cluster.postgres);
}

#[test]
fn flt_06_nodes_that_are_killed_under_load_disturb_nobody_at_the_others() {
    let mut cluster = Cluster::new(NODES, PUPILS);
    let load = Load::on(&cluster);
    let (kills, between) = if is_soak() { (60, Duration::from_secs(10)) } else { (5, Duration::from_secs(1)) };
    let mut starts = Vec::new();
    let (told, ends) = load.during(|| {
        for kill in 0..kills {
            thread::sleep(between);
            let node = kill % NODES;
            load.dying.store(node, Ordering::SeqCst);
            cluster.nodes[node].take().expect("it runs").kill();
            let begun = Instant::now();
            cluster.nodes[node] = Some(cluster.serve(node));
            within(Duration::from_secs(5), 200, || cluster.check(node, &load.stays));
            starts.push(begun.elapsed());
            load.dying.store(NONE, Ordering::SeqCst);
        }
    });
    starts.sort_unstable();
    println!(
        "{kills} kills; a node serves after {starts:?}; {} checks, {} of them lost, {} log-ins",
        told.checks, told.lost, ends.sign_ins
    );
    assert!(told.lost > 0, "nobody asked a node that died");
    assert_eq!(told.failed.len(), 0, "of {} checks at the other node", told.checks);
    assert!(ends.failed.len() * 1_000 < ends.sign_ins, "{} of {} log-ins failed", ends.failed.len(), ends.sign_ins);
    // All but the slowest tenth: the machine is busy.
    assert!(starts[(starts.len() * 9 / 10).min(starts.len() - 2)] < Duration::from_secs(1), "{starts:?}");
    load.all_ended_are_out();
}
