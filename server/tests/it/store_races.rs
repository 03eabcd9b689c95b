//! What happens at the same instant: a sign-in and the act that should keep it out, activity and an end, and an observer of both.

use crate::common::{MINUTE, NOW, World, new_session, rounds};
use crate::database::Beside;
use app::{
    guard::Admin,
    model::{
        account::AccountId,
        plan::{Act, Confirmation, EndTarget},
    },
    store::Store as _,
};
use server::{
    auth::token::Token,
    credentials::{Checked, Credentials as _, SignedInAs},
    store::{Actor, SqlStore},
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Lets two things begin at about the same time, and learns by how much to hold back the one that keeps winning.
struct Jitter {
    /// How much later the first begins; negative: the second does. Microseconds.
    lead: i64,
    /// How much a round teaches, a twelfth of the scatter to either side. Microseconds.
    step: i64,
    /// Rounds in a row that the same one has won; a long row teaches more, for a slow machine is far from where it began.
    row: i64,
    first_won_last: bool,
    overlapped: usize,
    first_won: usize,
    second_won: usize,
}

/// When something ran.
type Span = (Instant, Instant);

impl Jitter {
    fn new(step: i64) -> Self {
        Self { lead: 0, step, row: 0, first_won_last: false, overlapped: 0, first_won: 0, second_won: 0 }
    }

    /// How long each waits before it begins, scattered around what makes both orders likely.
    fn waits(&self) -> [Duration; 2] {
        let scatter = i64::from(getrandom::u32().expect("random bytes")) % (24 * self.step) - 12 * self.step;
        let lead = self.lead + scatter;
        [lead, -lead].map(|wait| Duration::from_micros(wait.max(0).cast_unsigned()))
    }

    fn note(&mut self, first: Span, second: Span, first_won: bool) {
        if first.0 < second.1 && second.0 < first.1 {
            self.overlapped += 1;
            *if first_won { &mut self.first_won } else { &mut self.second_won } += 1;
        }
        self.row = if first_won == self.first_won_last { (self.row + 1).min(20) } else { 1 };
        self.first_won_last = first_won;
        self.lead += self.row * if first_won { self.step } else { -self.step };
    }

    fn judge(&self, what: &str, rounds: usize) {
        let Self { overlapped, first_won, second_won, .. } = self;
        println!("{what}: {overlapped} of {rounds} rounds overlapped, {first_won} times the end came second, {second_won} times first");
        let tenth = rounds / 10;
        assert!(*first_won >= tenth && *second_won >= tenth, "too few rounds in one of the orders");
    }
}

async fn spin(wait: Duration) -> Instant {
    let begun = Instant::now();
    // Shorter than any timer.
    while begun.elapsed() < wait {
        tokio::task::yield_now().await;
    }
    Instant::now()
}

/// One sign-in and one disable of each account; nothing live may be left, nor any way in.
async fn race<D, F>(world: &World, what: &str, step: i64, victims: &[AccountId], disable: D)
where
    D: Fn(AccountId) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut jitter = Jitter::new(step);
    for &victim in victims {
        let [sign_in_waits, disable_waits] = jitter.waits();
        let token = Token::new().expect("random bytes");
        let (store, hash) = (world.store.clone(), token.hash());
        let sign_in = tokio::spawn(async move {
            let begun = spin(sign_in_waits).await;
            let answer = store.sign_in(new_session(victim, hash)).await.expect("an answer");
            ((begun, Instant::now()), answer)
        });
        let work = disable(victim);
        let disable = tokio::spawn(async move {
            let begun = spin(disable_waits).await;
            work.await;
            (begun, Instant::now())
        });
        let ((sign_in, answer), disable) = (sign_in.await.expect("no panic"), disable.await.expect("no panic"));

        assert!(!matches!(world.check(&token).await, Checked::Valid(_)), "{what}: a live session of a disabled account");
        assert_eq!(world.try_sign_in(victim).await.err(), Some(SignedInAs::Refused), "{what}: a way in");
        jitter.note(sign_in, disable, matches!(answer, SignedInAs::Session(_)));
    }
    let live = "select count(*) from sessions join accounts on accounts.id = account_id where ended_at is null and disabled_at is not null";
    assert_eq!(world.number(live).await, 0, "{what}");
    jitter.judge(what, victims.len());
}

