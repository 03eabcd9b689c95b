//! Everything at once on three nodes that are killed, on a database that restarts: then the history is read.

use super::{
    cluster::{Cluster, check, end, log_in, number},
    history::{Operation, Outcome, What, judge},
};
use crate::world::{Answer, ask};
use server::demo::chance::Chance;
use std::{
    collections::VecDeque,
    fmt::Write as _,
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const NODES: usize = 3;
const ACCOUNTS: usize = 20;
const CLIENTS: usize = 8;

/// A node dies, and every third time the database.
const BETWEEN_DEATHS: Duration = Duration::from_millis(1_500);

/// So long an answer may take, also while a database is restarting.
const PATIENCE: Duration = Duration::from_secs(15);

/// By then a node that was killed, or that did not say what became of it, has done it or never will: longer than any deadline.
const LATEST: Duration = Duration::from_secs(5);

/// What all clients know of one account.
struct Pupil {
    id: String,
    /// Some of his sessions, live or not, with their cookies.
    sessions: Mutex<VecDeque<(u32, String)>>,
    /// The acts that disabled him, to be undone.
    batches: Mutex<VecDeque<u64>>,
}

struct Soak {
    cluster: Mutex<Cluster>,
    addresses: Vec<String>,
    admin: String,
    pupils: Vec<Pupil>,
    begun: Instant,
    left: AtomicUsize,
    next_session: AtomicU32,
}

impl Soak {
    fn new(operations: usize) -> Self {
        let cluster = Cluster::new(NODES, ACCOUNTS);
        let pupils = (0..ACCOUNTS)
            .map(|pupil| Pupil { id: cluster.id(&format!("pupil{pupil}")), sessions: Mutex::default(), batches: Mutex::default() })
            .collect();
        Self {
            addresses: cluster.addresses.clone(),
            admin: cluster.admin.clone(),
            pupils,
            begun: Instant::now(),
            left: AtomicUsize::new(operations),
            next_session: AtomicU32::new(0),
            cluster: Mutex::new(cluster),
        }
    }

    /// Asks and asks, until all operations are done.
    fn client(&self, mut chance: Chance) -> Vec<Operation> {
        let mut history = Vec::new();
        let next = |left: usize| left.checked_sub(1);
        while self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok() {
            let asked = self.begun.elapsed();
            let account = one_of(&mut chance, ACCOUNTS);
            let (what, outcome) = self.operation(&mut chance, account);
            let answered = self.begun.elapsed();
            assert!(answered < asked + PATIENCE, "{what:?} was asked at {asked:?} and answered at {answered:?}");
            let answered = if outcome == Outcome::Unknown { answered + LATEST } else { answered };
            history.push(Operation { account, what, asked, answered, outcome });
        }
        history
    }

    fn operation(&self, chance: &mut Chance, account: usize) -> (What, Outcome) {
        let pupil = &self.pupils[account];
        let node = &*self.addresses[one_of(chance, NODES)];
        let known = {
            let sessions = pupil.sessions.lock().expect("no panic");
            (!sessions.is_empty()).then(|| sessions[one_of(chance, sessions.len())].clone())
        };
        match (chance.below(100), known) {
            (0..12, _) | (_, None) => self.sign_in(node, account),
            (12..15, Some((session, cookie))) => (What::SignOut(session), written(ask(node, "POST", "/sign-out", &cookie, ""), 303)),
            (15..20, _) => (What::End, written(end(node, &self.admin, &pupil.id), 200)),
            (20..22, _) => (What::Disable, self.disable(node, pupil)),
            (22..28, _) => (What::Enable, self.enable(node, pupil)),
            (_, Some((session, cookie))) => (What::Check(session), asked(&check(node, &cookie), 200, 401)),
        }
    }

    fn sign_in(&self, node: &str, account: usize) -> (What, Outcome) {
        let session = self.next_session.fetch_add(1, Ordering::Relaxed);
        let answer = log_in(node, &format!("pupil{account}"));
        let outcome = asked(&answer, 303, 401);
        if let (Outcome::Done, Ok(answer)) = (outcome, answer) {
            let mut sessions = self.pupils[account].sessions.lock().expect("no panic");
            sessions.push_back((session, answer.cookie().expect("a cookie")));
            if sessions.len() > 3 {
                sessions.pop_front();
            }
        }
        (What::SignIn(session), outcome)
    }

    fn disable(&self, node: &str, pupil: &Pupil) -> Outcome {
        let plan = format!(r#"{{"act":"end_disable","selection":{{"ids":[{}]}},"shown":{{"filters":["","","","",""]}}}}"#, pupil.id);
        let Ok(plan) = ask(node, "POST", "/api/sessions/plan", &self.admin, &plan) else { return Outcome::Refused };
        assert!([200, 503].contains(&plan.status), "{} {}", plan.status, plan.body);
        let Some(plan) = number(&plan, "id").filter(|_| plan.status == 200) else { return Outcome::Refused };
        let commit = ask(node, "POST", "/api/sessions/commit", &self.admin, &format!(r#"{{"plan":{plan},"confirmation":{{}}}}"#));
        if let Some(batch) = commit.as_ref().ok().filter(|commit| commit.status == 200).and_then(|commit| number(commit, "batch")) {
            pupil.batches.lock().expect("no panic").push_back(batch);
        }
        written(commit, 200)
    }

    /// Undoes the acts that may have disabled him, the newest first, until one did.
    fn enable(&self, node: &str, pupil: &Pupil) -> Outcome {
        loop {
            let Some(batch) = pupil.batches.lock().expect("no panic").pop_back() else { return Outcome::Refused };
            let answer = ask(node, "POST", "/api/accounts/undo-disable", &self.admin, &format!(r#"{{"batch":{batch}}}"#));
            // He was disabled already then: that act disabled nobody.
            if answer.as_ref().is_ok_and(|answer| answer.status == 404) {
                continue;
            }
            let enabled = answer.as_ref().ok().and_then(|answer| number(answer, "enabled"));
            match written(answer, 200) {
                Outcome::Done if enabled == Some(0) => {}
                Outcome::Done => return Outcome::Done,
                outcome => {
                    pupil.batches.lock().expect("no panic").push_back(batch);
                    return outcome;
                }
            }
        }
    }

    fn compare_lists(&self) {
        let cluster = self.cluster.lock().expect("no panic");
        super::cluster::compare_lists(&self.addresses, &self.admin, &cluster.postgres);
    }

    /// Kills a node, or the database, again and again; answers how often.
    fn kill(&self, ended: &AtomicBool) -> (usize, usize) {
        let mut cluster = self.cluster.lock().expect("no panic");
        let mut killed = (0, 0);
        for round in 1.. {
            for _ in 0..50 {
                thread::sleep(BETWEEN_DEATHS / 50);
                if ended.load(Ordering::Relaxed) {
                    return killed;
                }
            }
            if round % 3 == 0 {
                cluster.postgres.kill().expect("killed");
                cluster.postgres.again().expect("it starts again");
                killed.1 += 1;
            } else {
                let node = killed.0 % NODES;
                cluster.nodes[node].take().expect("it runs").kill();
                let again = cluster.serve(node);
                cluster.nodes[node] = Some(again);
                killed.0 += 1;
            }
        }
        killed
    }
}

fn one_of(chance: &mut Chance, number: usize) -> usize {
    chance.below(u32::try_from(number).expect("a few")) as usize
}

/// What a question came to: yes, no, or nobody knows.
fn asked(answer: &io::Result<Answer>, yes: u16, no: u16) -> Outcome {
    match answer {
        Ok(answer) if answer.status == yes => Outcome::Done,
        Ok(answer) if answer.status == no => Outcome::Refused,
        Ok(answer) if answer.status == 503 => Outcome::Unknown,
        Ok(answer) => panic!("{} {}", answer.status, answer.body),
        Err(_) => Outcome::Unknown,
    }
}

/// A write is done where that was answered, and perhaps otherwise. No rule refuses one: nobody ends the administrator, no pupil is the last one,
/// and who is out or disabled already may be ended, disabled or log out once more.
fn written(answer: io::Result<Answer>, done: u16) -> Outcome {
    match answer {
        Ok(answer) if answer.status == done => Outcome::Done,
        Ok(answer) if answer.status == 503 => Outcome::Unknown,
        Ok(answer) => panic!("{} {}", answer.status, answer.body),
        // Nobody heard it.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Outcome::Refused,
        Err(_) => Outcome::Unknown,
    }
}

#[test]
fn flt_08_ended_means_ended_whatever_dies_meanwhile() {
    let operations = std::env::var("USM_SOAK_OPERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let seed = getrandom::u64().expect("random bytes");
    let soak = Soak::new(operations);
    let ended = AtomicBool::new(false);
    let (history, killed) = thread::scope(|scope| {
        let killing = scope.spawn(|| soak.kill(&ended));
        let clients: Vec<_> = (0..CLIENTS as u64)
            .map(|client| {
                let soak = &soak;
                scope.spawn(move || soak.client(Chance::new(seed ^ client)))
            })
            .collect();
        let histories: Vec<_> = clients.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ended.store(true, Ordering::Relaxed);
        let killed = killing.join().expect("no panic");
        let history: Vec<Operation> = histories.into_iter().flat_map(|history| history.expect("no panic")).collect();
        (history, killed)
    });
    let took = soak.begun.elapsed();
    soak.compare_lists();
    let so_many = |is_it: fn(&What) -> bool, outcome| {
        history.iter().filter(|operation| is_it(&operation.what) && operation.outcome == outcome).count()
    };
    let mut told = String::new();
    for (name, is_it) in [
        ("log-ins", (|what| matches!(what, What::SignIn(_))) as fn(&What) -> bool),
        ("checks", |what| matches!(what, What::Check(_))),
        ("log-outs", |what| matches!(what, What::SignOut(_))),
        ("ends", |what| *what == What::End),
        ("disables", |what| *what == What::Disable),
        ("enables", |what| *what == What::Enable),
    ] {
        let [done, refused, unknown] = [Outcome::Done, Outcome::Refused, Outcome::Unknown].map(|outcome| so_many(is_it, outcome));
        assert!(done > operations / 500, "too few {name} were done to say anything: {done}");
        writeln!(told, "{name}: {done} done, {refused} refused, {unknown} unknown").expect("text");
    }
    println!("seed {seed}, {operations} operations in {took:?}; killed: {} nodes, the database {} times\n{told}", killed.0, killed.1);
    assert!(killed.0 > 0 && killed.1 > 0, "nothing was killed in {took:?}");
    let judged = judge(&history);
    println!("had to be refused: {} checks, {} log-ins; had to be let in: {} checks", judged.kept_out, judged.kept_disabled, judged.let_in);
    assert_eq!(judged.contradictions, [""; 0], "seed {seed}");
    assert!(judged.kept_out > operations / 20 && judged.kept_disabled > operations / 500 && judged.let_in > operations / 50, "{judged:?}");
    let touched =
        soak.cluster.lock().expect("no panic").postgres.sql("usm", "select count(*) from sessions where last_seen_at > created_at");
    assert_ne!(touched.expect("an answer").trim(), "0", "no activity was written: nothing could be revived");
}
