//! Clients that hang up amid an End while the command line ends others: the list tells what the file holds.

use crate::{
    kills::file::File,
    listed::{Listed, listed},
    world::{Server, World, ask, request, signal, soon},
};
use server::demo::chance::Chance;
use sqlx::{ConnectOptions as _, query_as, query_scalar, sqlite::SqliteConnectOptions};
use std::{
    io::Write as _,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

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
    let held = Listed::of(active);
    soon(&format!("the list is the file's (seed {seed})"), || listed(&server.address, &admin).as_ref() == Some(&held));

    assert!(by_command_line.iter().all(|(account, _)| !held.sessions.contains_key(account)), "seed {seed}");
    let ended = by_browser[..ENDS * BESIDE].iter().filter(|(account, _)| !held.sessions.contains_key(account)).count();
    println!("seed {seed}: {ended} of {} Ends came through although the client hung up", ENDS * BESIDE);
    assert!(ended >= ENDS * BESIDE / 4, "seed {seed}: only {ended} Ends came through");
    server.kill();
    assert_eq!(File::read(&world).await.contradictions, [""; 0], "seed {seed}");
}

#[tokio::test]
async fn a_command_that_stops_in_the_middle_of_a_write_holds_up_no_end() {
    let world = World::new();
    world.ok(&["demo", "--accounts", "26545", "--sessions", "12000", "--seed", "7"]);
    world.ok_with(&["account", "set-password", "admin01"], "correct horse\n");
    for pupil in ["nate", "zoe"] {
        world.ok_with(&["account", "create", pupil], "correct horse\n");
    }
    let server = world.serve(&[]);
    let admin = server.log_in("admin01", "correct horse").expect("the administrator logs in");
    let [nate, zoe] = ["nate", "zoe"].map(|pupil| server.log_in(pupil, "correct horse").expect("in"));
    let mut file = SqliteConnectOptions::new()
        .filename(world.path("data/usm.db"))
        .busy_timeout(Duration::from_millis(300))
        .connect()
        .await
        .expect("a connection");
    let mut account = async |name: &str| -> i64 {
        sqlx::query_scalar("select id from accounts where user_name = $1").bind(name).fetch_one(&mut file).await.expect("an id")
    };
    let (nate_id, zoe_id) = (account("nate").await, account("zoe").await);
    // It ends everybody but these, in many transactions, and is stopped in one of them.
    let mut sweep = world.spawn(&["session", "end", "--user-name", "!nate|zoe|admin01", "--except-role", "none"]);
    let mut caught = false;
    for round in 0..400 {
        thread::sleep(Duration::from_millis(20 + round % 7 * 13));
        assert!(sweep.try_wait().expect("it can be waited for").is_none(), "it is done, and was never stopped in a write");
        signal(sweep.id(), "-STOP");
        // The server writes too, for moments: this one lasts.
        let free = sqlx::raw_sql("begin immediate; rollback").execute(&mut file).await.is_ok();
        if !free {
            caught = true;
            break;
        }
        signal(sweep.id(), "-CONT");
    }
    assert!(caught);
    let end = |account: i64| {
        let body = format!(r#"{{"target":{{"account":{account}}}}}"#);
        ask(&server.address, "POST", "/api/sessions/end", &admin, &body).expect("an answer").status
    };
    let begun = Instant::now();
    let answer = end(nate_id);
    assert!(answer == 503 && begun.elapsed() < Duration::from_secs(10), "{answer} after {:?}", begun.elapsed());
    assert_eq!(server.status("/auth/verify", &nate), 200, "who only reads is not held up, and what was refused was not done");
    sweep.kill().expect("killed");
    sweep.wait().expect("gone");
    assert_eq!((end(nate_id), end(zoe_id)), (200, 200));
    assert_eq!([&nate, &zoe].map(|cookie| server.status("/auth/verify", cookie)), [401, 401]);
}
