//! Nodes on one database, and an administrator who is logged in.

use super::wire::Wire;
use crate::{
    listed::{Listed, listed},
    proxies::proxy::place,
    world::{Answer, Server, World, ask, soon},
};
use private_postgres::Postgres;
use std::io;

pub const PASSWORD: &str = "correct horse";

const ACTIVE: &str = "select account_id, count(*) from sessions where ended_at is null group by account_id";

/// The whole of it. Each node reaches the database by a wire of its own.
pub struct Cluster {
    /// Where a node is down, there is none.
    pub nodes: Vec<Option<Server>>,
    pub addresses: Vec<String>,
    pub wires: Vec<Wire>,
    pub postgres: Postgres,
    /// The administrator's cookie.
    pub admin: String,
    pub world: World,
}

impl Cluster {
    /// So many nodes, and accounts `pupil0`, `pupil1`, … whose password is [`PASSWORD`].
    pub fn new(nodes: usize, pupils: usize) -> Self {
        let (world, postgres) = (World::new(), Postgres::start().expect("PostgreSQL starts"));
        postgres.sql("postgres", "create database usm").expect("a database");
        let wires: Vec<_> = (0..nodes).map(|_| Wire::to(postgres.port())).collect();
        let addresses: Vec<_> = (0..nodes).map(|_| place()).collect();
        let mut cluster = Self { nodes: Vec::new(), addresses, wires, postgres, admin: String::new(), world };
        for node in 0..nodes {
            cluster.nodes.push(Some(cluster.serve(node)));
        }
        cluster.create("admin01", &["--sis"]);
        for pupil in 0..pupils {
            cluster.create(&format!("pupil{pupil}"), &[]);
        }
        cluster.admin = cluster.log_in(0, "admin01").expect("the administrator logs in");
        cluster
    }

    /// Starts a node.
    pub fn serve(&self, node: usize) -> Server {
        let url = self.wires[node].url();
        // The sooner somebody times out, the sooner his activity is written.
        self.world.serve_at(&self.addresses[node], &["--idle-timeout", "5m"], &[("USM_DATABASE_URL", &url)])
    }

    fn create(&self, name: &str, more: &[&str]) {
        let variables = [("USM_DATABASE_URL", &*self.postgres.url("usm"))];
        let done = self.world.usm_with(&[&["account", "create", name], more].concat(), &variables, &format!("{PASSWORD}\n"));
        assert_eq!(done.status, 0, "{}", done.err);
    }

    pub fn log_in(&self, node: usize, name: &str) -> Option<String> {
        log_in(&self.addresses[node], name).ok().and_then(|answer| answer.cookie().filter(|_| answer.status == 303))
    }

    /// The status of a session check.
    pub fn check(&self, node: usize, cookie: &str) -> u16 {
        check(&self.addresses[node], cookie).map_or(0, |answer| answer.status)
    }

    /// Ends an account's sessions.
    pub fn end(&self, node: usize, account: &str) -> io::Result<Answer> {
        end(&self.addresses[node], &self.admin, account)
    }

    /// The account's id.
    pub fn id(&self, name: &str) -> String {
        let id = self.postgres.sql("usm", &format!("select id from accounts where user_name = '{name}'")).expect("an answer");
        id.trim().to_owned()
    }
}

/// Waits until each node lists what the database holds, now that nobody writes any more: for two seconds.
pub fn compare_lists(addresses: &[String], admin: &str, database: &Postgres) {
    let active = database.sql("usm", ACTIVE).expect("an answer");
    let active = active.lines().map(|line| line.split_once('|').expect("two columns"));
    let held = Listed::of(active.map(|(account, count)| (account.parse().expect("an id"), count.parse().expect("a number"))));
    for address in addresses {
        soon(&format!("{address} lists {held:?}"), || listed(address, admin).as_ref() == Some(&held));
    }
}

pub fn log_in(address: &str, name: &str) -> io::Result<Answer> {
    ask(address, "POST", "/sign-in", "", &format!("user_name={name}&password=correct+horse"))
}

/// The session check, as a proxy asks it.
pub fn check(address: &str, cookie: &str) -> io::Result<Answer> {
    ask(address, "GET", "/auth/verify", cookie, "")
}

pub fn end(address: &str, admin: &str, account: &str) -> io::Result<Answer> {
    ask(address, "POST", "/api/sessions/end", admin, &format!(r#"{{"target":{{"account":{account}}}}}"#))
}

/// The number behind a name in an answer.
pub fn number(answer: &Answer, name: &str) -> Option<u64> {
    let (_, rest) = answer.body.split_once(&format!("\"{name}\":"))?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
