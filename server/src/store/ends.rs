//! Ends without a plan: one session or one account at once, and what the command line ends.

use super::{
    SqlStore,
    acts::{self, Order, carry_out, ensure_allowed},
    database::{Reads as _, Tx, query},
    events::{self, Action, Actor, Deed, Outcome, Target},
    reports,
    sign_in::{OWNER, session_target},
};
use app::{
    AppError,
    guard::SignedIn,
    model::{
        account::AccountId,
        plan::{EndTarget, Report},
        session::SessionId,
        text::count,
    },
    store::{StoreError, Stored},
};
use std::time::{Duration, Instant};

const END_BY_ID: &str = "
update sessions
set ended_at = $1, end_kind = 'ended', ended_by = $2
where id = $3
and ended_at is null
returning id";

/// Users that one transaction of the command line ends at most: the server's writes wait for it no longer than they can.
const PART: usize = 2_000;

/// Between two of them, so that those who wait get their turn.
const BETWEEN: Duration = Duration::from_millis(60);

/// How long each of them waits for its turn: what runs at night must get through.
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
                EndTarget::Session(session) => vec![end_by_id(&mut tx, &deed, session, owner).await?],
            };
            events::record(&mut tx, &deed, &targets).await?;
            let report = reports::report(&mut tx, deed.batch, &who).await?.ok_or(StoreError::Internal)?;
            Ok((report, tx.commit().await?))
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
        let deed = Deed::new(actor, Action::End, now)?.because(reason);
        let (mut all, begun) = (Ended::default(), Instant::now());
        for (place, part) in accounts.chunks(PART.min(self.0.settings.step)).enumerate() {
            if place > 0 {
                tokio::time::sleep(BETWEEN).await;
            }
            match self.end_patiently(&deed, part, begun).await {
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

    /// Again and again while somebody else writes for long, as an End of many users does. Who has logged in since the act began is ended after
    /// that.
    async fn end_patiently(&self, deed: &Deed, part: &[i64], begun: Instant) -> Stored<Ended> {
        let until = Instant::now() + PATIENCE;
        loop {
            let at = deed.at.saturating_add(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX));
            match self.end_some(Deed { at, ..deed.clone() }, part.to_vec()).await {
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

/// Ends one session of an account. Answers its event, also where it had ended already.
async fn end_by_id(tx: &mut Tx, deed: &Deed, session: SessionId, owner: i64) -> Stored<Target> {
    let ended: Option<(i64,)> = tx.first(query(END_BY_ID).bind(deed.at).bind(deed.actor.account()).bind(session.0)).await?;
    Ok(match ended {
        Some(_) => session_target(session.0, owner, None),
        None => Target { account: Some(owner), session: Some(session.0), result: Outcome::Already, ..Target::default() },
    })
}

/// Whose session it is. Another's is as unknown as none to whoever does not hold the SIS role.
async fn owner(tx: &mut Tx, session: SessionId, who: &SignedIn) -> Stored<i64> {
    let owner: Option<(i64,)> = tx.first(query(OWNER).bind(session.0)).await?;
    match owner {
        Some((owner,)) if who.sis || owner == who.account.0 => Ok(owner),
        _ => Err(StoreError::Refused(AppError::NotFound)),
    }
}
