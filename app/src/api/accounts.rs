//! `/api/accounts/…`

use crate::{
    AppError,
    api::json::Json,
    model::{
        account::{AccountDetails, AccountId, FoundAccounts},
        event::BatchId,
        plan::Undone,
    },
};
use leptos::prelude::*;

/// Accounts by user name or name.
#[server(prefix = "/api", endpoint = "accounts/search", input = Json, output = Json)]
pub async fn search(text: String, limit: u32) -> Result<FoundAccounts, AppError> {
    let admin = crate::guard::admin()?;
    let text = crate::model::account::search_text(&text).map_err(AppError::invalid)?;
    Ok(crate::guard::store().search_accounts(&admin, text, limit).await?)
}

/// One account.
#[server(prefix = "/api", endpoint = "accounts/details", input = Json, output = Json)]
pub async fn details(account: AccountId) -> Result<AccountDetails, AppError> {
    let admin = crate::guard::admin()?;
    crate::guard::store().account(&admin, account).await?.ok_or(AppError::NotFound)
}

/// Enables what an act disabled.
#[server(prefix = "/api", endpoint = "accounts/undo-disable", input = Json, output = Json)]
pub async fn undo_disable(batch: BatchId) -> Result<Undone, AppError> {
    let admin = crate::guard::admin()?;
    Ok(crate::guard::store().undo_disable(&admin, batch).await?)
}