async fn planned(world: &World, admin: &Admin, victim: AccountId) -> impl Future<Output = ()> + Send + 'static + use<> {
    let plan = world.plan(admin, Act::EndDisable, &[victim]).await.expect("a plan");
    let (store, admin) = (world.store.clone(), admin.clone());
    async move {
        assert_eq!(store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done").disabled, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_02_rev_03_no_sign_in_slips_past_end_and_disable() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let victims = world.lab(rounds()).await;
    let mut plans = std::collections::HashMap::new();
    for victim in &victims {
        plans.insert(*victim, planned(&world, &admin, *victim).await);
    }
    let plans = std::sync::Mutex::new(plans);
    let observer = Observer::of(&world);
    race(&world, "End & Disable", 25, &victims, |victim| plans.lock().expect("no panic").remove(&victim).expect("a plan")).await;
    assert!(observer.stop().await > 100, "the observer looked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_02_rev_03_no_sign_in_slips_past_the_command_line() {
    let world = World::started().await;
    world.sis_account("admin01").await;
    let victims = world.lab(rounds()).await;
    let command_line = world.command_line().await;
    let observer = Observer::of(&world);
    race(&world, "account disable", 25, &victims, |victim| {
        let command_line = command_line.clone();
        async move {
            command_line.disable(Actor::CommandLine, victim, "", NOW).await.expect("done");
        }
    })
    .await;
    assert!(observer.stop().await > 100, "the observer looked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_03_no_sign_in_slips_past_another_process() {
    let world = World::started().await;
    world.sis_account("admin01").await;
    let victims = world.lab(rounds()).await;
    let names: std::collections::HashMap<_, _> = victims.iter().zip(1..).map(|(id, n)| (*id, format!("lab{n:04}"))).collect();
    let url = world.database.url().to_owned();
    // A process takes milliseconds to begin, and not always as many.
    race(&world, "usm account disable", 1_000, &victims, |victim| {
        let mut usm = std::process::Command::new(env!("CARGO_BIN_EXE_usm"));
        usm.env_clear().args(["account", "disable", &names[&victim], "--database-url", &url]);
        async move {
            let done = tokio::task::spawn_blocking(move || usm.output()).await.expect("no panic").expect("a process");
            assert!(done.status.success(), "{done:?}");
        }
    })
    .await;
}

/// Looks into the database all the time: no moment may show a disabled account with a live session, nor somebody who was ended by
/// End & Disable and can log in.
struct Observer {
    stop: Arc<AtomicBool>,
    looking: tokio::task::JoinHandle<usize>,
}

impl Observer {
    fn of(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, place) = (stop.clone(), world.database.place().clone());
        let looking = tokio::spawn(async move {
            let mut beside = Beside::to(&place).await;
            let wrong = "
                select count(*)
                from sessions
                join accounts on accounts.id = sessions.account_id
                where (sessions.ended_at is null and accounts.disabled_at is not null)
                or (sessions.end_kind = 'ended_disabled' and accounts.disabled_at is null)";
            let mut looks = 0;
            while !stopped.load(Ordering::Relaxed) {
                assert_eq!(beside.rows::<(i64,)>(wrong).await, [(0,)], "after {looks} looks");
                looks += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            looks
        });
        Self { stop, looking }
    }

    async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.looking.await.expect("nothing wrong was seen")
    }
}

/// Checks of one session by one handle, each of which knows whether it began after the end was answered.
#[derive(Clone)]
struct Hammer {
    ended: Arc<AtomicBool>,
    /// Checks that found it valid before.
    before: Arc<AtomicUsize>,
}

impl Hammer {
    /// Checks without a pause, so many times after the end. Answers how many of those found it valid.
    async fn on(self, store: SqlStore, token: Token, checks: usize) -> usize {
        let (mut after, mut valid) = (0, 0);
        while after < checks {
            let ended = self.ended.load(Ordering::SeqCst);
            let is_valid = matches!(store.check(&token.hash(), NOW).await.expect("an answer"), Checked::Valid(_));
            if ended {
                after += 1;
                valid += usize::from(is_valid);
            } else {
                self.before.fetch_add(usize::from(is_valid), Ordering::SeqCst);
            }
            tokio::task::yield_now().await;
        }
        valid
    }
}

/// Each round another way to end, by one handle and the other in turn, and checks on both all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_01_no_check_that_begins_after_an_end_has_returned_passes() {
    const ROUNDS: usize = 40;
    const TASKS: usize = 4;
    const CHECKS: usize = 64;
    let world = World::started().await;
    let handles = [world.store.clone(), world.command_line().await];
    let admin = world.admin("admin01").await;
    let (mut before, mut after, mut passed) = (0, 0, 0);
    for (round, account) in world.lab(ROUNDS).await.into_iter().enumerate() {
        let browser = world.sign_in(account).await;
        let plan = world.plan(&admin, Act::End, &[account]).await.expect("a plan").id;
        let hammer = Hammer { ended: Arc::default(), before: Arc::default() };
        let hammering: Vec<_> =
            (0..TASKS).map(|task| tokio::spawn(hammer.clone().on(handles[task % 2].clone(), browser.token.clone(), CHECKS))).collect();
        while hammer.before.load(Ordering::SeqCst) < 4 * TASKS {
            tokio::task::yield_now().await;
        }
        let one = &handles[round % 2];
        match round / 2 % 4 {
            0 => one.commit(&admin, plan, &Confirmation::default()).await.map(drop),
            1 => one.end(admin.who(), EndTarget::Session(browser.session)).await.map(drop),
            2 => one.disable(Actor::CommandLine, account, "", NOW).await.map(drop),
            _ => one.sign_out(browser.session, &app::guard::Origin::default(), NOW).await,
        }
        .expect("ended");
        hammer.ended.store(true, Ordering::SeqCst);
        for task in hammering {
            passed += task.await.expect("no panic");
            after += CHECKS;
        }
        before += hammer.before.load(Ordering::SeqCst);
    }
    println!("{after} checks began after an end had returned; {before} before that passed");
    assert!(after >= 10_000);
    assert_eq!(passed, 0, "of {after}");
}

/// The activity is another handle's: that one lets no act of this one pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_04_activity_beside_an_end_revives_nothing() {
    let world = World::started().await;
    let other = world.command_line().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(rounds()).await;
    let mut beside = Beside::to(world.database.place()).await;
    let (mut jitter, mut written, mut revived) = (Jitter::new(25), 0, 0);
    for &account in &lab {
        let browser = world.sign_in(account).await;
        let Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
        other.touch(&valid, NOW + 2 * MINUTE);
        let [write_waits, end_waits] = jitter.waits();
        let (store, admin) = (world.store.clone(), admin.clone());
        let end = tokio::spawn(async move {
            let begun = spin(end_waits).await;
            store.end(admin.who(), EndTarget::Account(account)).await.expect("ended");
            (begun, Instant::now())
        });
        let store = other.clone();
        let write = tokio::spawn(async move {
            let begun = spin(write_waits).await;
            store.write_activity(&server::clock::Clock::fixed(NOW)).await.expect("written");
            (begun, Instant::now())
        });
        let (end, write) = (end.await.expect("no panic"), write.await.expect("no panic"));
        let before = written;
        written = beside.rows::<(i64,)>(WRITTEN).await[0].0;
        jitter.note(write, end, written > before);
        // And once more, late.
        other.touch(&valid, NOW + 3 * MINUTE);
        other.write_activity(&server::clock::Clock::fixed(NOW)).await.expect("written");
        revived += usize::from(world.is_valid(&browser).await);
    }
    assert_eq!(revived, 0);
    assert_eq!(world.number("select count(*) from sessions where last_seen_at > 1646839254000 + 120000").await, 0);
    jitter.judge("activity and End", lab.len());
}

