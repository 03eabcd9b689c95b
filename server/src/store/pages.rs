//! What the pages ask, answered: the list from the directory, everything else from the database.

use super::{SqlStore, acts::refused, database::Kind};
use crate::{directory::Directory, metrics, show};
use app::{
    guard::{Admin, SignedIn},
    model::{
        account::{AccountDetails, AccountId, FoundAccounts, OwnAccount, SaveAccount, Saved},
        event::{BatchId, History},
        plan::{Act, Confirmation, EndTarget, Plan, PlanId, Report, Undone},
        query::Query,
        selection::{RANGE_USERS, Selection},
        session::{AccountSessions, Meanwhile, OnScreen, Part, SelectedRows, Window},
        text::{count, thousands},
    },
    store::{Listed, Store, StoreError, Stored},
};
use std::sync::PoisonError;

/// Accounts that one search answers at most, and events that the history does.
const FOUND: u32 = 100;
const EVENTS: u32 = 1_000;

#[async_trait::async_trait]
impl Store for SqlStore {
    async fn list(&self, admin: &Admin, query: &Query, selection: &Selection, part: Part) -> Stored<Window> {
        let (query, selection, you, now) = (query.clone(), selection.clone(), admin.who().account, admin.who().now);
        let window = self.in_directory(move |directory| directory.window(&query, &selection, now, you, part)).await?;
        Ok(self.as_of(window, now))
    }

    async fn look(&self, admin: &Admin, query: &Query, selection: &Selection, screen: OnScreen) -> Stored<Meanwhile> {
        if matches!(self.database().kind(), Kind::Postgres(_)) {
            // The news that it follows may be another node's, which has nothing more to tell.
            self.feed().catch_up().await;
        }
        let (query, selection, you, now, panel) = (query.clone(), selection.clone(), admin.who().account, admin.who().now, screen.panel);
        let mut look = self.in_directory(move |directory| directory.look(&query, &selection, now, you, &screen)).await?;
        look.window = self.as_of(look.window, now);
        if let Some(account) = panel {
            look.panel = self.account_sessions(admin, account).await?;
        }
        Ok(look)
    }

    async fn selected(&self, admin: &Admin, selection: &Selection, shown: &Query) -> Stored<SelectedRows> {
        let (selection, shown, you, now) = (selection.clone(), shown.clone(), admin.who().account, admin.who().now);
        self.in_directory(move |directory| directory.selected_rows(&selection, &shown, now, you)).await
    }

    async fn range(&self, admin: &Admin, query: &Query, from: AccountId, to: AccountId) -> Stored<Vec<AccountId>> {
        let (query, now) = (query.clone(), admin.who().now);
        let accounts = self.in_directory(move |directory| directory.range(&query, now, from, to)).await?;
        fitting(accounts)
    }

    async fn export(&self, admin: &Admin, query: &Query) -> Stored<Vec<Listed>> {
        let (asked, now) = (query.clone(), admin.who().now);
        let listed = self.in_directory(move |directory| directory.listed(&asked, now)).await?;
        self.note_export(admin, query, listed.len()).await?;
        Ok(listed)
    }

    async fn export_texts(&self, listed: Vec<Listed>) -> Stored<Vec<[String; 5]>> {
        self.in_directory(move |directory| listed.iter().filter_map(|listed| directory.export_texts(listed)).collect()).await
    }

    async fn sessions_of(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountSessions>> {
        self.account_sessions(admin, account).await
    }

    async fn prepare(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Plan> {
        self.make_plan(admin, act, selection, shown).await
    }

    async fn commit(&self, admin: &Admin, plan: PlanId, confirmation: &Confirmation) -> Stored<Report> {
        metrics::act("plan", self.commit_plan(admin, plan, confirmation).await)
    }

    async fn report(&self, admin: &Admin, batch: BatchId) -> Stored<Option<Report>> {
        self.own_report(admin, batch).await
    }

    async fn unfinished(&self, admin: &Admin) -> Stored<Option<Report>> {
        self.unfinished_report(admin).await
    }

    async fn end(&self, who: &SignedIn, target: EndTarget) -> Stored<Report> {
        metrics::act("end", self.end_target(who, target).await)
    }

    async fn undo_disable(&self, admin: &Admin, batch: BatchId) -> Stored<Undone> {
        metrics::act("undo_disable", self.undo(admin, batch).await)
    }

    async fn search_accounts(&self, _admin: &Admin, text: &str, limit: u32) -> Stored<FoundAccounts> {
        let text = text.to_owned();
        self.in_directory(move |directory| directory.search(&text, limit.min(FOUND))).await
    }

    async fn account(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountDetails>> {
        self.account_details(admin, account).await
    }

    async fn save_account(&self, admin: &Admin, save: &SaveAccount) -> Stored<Saved> {
        metrics::act("save_account", self.save(admin, save).await)
    }

    async fn history(&self, _admin: &Admin, act: Option<BatchId>, before: Option<i64>, limit: u32) -> Stored<Option<History>> {
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.min(EVENTS));
        match act {
            None => self.newest_events(before, limit).await.map(Some),
            Some(act) => self.events_of_act(act, before, limit).await,
        }
    }

    async fn own_account(&self, who: &SignedIn) -> Stored<OwnAccount> {
        self.own_details(who).await
    }
}

impl SqlStore {
    /// Says so where the directory has lost the database's news.
    fn as_of(&self, window: Window, now: i64) -> Window {
        let Some(behind) = self.feed().behind() else { return window };
        let then = now.saturating_sub(i64::try_from(behind.as_millis()).unwrap_or(i64::MAX));
        Window { behind: true, updated: show::time_of_day(then, self.zone()), ..window }
    }

    /// Asks the directory, off the threads that serve requests: a filter over a million accounts takes its time. Right after the start
    /// it is still to be loaded.
    pub(super) async fn in_directory<T: Send + 'static>(&self, ask: impl FnOnce(&Directory) -> T + Send + 'static) -> Stored<T> {
        self.loaded().await;
        let (place, directory) = (self.feed().place().await?, self.directory().clone());
        let asked = tokio::task::spawn_blocking(move || {
            let answer = directory.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(ask);
            drop(place);
            answer
        });
        let answer = asked.await.map_err(|error| {
            tracing::error!(%error, "the directory panicked");
            StoreError::Internal
        })?;
        answer.ok_or(StoreError::Unavailable)
    }
}

/// The users of a range, where these are not too many to be sent.
fn fitting(accounts: Vec<AccountId>) -> Stored<Vec<AccountId>> {
    let users = count(accounts.len());
    if users > RANGE_USERS {
        return Err(refused(format!(
            "That range holds {} users, more than the {} that fit. Filter the list and select all that match instead.",
            thousands(users),
            thousands(RANGE_USERS)
        )));
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::AppError;

    #[test]
    fn inp_07_a_range_of_too_many_is_refused_and_not_cut() {
        let people = |number: i64| (1..=number).map(AccountId).collect::<Vec<_>>();
        assert_eq!(fitting(people(200_000)).expect("they fit").len(), 200_000);
        let Err(StoreError::Refused(AppError::Invalid { message: sentence })) = fitting(people(200_001)) else { panic!("it is refused") };
        assert!(sentence.contains("200,001") && sentence.contains("200,000"), "{sentence}");
    }
}
