//! The real store, and what a test lets happen between the session check and the store's work.

use app::{
    guard::{Admin, SignedIn},
    model::{
        account::{AccountDetails, AccountId, FoundAccounts, OwnAccount, SaveAccount, Saved},
        event::{BatchId, History},
        plan::{Act, Confirmation, EndTarget, Plan, PlanId, Report, Undone},
        query::Query,
        selection::Selection,
        session::{self, AccountSessions, OnScreen, Part, SelectedRows, Window},
    },
    store::{Listed, Store, Stored},
};
use futures::future::BoxFuture;
use server::store::SqlStore;

/// Before each call `before` is awaited; its error is the answer.
pub struct Meanwhile<F> {
    pub store: SqlStore,
    pub before: F,
}

#[async_trait::async_trait]
impl<F: Fn() -> BoxFuture<'static, Stored<()>> + Send + Sync + 'static> Store for Meanwhile<F> {
    async fn list(&self, admin: &Admin, query: &Query, selection: &Selection, part: Part) -> Stored<Window> {
        (self.before)().await?;
        self.store.list(admin, query, selection, part).await
    }
    async fn look(&self, admin: &Admin, query: &Query, selection: &Selection, screen: OnScreen) -> Stored<session::Meanwhile> {
        (self.before)().await?;
        self.store.look(admin, query, selection, screen).await
    }
    async fn selected(&self, admin: &Admin, selection: &Selection, shown: &Query) -> Stored<SelectedRows> {
        (self.before)().await?;
        self.store.selected(admin, selection, shown).await
    }
    async fn range(&self, admin: &Admin, query: &Query, from: AccountId, to: AccountId) -> Stored<Vec<AccountId>> {
        (self.before)().await?;
        self.store.range(admin, query, from, to).await
    }
    async fn export(&self, admin: &Admin, query: &Query) -> Stored<Vec<Listed>> {
        (self.before)().await?;
        self.store.export(admin, query).await
    }
    async fn export_texts(&self, listed: Vec<Listed>) -> Stored<Vec<[String; 5]>> {
        (self.before)().await?;
        self.store.export_texts(listed).await
    }
    async fn sessions_of(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountSessions>> {
        (self.before)().await?;
        self.store.sessions_of(admin, account).await
    }
    async fn prepare(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Plan> {
        (self.before)().await?;
        self.store.prepare(admin, act, selection, shown).await
    }
    async fn commit(&self, admin: &Admin, plan: PlanId, confirmation: &Confirmation) -> Stored<Report> {
        (self.before)().await?;
        self.store.commit(admin, plan, confirmation).await
    }
    async fn report(&self, admin: &Admin, batch: BatchId) -> Stored<Option<Report>> {
        (self.before)().await?;
        self.store.report(admin, batch).await
    }
    async fn unfinished(&self, admin: &Admin) -> Stored<Option<Report>> {
        (self.before)().await?;
        self.store.unfinished(admin).await
    }
    async fn end(&self, who: &SignedIn, target: EndTarget) -> Stored<Report> {
        (self.before)().await?;
        self.store.end(who, target).await
    }
    async fn undo_disable(&self, admin: &Admin, batch: BatchId) -> Stored<Undone> {
        (self.before)().await?;
        self.store.undo_disable(admin, batch).await
    }
    async fn search_accounts(&self, admin: &Admin, text: &str, limit: u32) -> Stored<FoundAccounts> {
        (self.before)().await?;
        self.store.search_accounts(admin, text, limit).await
    }
    async fn account(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountDetails>> {
        (self.before)().await?;
        self.store.account(admin, account).await
    }
    async fn save_account(&self, admin: &Admin, save: &SaveAccount) -> Stored<Saved> {
        (self.before)().await?;
        self.store.save_account(admin, save).await
    }
    async fn history(&self, admin: &Admin, act: Option<BatchId>, before: Option<i64>, limit: u32) -> Stored<Option<History>> {
        (self.before)().await?;
        self.store.history(admin, act, before, limit).await
    }
    async fn own_account(&self, who: &SignedIn) -> Stored<OwnAccount> {
        (self.before)().await?;
        self.store.own_account(who).await
    }
}