/// Sessions whose activity was written.
const WRITTEN: &str = "select count(*) from sessions where last_seen_at > 1646839254000";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn aut_11_twenty_sign_ins_at_once_all_succeed() {
    let world = World::started().await;
    let nate = world.account("natetest").await;
    let mut sign_ins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store: SqlStore = world.store.clone();
        let token = Token::new().expect("random bytes").hash();
        sign_ins.spawn(async move { store.sign_in(new_session(nate, token)).await });
    }
    let answers = sign_ins.join_all().await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(SignedInAs::Session(_)))), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_05_overlapping_ends_end_each_session_once() {
    const ROUNDS: usize = 10;
    let world = World::started().await;
    let other = world.command_line().await;
    let (left, right) = (world.admin("admin01").await, world.admin("admin02").await);
    let lab = world.lab(90).await;
    let confirmation = Confirmation::default();
    for round in 1..=ROUNDS {
        world.sign_all_in(&lab).await;
        let one = world.plan(&left, Act::End, &lab[..60]).await.expect("a plan");
        let two = world.plan(&right, Act::End, &lab[30..]).await.expect("a plan");
        let (one, two) = tokio::join!(world.store.commit(&left, one.id, &confirmation), other.commit(&right, two.id, &confirmation));
        let (one, two) = (one.expect("done"), two.expect("done"));
        assert_eq!(one.sessions + two.sessions, 90, "round {round}");
        assert_eq!(one.already_ended + two.already_ended, 30, "round {round}");
        let listed: Vec<i64> = world.events("end").await.iter().flat_map(crate::common::Logged::sessions).collect();
        let each: std::collections::HashSet<_> = listed.iter().collect();
        assert_eq!((listed.len(), each.len()), (90 * round, 90 * round));
    }
}

