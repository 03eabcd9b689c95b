//! `/api/sessions/…`

use crate::{
    AppError,
    api::json::Json,
    model::{
        account::{AccountId, OwnAccount},
        event::BatchId,
        plan::{Act, Confirmation, EndTarget, Plan, PlanId, Report},
        query::Query,
        selection::Selection,
        session::{AccountSessions, Kept, Meanwhile, OnScreen, SelectedRows, Window},
    },
};
use leptos::prelude::*;

/// The Session List, filtered and sorted, and what the selection amounts to beside it (limit 1 where only the numbers are wanted).
#[server(prefix = "/api", endpoint = "sessions/list", input = Json, output = Json)]
pub async fn list(
    query: Query,
    #[server(default)] selection: Selection,
    offset: u32,
    limit: u32,
    #[server(default)] kept: Kept,
) -> Result<Window, AppError> {
    let admin = crate::guard::admin()?;
    let (query, selection) = (query.checked().map_err(AppError::invalid)?, selection.checked().map_err(AppError::invalid)?);
    let part = crate::model::session::Part { offset, limit, kept };
    Ok(crate::guard::store().list(&admin, &query, &selection, part).await?)
}

/// What has become of a page's rows. It follows the stream by itself: no activity of its person.
#[server(prefix = "/api", endpoint = "sessions/look", input = Json, output = Json)]
pub async fn look(query: Query, #[server(default)] selection: Selection, screen: OnScreen) -> Result<Meanwhile, AppError> {
    let admin = crate::guard::admin()?;
    let (query, selection) = (query.checked().map_err(AppError::invalid)?, selection.checked().map_err(AppError::invalid)?);
    Ok(crate::guard::store().look(&admin, &query, &selection, screen.checked()?).await?)
}

/// Who is selected: those first whom the list's filters leave out.
#[server(prefix = "/api", endpoint = "sessions/selected", input = Json, output = Json)]
pub async fn selected(selection: Selection, shown: Query) -> Result<SelectedRows, AppError> {
    let admin = crate::guard::admin()?;
    let (selection, shown) = (selection.checked().map_err(AppError::invalid)?, shown.checked().map_err(AppError::invalid)?);
    Ok(crate::guard::store().selected(&admin, &selection, &shown).await?)
}

/// Everybody from one row of the list to another, both included, whatever lies between them and in whatever order they stand; where
/// the first is no longer in the list the other alone.
#[server(prefix = "/api", endpoint = "sessions/range", input = Json, output = Json)]
pub async fn range(query: Query, from: AccountId, to: AccountId) -> Result<Vec<AccountId>, AppError> {
    let admin = crate::guard::admin()?;
    Ok(crate::guard::store().range(&admin, &query.checked().map_err(AppError::invalid)?, from, to).await?)
}

/// One account's active sessions.
#[server(prefix = "/api", endpoint = "sessions/of", input = Json, output = Json)]
pub async fn of(account: AccountId) -> Result<AccountSessions, AppError> {
    let admin = crate::guard::admin()?;
    crate::guard::store().sessions_of(&admin, account).await?.ok_or(AppError::NotFound)
}

/// Turns a selection into a plan.
#[server(prefix = "/api", endpoint = "sessions/plan", input = Json, output = Json)]
pub async fn prepare(act: Act, selection: Selection, shown: Query) -> Result<Plan, AppError> {
    let admin = crate::guard::admin()?;
    let (selection, shown) = (selection.checked().map_err(AppError::invalid)?, shown.checked().map_err(AppError::invalid)?);
    Ok(crate::guard::store().prepare(&admin, act, &selection, &shown).await?)
}

/// Commits a plan; while the report's `left` is not 0, again.
#[server(prefix = "/api", endpoint = "sessions/commit", input = Json, output = Json)]
pub async fn commit(plan: PlanId, confirmation: Confirmation) -> Result<Report, AppError> {
    let admin = crate::guard::admin()?;
    let confirmation = confirmation.checked()?;
    Ok(crate::guard::store().commit(&admin, plan, &confirmation).await?)
}

/// What an act did, for the page after a redirect.
#[server(prefix = "/api", endpoint = "sessions/report", input = Json, output = Json)]
pub async fn find_report(batch: BatchId) -> Result<Option<Report>, AppError> {
    let admin = crate::guard::admin()?;
    Ok(crate::guard::store().report(&admin, batch).await?)
}

/// Ends one session, or all of one account.
#[server(prefix = "/api", endpoint = "sessions/end", input = Json, output = Json)]
pub async fn end(target: EndTarget) -> Result<Report, AppError> {
    let who = crate::guard::signed_in()?;
    Ok(crate::guard::store().end(&who, target).await?)
}

/// One's own account and sessions.
#[server(prefix = "/api", endpoint = "sessions/own", input = Json, output = Json)]
pub async fn own() -> Result<OwnAccount, AppError> {
    let who = crate::guard::signed_in()?;
    Ok(crate::guard::store().own_account(&who).await?)
}
