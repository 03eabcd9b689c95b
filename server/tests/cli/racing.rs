//! The running server and the real command line, at the same account at the same time.

use crate::world::World;
use std::{
    thread::{scope, sleep},
    time::{Duration, Instant},
};

const ROUNDS: u32 = 100;
const PASSWORD: &str = "correct horse";

#[test]
fn rev_03_no_sign_in_slips_past_the_program_as_another_process() {
    let world = World::new();
    let server = world.serve(&[]);
    world.ok_with(&["account", "create", "nate"], &format!("{PASSWORD}\n"));
    // Milliseconds that the log-in is held back, or where negative the program: moved against whoever comes first, and scattered.
    let mut held = 0_i64;
    let (mut overlapped, mut in_first, mut out_first) = (0, 0, 0);
    for round in 0..ROUNDS {
        let wait = held + i64::from(round % 5) * 4 - 8;
        let [log_in_waits, program_waits] = [wait, -wait].map(|wait| Duration::from_millis(wait.max(0).cast_unsigned()));
        let (log_in, program, cookie) = scope(|scope| {
            let log_in = scope.spawn(|| {
                sleep(log_in_waits);
                let begun = Instant::now();
                let cookie = server.log_in("nate", PASSWORD);
                ((begun, Instant::now()), cookie)
            });
            sleep(program_waits);
            let begun = Instant::now();
            world.ok(&["account", "disable", "nate"]);
            let program = (begun, Instant::now());
            let (log_in, cookie) = log_in.join().expect("the log-in is answered");
            (log_in, program, cookie)
        });
        let came_in = cookie.is_some();
        if log_in.0 < program.1 && program.0 < log_in.1 {
            overlapped += 1;
            *if came_in { &mut in_first } else { &mut out_first } += 1;
        }
        held += if came_in { 4 } else { -4 };
        if let Some(cookie) = cookie {
            assert_eq!(server.status("/me", &cookie), 303, "round {round}: a live session");
        }
        assert_eq!(server.log_in("nate", PASSWORD), None, "round {round}: a way in");
        world.ok(&["account", "enable", "nate"]);
    }
    println!("{overlapped} of {ROUNDS} rounds overlapped, {in_first} with the log-in first, {out_first} after the disable");
    assert!(in_first >= ROUNDS / 10 && out_first >= ROUNDS / 10, "too few rounds in one of the orders: {in_first}, {out_first}");
}