/// He logs in on another handle, every few milliseconds from the plan to the commit and after it, until he is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_06_who_logs_in_all_the_time_is_disabled_by_one_commit() {
    const ROUNDS: usize = 20;
    let world = World::started().await;
    let other = world.command_line().await;
    let admin = world.admin("admin01").await;
    let mut new = 0;
    for (round, victim) in world.lab(ROUNDS).await.into_iter().enumerate() {
        let plan = world.plan(&admin, Act::EndDisable, &[victim]).await.expect("a plan");
        let (store, (logged_in, logs_in)) = (other.clone(), tokio::sync::watch::channel(0_u32));
        let victim = tokio::spawn(async move {
            for _ in 0..1_000 {
                let token = Token::new().expect("random bytes").hash();
                match store.sign_in(new_session(victim, token)).await.expect("an answer") {
                    SignedInAs::Session(_) => logged_in.send_modify(|times| *times += 1),
                    SignedInAs::Refused => return logged_in.borrow().to_owned(),
                    SignedInAs::HashChanged => panic!("nobody changed it"),
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            panic!("round {round}: he still logs in");
        });
        let _ = logs_in.clone().wait_for(|times| *times >= 5).await;
        let report = world.store.commit(&admin, plan.id, &Confirmation::default()).await.expect("done");
        let times = victim.await.expect("he is refused");
        assert_eq!((report.disabled, report.sessions, report.new_sessions), (1, times, times), "round {round}");
        let live = "select count(*) from sessions where ended_at is null";
        assert_eq!(world.number(live).await, 1, "round {round}: the administrator's");
        new += times;
    }
    println!("{ROUNDS} people were disabled by one commit each, and {new} sessions ended that they had begun since the plan");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_act_is_done_although_nobody_waits_for_it_any_more() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(200).await;
    world.sign_all_in(&lab).await;
    for (round, account) in lab.iter().enumerate() {
        let patience = Duration::from_micros(20 * round as u64);
        let _ = tokio::time::timeout(patience, world.store.end(admin.who(), EndTarget::Account(*account))).await;
    }
    // Behind everything that was begun.
    world.store.refused(admin.who(), "POST /", 403).await.expect("noted");
    let begun = Instant::now();
    while world.number("select count(*) from sessions where ended_at is null").await > 1 {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.number("select count(*) from events where action = 'end' and result = 'done'").await, 200);
    crate::store_follow::in_step(&world.store).await;
}
