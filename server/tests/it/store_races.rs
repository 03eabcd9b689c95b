//! What happens at the same instant: a sign-in and the act that should keep it out, activity and an end, and an observer of both.

use crate::common::{MINUTE, NOW, World, new_session};
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
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const ROUNDS: usize = 500;

/// Lets two things begin at about the same time, and learns by how much to hold back the one that keeps winning.
struct Jitter {
    /// How much later the first begins; negative: the second does. Microseconds.
    lead: i64,
    /// How much a round teaches, a twelfth of the scatter to either side. Microseconds.
    step: i64,
    overlapped: usize,
    first_won: usize,
    second_won: usize,
}

/// When something ran.
type Span = (Instant, Instant);

impl Jitter {
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
        self.lead += if first_won { self.step } else { -self.step };
    }

    fn judge(&self, what: &str, rounds: usize) {
        let Self { overlapped, first_won, second_won, .. } = self;
        println!("{what}: {overlapped} of {rounds} rounds overlapped, {first_won} with the sign-in first, {second_won} after the disable");
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
    let mut jitter = Jitter { lead: 0, step, overlapped: 0, first_won: 0, second_won: 0 };
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
    let victims = world.lab(ROUNDS).await;
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
    let victims = world.lab(ROUNDS).await;
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
    let victims = world.lab(ROUNDS).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rev_04_activity_beside_an_end_revives_nothing() {
    let world = World::started().await;
    let admin = world.admin("admin01").await;
    let lab = world.lab(ROUNDS).await;
    let mut revived = 0;
    for account in lab {
        let browser = world.sign_in(account).await;
        let Checked::Valid(valid) = world.check(&browser.token).await else { panic!("valid") };
        world.store.touch(&valid, NOW + 2 * MINUTE);
        let (store, admin) = (world.store.clone(), admin.clone());
        let end = tokio::spawn(async move { store.end(admin.who(), EndTarget::Account(account)).await });
        let store = world.store.clone();
        let write = tokio::spawn(async move { store.write_activity().await });
        end.await.expect("no panic").expect("ended");
        write.await.expect("no panic").expect("written");
        // And once more, late.
        world.store.touch(&valid, NOW + 3 * MINUTE);
        world.store.write_activity().await.expect("written");
        revived += usize::from(world.is_valid(&browser).await);
    }
    assert_eq!(revived, 0);
    assert_eq!(world.number("select count(*) from sessions where last_seen_at > 1646839254000 + 120000").await, 0);
}

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
    let world = World::started().await;
    let (left, right) = (world.admin("admin01").await, world.admin("admin02").await);
    let lab = world.lab(90).await;
    world.sign_all_in(&lab).await;
    let (one, two) =
        (world.plan(&left, Act::End, &lab[..60]).await.expect("a plan"), world.plan(&right, Act::End, &lab[30..]).await.expect("a plan"));
    let confirmation = Confirmation::default();
    let (one, two) = tokio::join!(world.store.commit(&left, one.id, &confirmation), world.store.commit(&right, two.id, &confirmation));
    let (one, two) = (one.expect("done"), two.expect("done"));
    assert_eq!(one.sessions + two.sessions, 90);
    assert_eq!(one.already_ended + two.already_ended, 30);
    let listed: Vec<i64> = world.events("end").await.iter().flat_map(crate::common::Logged::sessions).collect();
    assert_eq!((listed.len(), listed.iter().collect::<std::collections::HashSet<_>>().len()), (90, 90));
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
