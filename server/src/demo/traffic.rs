//! `usm serve --demo-traffic`: made-up people log in, work and leave, for as long as the server runs.

use super::{
    chance::Chance,
    comes_by_itself,
    crowd::Crowd,
    district::{Part, TEACHER},
    start,
    visits::{Visit, whence},
};
use crate::{
    activity::Limits,
    clock::Clock,
    credentials::{Credentials as _, ValidSession},
    store::{ListedAccount, Sqlite},
};
use app::{
    model::{account::AccountId, session::SessionId},
    store::Stored,
};
use std::{collections::HashSet, sync::PoisonError, time::Duration};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);

/// Of a hundred accounts so many have a session at any time, unless there were more at the start.
const SIGNED_IN_PERCENT: usize = 9;

/// Of those whom the start finds signed in one in three is still at work; the others have closed the tab.
const AT_WORK_ONE_IN: u32 = 3;

/// Goes on until told to stop. What the database refuses is left out: the store has logged why.
pub async fn run(store: Sqlite, clock: Clock, limits: Limits, mut stop: watch::Receiver<bool>) {
    let mut chance = Chance::new(clock.now().cast_unsigned());
    let people = match People::of(&store).await {
        Ok(people) if !people.0.is_empty() => people,
        _ => {
            tracing::error!("no demo traffic: there are no accounts, or they cannot be read");
            return;
        }
    };
    let mut crowd = people.gather(&store, limits, clock.now(), &mut chance);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = clock.now();
        for _ in 0..crowd.arrivals(now, &mut chance) {
            if let Ok(Some(session)) = people.arrive(&store, now, &mut chance).await {
                crowd.add(session, now, &mut chance);
            }
        }
        let logged_out = crowd.go_on(now, &mut chance, |session| click(&store, session, limits, now));
        for session in logged_out {
            let _ = store.sign_out(session.session, now).await;
        }
    }
}

/// Those who come by themselves, and what they are.
struct People(Vec<(AccountId, Part)>);

impl People {
    async fn of(store: &Sqlite) -> Stored<Self> {
        let accounts = store.list_accounts().await?;
        let comes =
            |account: &ListedAccount| comes_by_itself(account) && account.user_name != TEACHER && Part::of(&account.user_name) != Part::Lab;
        Ok(Self(accounts.iter().filter(|account| comes(account)).map(|account| (account.id, Part::of(&account.user_name))).collect()))
    }

    /// Those who are at work already, and the pace at which others come.
    fn gather(&self, store: &Sqlite, limits: Limits, now: i64, chance: &mut Chance) -> Crowd<ValidSession> {
        let directory = store.directory().read().unwrap_or_else(PoisonError::into_inner);
        let sessions = directory.as_ref().map(|directory| directory.contents().1).unwrap_or_default();
        let usual = self.0.len() / 100 * SIGNED_IN_PERCENT;
        let mut crowd = Crowd::new(u32::try_from(usual.max(sessions.len())).unwrap_or(u32::MAX), limits.idle, now);
        let known: HashSet<_> = self.0.iter().map(|(account, _)| *account).collect();
        for session in sessions {
            if known.contains(&session.account) && chance.below(AT_WORK_ONE_IN) == 0 {
                crowd.add(valid(session.id, session.account, session.created_at), now, chance);
            }
        }
        crowd
    }

    /// Somebody logs in. `None` where the account has been disabled meanwhile.
    async fn arrive(&self, store: &Sqlite, now: i64, chance: &mut Chance) -> Stored<Option<ValidSession>> {
        let (account, part) = self.draw(chance);
        let (ip, user_agent) = whence(part, chance);
        let visit = Visit { person: 0, created_at: now, last_seen_at: now, ip, user_agent };
        let begun = store.begin_demo_sessions(vec![start(&visit, account)?]).await?;
        Ok(begun.into_iter().flatten().next().map(|session| valid(session, account, now)))
    }

    /// Anybody; the less patient a part, the more often.
    fn draw(&self, chance: &mut Chance) -> (AccountId, Part) {
        loop {
            let (account, part) = self.0[chance.below(u32::try_from(self.0.len()).unwrap_or(u32::MAX)) as usize];
            if chance.unit() * part.patience() < 1.0 {
                return (account, part);
            }
        }
    }
}

fn valid(session: SessionId, account: AccountId, last_seen_at: i64) -> ValidSession {
    ValidSession { session, account, user_name: String::new(), sis: false, last_seen_at }
}

fn click(store: &Sqlite, session: &mut ValidSession, limits: Limits, now: i64) {
    store.touch(session, now);
    if now - session.last_seen_at > limits.write_after() {
        session.last_seen_at = now;
    }
}
