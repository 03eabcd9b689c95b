//! A made-up school district to look at: people, who of them is signed in, and their comings and goings.

pub mod chance;
pub mod crowd;
pub mod district;
pub mod names;
pub mod passwords;
pub mod traffic;
pub mod visits;

use crate::{
    activity::Limits,
    auth::token::Token,
    store::{Actor, ListedAccount, NewAccount, SessionStart, SqlStore},
};
use app::{
    model::{account::AccountId, text::count},
    store::{StoreError, Stored},
};
use chance::Chance;
use passwords::Named;
use visits::Visit;

/// Sessions that begin in one transaction: a running server waits for one of these at most.
const AT_ONCE: usize = 100;
/// The same where so many are missing that no server is likely to run yet: each transaction writes most pages of all indexes.
const AT_ONCE_OF_MANY: usize = 100_000;

/// Accounts are as old as a school year's beginning.
const ACCOUNTS_BEFORE: i64 = 60 * 24 * 60 * 60 * 1_000;

/// Creates a district's accounts in a database that has none. Those in `named` have these password hashes, the others none.
///
/// # Errors
/// [`StoreError`]; all accounts are created, or none.
pub async fn create_accounts(store: &SqlStore, number: u32, seed: u64, named: &[Named], now: i64) -> Stored<()> {
    let people = district::people(number, seed);
    let new = people.iter().map(|person| NewAccount {
        user_name: person.user_name.clone(),
        last_name: person.last_name.clone(),
        first_name: person.first_name.clone(),
        email: person.email.clone(),
        password_hash: named.iter().find(|named| named.user_name == person.user_name).map(|named| named.hash.clone()),
        sis: person.sis,
    });
    let then = now - ACCOUNTS_BEFORE;
    let ids = store.create_accounts(Actor::CommandLine, new.collect(), then).await?;
    store.analyze_accounts().await?;
    let disabled = people.iter().zip(ids).filter(|(person, _)| person.disabled).map(|(_, id)| id).collect();
    store.disable_accounts(Actor::CommandLine, disabled, "Left the district", then).await
}

/// Signs people in until so many sessions are active. Answers how many began.
///
/// # Errors
/// [`StoreError`]; the sessions that began stay.
pub async fn top_up(store: &SqlStore, sessions: u32, limits: Limits, now: i64, chance: &mut Chance) -> Stored<u32> {
    store.end_timed_out(now).await?;
    let accounts = store.list_accounts(now).await?;
    let active: u32 = accounts.iter().map(|account| account.sessions).sum();
    let missing = sessions.saturating_sub(active);
    let idle: Vec<_> = accounts.iter().filter(|account| account.sessions == 0 && comes_by_itself(account)).collect();
    let user_names: Vec<_> = idle.iter().map(|account| &*account.user_name).collect();
    let mut visits = visits::visits(&user_names, missing as usize, limits, now, chance);
    // The log is in the order of time.
    visits.sort_by_key(|visit| visit.created_at);
    let mut begun = 0;
    let at_once = if visits.len() > AT_ONCE_OF_MANY { AT_ONCE_OF_MANY } else { AT_ONCE };
    for visits in visits.chunks(at_once) {
        // No server may be there to do it, and each page is looked for in the whole log. What comes too late comes with the next.
        let _ = store.checkpoint().await;
        let starts = visits.iter().map(|visit| start(visit, idle[visit.person].id)).collect::<Stored<_>>()?;
        begun += store.begin_demo_sessions(starts).await?.into_iter().flatten().count();
    }
    Ok(count(begun))
}

/// Whether an account is one of those that chance signs in: not one that is disabled, and not the one to log in with.
fn comes_by_itself(account: &ListedAccount) -> bool {
    !account.disabled && account.user_name != district::ADMINISTRATOR
}

/// A session whose token nobody knows.
fn start(visit: &Visit, account: AccountId) -> Stored<SessionStart> {
    let token = Token::new().map_err(|error| {
        tracing::error!(%error, "the operating system gave no random bytes");
        StoreError::Unavailable
    })?;
    Ok(SessionStart {
        account,
        token: token.hash(),
        created_at: visit.created_at,
        last_seen_at: visit.last_seen_at,
        ip: visit.ip.clone(),
        user_agent: visit.user_agent.to_owned(),
    })
}
