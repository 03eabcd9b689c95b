//! The program killed amid its writes: the file tells no more and no less than what was done, and the next start goes on with it.

pub mod file;

use crate::world::{Answer, Server, World, ask};
use file::File;
use server::demo::chance::Chance;
use std::{io::ErrorKind, sync::mpsc, thread, time::Duration};

const ROUNDS: u32 = 30;

/// Accounts 2 to 6, after the first administrator.
const PUPILS: [&str; 5] = ["lab2", "lab3", "lab4", "lab5", "lab6"];

/// What somebody does over and over; `None` from the server's death on.
type Turn = fn(&mut Client) -> Option<()>;

/// Somebody who asks and asks.
struct Client {
    address: String,
    cookie: String,
    /// He asked, and the server died before it answered.
    cut_off: bool,
}

impl Client {
    fn new(server: &Server, cookie: &str) -> Self {
        Self { address: server.address.clone(), cookie: cookie.into(), cut_off: false }
    }

    /// `None` from the server's death on.
    fn post(&mut self, path: &str, body: &str, expected: &[u16]) -> Option<Answer> {
        let answer = ask(&self.address, "POST", path, &self.cookie, body);
        self.cut_off = answer.as_ref().is_err_and(|error| error.kind() != ErrorKind::ConnectionRefused);
        let answer = answer.ok()?;
        assert!(expected.contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.body);
        Some(answer)
    }

    /// Calls a server function and answers the number that stands behind a name.
    fn call(&mut self, function: &str, json: &str, name: &str) -> Option<u64> {
        let answer = self.post(&format!("/api/{function}"), json, &[200])?;
        let (_, rest) = answer.body.split_once(&format!("\"{name}\":"))?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// Prepares and commits; answers the batch.
    fn act(&mut self, act: &str, accounts: &str) -> Option<u64> {
        let plan = format!(r#"{{"act":"{act}","selection":{{"ids":{accounts}}},"shown":{{"filters":["","","","",""]}}}}"#);
        let plan = self.call("sessions/plan", &plan, "id")?;
        self.call("sessions/commit", &format!(r#"{{"plan":{plan},"confirmation":{{}}}}"#), "batch")
    }

    /// End, End & Disable, Undo disable.
    fn administer(&mut self, accounts: &str) -> Option<()> {
        self.act("end", accounts)?;
        let batch = self.act("end_disable", accounts)?;
        self.call("accounts/undo-disable", &format!(r#"{{"batch":{batch}}}"#), "enabled").map(drop)
    }

    /// Log in, again in place of that, and log out; while the pupil is disabled, he is refused.
    fn come_and_go(&mut self, pupil: &str) -> Option<()> {
        for _ in 0..2 {
            let answer = self.post("/sign-in", &format!("user_name={pupil}&password=correct+horse"), &[303, 401])?;
            self.cookie = answer.cookie().unwrap_or_default();
        }
        self.post("/sign-out", "", &[303]).map(drop)
    }
}

/// Kills the server so long after everybody had his first turn; answers how many were waiting for an answer.
fn kill_at_work(server: Server, admin: &str, after: Duration) -> usize {
    let work: [(&str, Turn); 5] = [
        (admin, |client| client.administer("[2,3]")),
        (admin, |client| client.administer("[4,5]")),
        ("", |client| client.come_and_go("lab2")),
        ("", |client| client.come_and_go("lab4")),
        ("", |client| client.come_and_go("lab6")),
    ];
    let (first, turns) = mpsc::channel();
    let workers = work.map(|(cookie, turn)| {
        let (first, mut client) = (first.clone(), Client::new(&server, cookie));
        thread::spawn(move || {
            turn(&mut client)?;
            first.send(()).expect("somebody waits");
            while turn(&mut client).is_some() {}
            Some(client.cut_off)
        })
    });
    for _ in &workers {
        turns.recv_timeout(Duration::from_secs(20)).expect("a first turn");
    }
    thread::sleep(after);
    server.kill();
    workers.into_iter().filter_map(|worker| worker.join().expect("no panic")).filter(|cut_off| *cut_off).count()
}

#[tokio::test]
async fn aud_02_a_kill_leaves_no_act_without_its_event() {
    let seed = getrandom::u64().expect("random bytes");
    let mut chance = Chance::new(seed);
    let world = World::new();
    let mut server = world.serve(&[]);
    let first = std::fs::read_to_string(world.path("data/first-sign-in")).expect("the file");
    let admin = server.log_in("admin", first.trim().strip_prefix("admin ").expect("a password")).expect("the administrator logs in");
    for pupil in PUPILS {
        world.ok_with(&["account", "create", pupil], "correct horse\n");
    }
    let mut kills = [0; 6];
    let mut acts = Default::default();
    for round in 0..ROUNDS {
        let after = Duration::from_micros(chance.below(60_000).into());
        kills[kill_at_work(server, &admin, after)] += 1;
        let file = File::read(&world).await;
        assert_eq!(file.contradictions, [""; 0], "seed {seed}, round {round}, {after:?} after the first turns");
        acts = file.acts;
        server = world.serve(&[]);
        let mut admin = Client::new(&server, &admin);
        for (account, version) in file.disabled {
            admin.post(&format!("/accounts/{account}"), &format!("version={version}"), &[303]).expect("the next start goes on");
        }
    }
    println!("seed {seed}: kills by the number of requests that they cut off {kills:?}, acts {acts:?}");
    assert!(kills[2..].iter().sum::<u32>() >= ROUNDS * 2 / 3, "too few kills came amid the work: {kills:?}");
    let (log_ins, log_outs, ended, disabled, enabled) = acts;
    assert!(log_ins.min(log_outs).min(disabled).min(enabled) >= ROUNDS && ended >= ROUNDS / 2, "too little was done: {acts:?}");
}
