//! `usm serve --demo-traffic`: made-up people log in, work and leave, for as long as the server runs.

use super::{
    chance::Chance,
    comes_by_itself,
    crowd::Crowd,
    district::{Part, TEACHER},
    start,
    visits::{AT_WORK, Visit, whence},
};
use crate::{
    activity::Limits,
    clock::Clock,
    credentials::{Credentials as _, ValidSession},
    store::SqlStore,
};
use app::{
    guard::Origin,
    model::{account::AccountId, session::SessionId, text::count},
    store::Stored,
};
use std::{collections::HashSet, time::Duration};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);

/// Of a hundred accounts so many have a session at any time, unless there were more at the start.
const SIGNED_IN_PERCENT: u32 = 9;

/// Goes on until told to stop. What the database refuses is left out: the store has logged why.
pub async fn run(store: SqlStore, clock: Clock, limits: Limits, mut stop: watch::Receiver<bool>) {
    let Ok(mut traffic) = Traffic::begin(&store, limits, clock.now()).await else {
        tracing::error!("no demo traffic: the accounts cannot be read");
        return;
    };
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = async { tokio::time::sleep(EVERY).await; traffic.go_on(&store, clock.now()).await } => {}
        }
    }
}

struct Traffic {
    people: People,
    crowd: Crowd<ValidSession>,
    chance: Chance,
    limits: Limits,
}

impl Traffic {
    /// Goes on with those who are at work already.
    async fn begin(store: &SqlStore, limits: Limits, now: i64) -> Stored<Self> {
        let (people, sessions) = People::of(store, now).await?;
        let usual = count(people.0.len()) / 100 * SIGNED_IN_PERCENT;
        let mut chance = Chance::new(now.cast_unsigned());
        let mut crowd = Crowd::new(usual.max(sessions), limits.idle, now);
        let known: HashSet<_> = people.0.iter().map(|(account, _)| *account).collect();
        for (session, account, last_seen_at) in store.list_active_since(now - AT_WORK).await? {
            if known.contains(&account) {
                crowd.add(valid(session, account, last_seen_at), now, &mut chance);
            }
        }
        Ok(Self { people, crowd, chance, limits })
    }

    /// What has happened since the last time: people came, worked, logged out.
    async fn go_on(&mut self, store: &SqlStore, now: i64) {
        for _ in 0..self.crowd.arrivals(now, &mut self.chance) {
            let Some((account, part)) = self.people.draw(&mut self.chance) else { break };
            let (ip, user_agent) = whence(part, &mut self.chance);
            let visit = Visit { person: 0, created_at: now, last_seen_at: now, ip, user_agent };
            // Nobody where the account has been disabled meanwhile.
            if let Ok(Some(session)) = begin(store, &visit, account).await {
                self.crowd.add(valid(session, account, now), now, &mut self.chance);
            }
        }
        let fresh_for = self.limits.write_after();
        let logged_out = self.crowd.go_on(now, &mut self.chance, |session| {
            store.touch(session, now);
            if now - session.last_seen_at > fresh_for {
                session.last_seen_at = now;
            }
        });
        for session in logged_out {
            let _ = store.sign_out(session.session, &Origin::default(), now).await;
        }
    }
}

async fn begin(store: &SqlStore, visit: &Visit, account: AccountId) -> Stored<Option<SessionId>> {
    Ok(store.begin_demo_sessions(vec![start(visit, account)?]).await?.into_iter().flatten().next())
}

fn valid(session: SessionId, account: AccountId, last_seen_at: i64) -> ValidSession {
    ValidSession {
        session,
        account,
        user_name: String::new(),
        name: String::new(),
        sis: false,
        last_seen_at,
        idle_expires_at: i64::MAX,
        expires_at: i64::MAX,
    }
}

/// Those who come by themselves, and what they are.
struct People(Vec<(AccountId, Part)>);

impl People {
    /// With the number of active sessions.
    async fn of(store: &SqlStore, now: i64) -> Stored<(Self, u32)> {
        let accounts = store.list_accounts(now).await?;
        let sessions = accounts.iter().map(|account| account.sessions).sum();
        let come = accounts.iter().filter(|account| comes_by_itself(account) && account.user_name != TEACHER);
        Ok((Self(come.map(|account| (account.id, Part::of(&account.user_name))).collect()), sessions))
    }

    /// Anybody; the less patient a part, the more often. `None` where nobody comes.
    fn draw(&self, chance: &mut Chance) -> Option<(AccountId, Part)> {
        let number = u32::try_from(self.0.len()).ok().filter(|number| *number > 0)?;
        loop {
            let (account, part) = self.0[chance.below(number) as usize];
            if chance.unit() * part.patience() < 1.0 {
                return Some((account, part));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use crate::{
        demo::{create_accounts, district::ADMINISTRATOR, passwords::Named, top_up},
        store::{Actor, Missing, Settings},
    };
    use jiff::tz::TimeZone;

    const MINUTE: i64 = 60_000;

    #[tokio::test]
    async fn for_hours_about_as_many_are_signed_in_and_nobody_who_was_disabled() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = Limits { idle: 60 * MINUTE, lifetime: 12 * 60 * MINUTE };
        let settings = Settings { patience: Duration::from_secs(10), ..Settings::new(TimeZone::UTC, limits) };
        let store = SqlStore::open(&Place::File(folder.path().join("usm.db")), Missing::Create, settings).await.expect("a database");
        let mut now = 1_700_000_000_000;
        let named = [Named { user_name: ADMINISTRATOR, hash: "of no password".into() }];
        create_accounts(&store, 300, 1, &named, now).await.expect("accounts");
        top_up(&store, 100, limits, now, &mut Chance::new(1)).await.expect("sessions");

        let mut traffic = Traffic::begin(&store, limits, now).await.expect("traffic");
        // As a running server would not know: the traffic has read its people.
        let accounts = store.list_accounts(now).await.expect("accounts");
        let staff = accounts.iter().filter(|account| Part::of(&account.user_name) == Part::Staff && !account.sis && !account.disabled);
        let disabled: Vec<_> = staff.map(|account| account.id).collect();
        store.disable_accounts(Actor::System, disabled.clone(), "", now).await.expect("disabled");

        for minute in 0..150 {
            for _ in 0..6 {
                now += MINUTE / 6;
                traffic.go_on(&store, now).await;
            }
            store.write_activity(&Clock::fixed(now)).await.expect("written");
            store.end_timed_out(now).await.expect("swept");
            let accounts = store.list_accounts(now).await.expect("accounts");
            let sessions: u32 = accounts.iter().map(|account| account.sessions).sum();
            assert!((30..170).contains(&sessions), "{sessions} after {minute} minutes");
            assert!(accounts.iter().all(|account| account.sessions == 0 || !disabled.contains(&account.id)));
        }
    }
}
