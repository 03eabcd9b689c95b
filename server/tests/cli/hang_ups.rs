//! Clients that hang up amid an End while the command line ends others: the list tells what the file holds.

use crate::{
    kills::file::File,
    world::{Server, World, ask, request, soon},
};
use app::model::session::{Totals, WINDOW_ROWS, Window};
use server::demo::chance::Chance;
use sqlx::{ConnectOptions as _, query_as, query_scalar, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, io::Write as _, net::TcpStream, thread, time::Duration};

/// Ends by the command line; beside each of them so many Ends by the browser.
const ENDS: usize = 20;
const BESIDE: usize = 5;

/// Who is signed in, without those that the command line leaves out.
const SIGNED_IN: &str = "
select accounts.id, accounts.user_name
from accounts
where exists (select 1 from sessions where account_id = accounts.id and ended_at is null)
and not exists (select 1 from account_roles where account_id = accounts.id)
order by accounts.id";

const ACTIVE: &str = "
select account_id, count(*)
from sessions
where ended_at is null
group by account_id";

/// The file, beside the program that works on it.
async fn connection(world: &World) -> sqlx::SqliteConnection {
    SqliteConnectOptions::new().filename(world.path("data/usm.db")).read_only(true).connect().await.expect("a connection")
}

/// Sessions by account, and how many users and sessions there are in all, as the server lists them.
fn listed(server: &Server, admin: &str) -> (BTreeMap<i64, u32>, Totals) {
    let mut listed = BTreeMap::new();
    for offset in (0..).step_by(WINDOW_ROWS as usize) {
        let question = format!(r#"{{"query":{{"filters":["","","","",""]}},"offset":{offset},"limit":{WINDOW_ROWS}}}"#);
        let answer = ask(&server.address, "POST", "/api/sessions/list", admin, &question).expect("an answer");
        let (_, json) = answer.body.split_once("\r\n\r\n").expect("a body");
        let window: Window = serde_json::from_str(json).expect("a window");
        listed.extend(window.rows.iter().map(|row| (row.id.0, row.count)));
        if offset + WINDOW_ROWS >= window.all.users {
            return (listed, window.all);
        }
    }
    unreachable!("a list has an end")
}

/// Asks for an End of one account, and is gone before or while it happens, or right after it.
fn end_and_hang_up(server: &Server, admin: &str, account: i64, patience: Duration) {
    let body = format!(r#"{{"target":{{"account":{account}}}}}"#);
    let mut stream = TcpStream::connect(&server.address).expect("the server is there");
    stream.write_all(request(&server.address, "POST", "/api/sessions/end", admin, &body).as_bytes()).expect("sent");
    thread::sleep(patience);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_equals_the_file_after_ends_whose_clients_hung_up() {
    let seed = getrandom::u64().expect("random bytes");
    let mut chance = Chance::new(seed);
    let world = World::new();
    world.ok(&["demo", "--accounts", "1000", "--sessions", "600"]);
    let server = world.serve(&[]);
    let text = std::fs::read_to_string(world.path("data/demo-sign-in.txt")).expect("the passwords");
    let password = text.split("admin01 / password ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a password");
    let admin = server.log_in("admin01", password).expect("the administrator logs in");
    let mut file = connection(&world).await;
    let people: Vec<(i64, String)> = query_as(SIGNED_IN).fetch_all(&mut file).await.expect("people");
    let (by_command_line, by_browser) = people.split_at(ENDS);

    for (round, (_, user_name)) in by_command_line.iter().enumerate() {
        thread::scope(|scope| {
            let usm = scope.spawn(|| world.ok(&["session", "end", "--user-name", &format!("={user_name}")]));
            for (account, _) in &by_browser[round * BESIDE..][..BESIDE] {
                end_and_hang_up(&server, &admin, *account, Duration::from_micros(chance.below(20_001).into()));
            }
            assert!(usm.join().expect("no panic").ends_with(" of 1 user.\n"), "seed {seed}");
        });
    }
    // What was begun is finished although nobody waits for it.
    let mut events = -1;
    loop {
        let now: i64 = query_scalar("select max(seq) from events").fetch_one(&mut file).await.expect("an answer");
        if now == events {
            break;
        }
        events = now;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let active: Vec<(i64, u32)> = query_as(ACTIVE).fetch_all(&mut file).await.expect("sessions");
    let active: BTreeMap<_, _> = active.into_iter().collect();
    let all = Totals { users: u32::try_from(active.len()).expect("few"), sessions: active.values().sum() };
    let held = (active, all);
    soon(&format!("the list is the file's (seed {seed})"), || listed(&server, &admin) == held);

    assert!(by_command_line.iter().all(|(account, _)| !held.0.contains_key(account)), "seed {seed}");
    let ended = by_browser[..ENDS * BESIDE].iter().filter(|(account, _)| !held.0.contains_key(account)).count();
    println!("seed {seed}: {ended} of {} Ends came through although the client hung up", ENDS * BESIDE);
    assert!(ended >= ENDS * BESIDE / 4, "seed {seed}: only {ended} Ends came through");
    server.kill();
    assert_eq!(File::read(&world).await.contradictions, [""; 0], "seed {seed}");
}
