//! Ends without a plan: one session or one account at once, and what the command line ends.

use super::{
    SqlStore,
    acts::{self, Order, carry_out, count, ensure_allowed},
    database::{Reads as _, Text, Tx, query, with_ids},
    events::{self, Action, Actor, Deed, Outcome, Target, json},
    reports,
    sign_in::session_target,
};
use app::{
    AppError,
    guard::SignedIn,
    model::{
        account::AccountId,
        plan::{EndTarget, Report},
        session::SessionId,
    },
    store::{StoreError, Stored},
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

const END_BY_ID: Text = with_ids!(
    "
update sessions
set ended_at = $1, end_kind = 'ended', ended_by = $2
where id in (",
    "$3",
    ")
and ended_at is null
returning account_id, id"
);

const OWNERS: Text = with_ids!(
    "
select account_id
from sessions
where id in (",
    "$1",
    ")"
);

const OWNER: &str = "
select account_id
from sessions
where id = $1";

/// Users that one transaction of the command line ends at most: the server's writes wait for it no longer than they can.
const SWEEP: usize = 2_000;

/// Between two of them, so that those who wait get their turn.
const BETWEEN: Duration = Duration::from_millis(60);

/// How long an act that has begun waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an act of the command line did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Accounts that had an active session.
    pub users: u32,
    pub sessions: u32,
    /// Why the rest was not tried; what is told here is done.
    pub stopped: Option<StoreError>,
}

impl SqlStore {
    /// Ends one session or all of one account, for somebody signed in.
    pub(super) async fn end_target(&self, who: &SignedIn, target: EndTarget) -> Stored<Report> {
        let (store, who) = (self.clone(), who.clone());
        self.write(async move {
            let mut tx = store.database().begin().await?;
            let deed = Deed::new(Actor::from(&who), Action::End, who.now)?;
            let owner = match target {
                EndTarget::Account(account) => account.0,
                EndTarget::Session(session) => owner(&mut tx, session, &who).await?,
            };
            let needs_sis = matches!(target, EndTarget::Account(_)) || owner != who.account.0;
            ensure_allowed(&mut tx, &who, needs_sis, &[owner]).await?;
            let targets = match target {
                EndTarget::Account(account) => {
                    acts::ensure_exists(&mut tx, account).await?;
                    carry_out(&mut tx, &deed, &Order::plain(&[account.0], false)).await?
                }
                EndTarget::Session(session) => end_by_id(&mut tx, &deed, &[session]).await?,
            };
            events::record(&mut tx, &deed, &targets).await?;
            let report = reports::report(&mut tx, deed.batch, &who).await?.ok_or(StoreError::Internal)?;
            Ok((report, tx.commit().await?))
        })
        .await
    }

    /// Ends single sessions, for the command line. Answers how many were still active.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_sessions(&self, actor: Actor, sessions: Vec<SessionId>, reason: &str, now: i64) -> Stored<u32> {
        let (store, reason) = (self.clone(), reason.to_owned());
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            let deed = Deed::new(actor, Action::End, now)?.because(&reason);
            let owners: Vec<(i64,)> = tx.all(query(OWNERS).bind(json(&sessions)?)).await?;
            tx.lock_accounts(&owners.into_iter().map(|(owner,)| owner).collect::<Vec<_>>()).await?;
            let targets = end_by_id(&mut tx, &deed, &sessions).await?;
            let ended = targets.iter().map(|target| target.detail.sessions.len()).sum::<usize>();
            events::record(&mut tx, &deed, &targets).await?;
            Ok((count(ended), tx.commit().await?))
        })
        .await
    }

    /// Ends all sessions of accounts, for the command line: one act, in transactions of few accounts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], where nothing was done.
    pub async fn end_accounts(&self, actor: Actor, accounts: Vec<AccountId>, reason: &str, now: i64) -> Stored<Ended> {
        let mut accounts: Vec<_> = accounts.into_iter().map(|account| account.0).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut deed = Deed::new(actor, Action::End, now)?.because(reason);
        let (mut all, begun) = (Ended::default(), Instant::now());
        for (place, part) in accounts.chunks(SWEEP.min(self.0.settings.step)).enumerate() {
            if place > 0 {
                tokio::time::sleep(BETWEEN).await;
                // Who has logged in since is ended after that.
                deed.at = now.saturating_add(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX));
            }
            match self.end_patiently(&deed, part, if place > 0 { PATIENCE } else { Duration::ZERO }).await {
                Ok(ended) => {
                    all.users += ended.users;
                    all.sessions += ended.sessions;
                }
                Err(error) if place == 0 => return Err(error),
                Err(error) => {
                    all.stopped = Some(error);
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Again and again while somebody else writes for long, as an End of many users does.
    async fn end_patiently(&self, deed: &Deed, part: &[i64], patience: Duration) -> Stored<Ended> {
        let until = Instant::now() + patience;
        loop {
            match self.end_some(deed.clone(), part.to_vec()).await {
                Err(StoreError::Unavailable) if Instant::now() < until => tokio::time::sleep(BETWEEN).await,
                done => return done,
            }
        }
    }

    async fn end_some(&self, deed: Deed, accounts: Vec<i64>) -> Stored<Ended> {
        let store = self.clone();
        self.write(async move {
            let mut tx = store.database().begin_long().await?;
            let targets = carry_out(&mut tx, &deed, &Order::plain(&accounts, false)).await?;
            events::record(&mut tx, &deed, &targets).await?;
            let ended = Ended {
                users: count(targets.iter().filter(|target| target.result == Outcome::Done).count()),
                sessions: count(targets.iter().map(|target| target.detail.sessions.len()).sum()),
                stopped: None,
            };
            Ok((ended, tx.commit().await?))
        })
        .await
    }
}

/// Ends single sessions: an event for each, also for one that had ended already.
async fn end_by_id(tx: &mut Tx, deed: &Deed, sessions: &[SessionId]) -> Stored<Vec<Target>> {
    let ended: Vec<(i64, i64)> = tx.all(query(END_BY_ID).bind(deed.at).bind(deed.actor.account()).bind(json(sessions)?)).await?;
    let mut ended: HashMap<_, _> = ended.into_iter().map(|(account, session)| (session, account)).collect();
    let mut targets = Vec::with_capacity(sessions.len());
    for session in sessions {
        if let Some(account) = ended.remove(&session.0) {
            targets.push(session_target(session.0, account, None));
        } else if let Some((account,)) = tx.first::<(i64,)>(query(OWNER).bind(session.0)).await? {
            targets.push(Target { account: Some(account), session: Some(session.0), result: Outcome::Already, ..Target::default() });
        }
    }
    Ok(targets)
}

/// Whose session it is. Another's is as unknown as none to whoever does not hold the SIS role.
async fn owner(tx: &mut Tx, session: SessionId, who: &SignedIn) -> Stored<i64> {
    let owner: Option<(i64,)> = tx.first(query(OWNER).bind(session.0)).await?;
    match owner {
        Some((owner,)) if who.sis || owner == who.account.0 => Ok(owner),
        _ => Err(StoreError::Refused(AppError::NotFound)),
    }
}
