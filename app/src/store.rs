//! What the pages ask of the server: a person's intentions, not table operations.
//!
//! Each method but [`Store::export_texts`] takes who asks: [`Admin`], which only the check of the role makes, or [`SignedIn`]. Each write
//! is one transaction with one event per target.

use crate::{
    error::AppError,
    guard::{Admin, SignedIn},
    model::{
        account::{AccountDetails, AccountId, FoundAccounts, OwnAccount, SaveAccount, Saved},
        event::{BatchId, History},
        plan::{Act, Confirmation, EndTarget, Plan, PlanId, Report, Undone},
        query::Query,
        selection::Selection,
        session::{AccountSessions, Meanwhile, OnScreen, Part, SelectedRows, Window},
    },
};

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The database is away, locked, full or too slow. Nothing was done.
    Unavailable,
    /// The commit was sent and its answer lost. Repeating a plan tells.
    OutcomeUnknown,
    /// The rules refuse it, in words for the person.
    Refused(AppError),
    /// A defect, already logged.
    Internal,
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => Self::Unavailable,
            StoreError::OutcomeUnknown => Self::OutcomeUnknown,
            StoreError::Refused(error) => error,
            StoreError::Internal => Self::Internal,
        }
    }
}

/// Answers, or why not.
pub type Stored<T> = Result<T, StoreError>;

/// Somebody in the list, as an export keeps him until his line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub account: AccountId,
    /// When the newest session that matches was created, UTC milliseconds.
    pub created_at: i64,
    /// Active sessions.
    pub count: u32,
}

/// The one door between pages and server.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// The Session List, filtered and sorted: the part of it that is asked for.
    /// With it, what `selection` amounts to beside this list.
    async fn list(&self, admin: &Admin, query: &Query, selection: &Selection, part: Part) -> Stored<Window>;
    /// What has become of a page's rows, with what `selection` amounts to beside the list.
    async fn look(&self, admin: &Admin, query: &Query, selection: &Selection, screen: OnScreen) -> Stored<Meanwhile>;
    /// Who is selected: those first whom the list that `shown` asks for leaves out.
    async fn selected(&self, admin: &Admin, selection: &Selection, shown: &Query) -> Stored<SelectedRows>;
    /// Everybody from one row of the list to another, at most [`crate::model::selection::RANGE_USERS`].
    async fn range(&self, admin: &Admin, query: &Query, from: AccountId, to: AccountId) -> Stored<Vec<AccountId>>;
    /// Everybody in the list in its order, for a file: one event.
    async fn export(&self, admin: &Admin, query: &Query) -> Stored<Vec<Listed>>;
    /// Their columns as shown. Who was deleted meanwhile is left out.
    async fn export_texts(&self, listed: Vec<Listed>) -> Stored<Vec<[String; 5]>>;
    /// The active sessions of one account, `None` for an unknown id.
    async fn sessions_of(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountSessions>>;
    /// Turns a selection into a plan. `shown` is the list as filtered on the screen: who is selected but not in it comes first.
    async fn prepare(&self, admin: &Admin, act: Act, selection: &Selection, shown: &Query) -> Stored<Plan>;
    /// Does what the plan says, once; a repeated commit answers the first report. While `left` is not 0, commit again.
    async fn commit(&self, admin: &Admin, plan: PlanId, confirmation: &Confirmation) -> Stored<Report>;
    /// What an act of this administrator's did, for the page after the redirect.
    async fn report(&self, admin: &Admin, batch: BatchId) -> Stored<Option<Report>>;
    /// What is done of a plan that this session confirmed and that stopped on its way; `None` where there is none.
    async fn unfinished(&self, admin: &Admin) -> Stored<Option<Report>>;
    /// Ends one session (one's own; any for SIS holders) or all of one account (SIS holders).
    async fn end(&self, who: &SignedIn, target: EndTarget) -> Stored<Report>;
    /// Enables the accounts that this act disabled and nobody changed since.
    async fn undo_disable(&self, admin: &Admin, batch: BatchId) -> Stored<Undone>;
    /// Accounts by user name or name, the best match first, at most `limit`.
    async fn search_accounts(&self, admin: &Admin, text: &str, limit: u32) -> Stored<FoundAccounts>;
    /// One account, `None` for an unknown id.
    async fn account(&self, admin: &Admin, account: AccountId) -> Stored<Option<AccountDetails>>;
    /// Save of User Account Information.
    async fn save_account(&self, admin: &Admin, save: &SaveAccount) -> Stored<Saved>;
    /// The newest events, at most `limit`: of everything, or of one act, `None` where there is none of that name.
    async fn history(&self, admin: &Admin, act: Option<BatchId>, before: Option<i64>, limit: u32) -> Stored<Option<History>>;
    /// One's own account and sessions.
    async fn own_account(&self, who: &SignedIn) -> Stored<OwnAccount>;
}
