//! `/api/history/…`

use crate::{
    AppError,
    api::json::Json,
    model::event::{BatchId, History},
};
use leptos::prelude::*;

/// Events that the page shows at most.
pub const HISTORY_ROWS: u32 = 200;

/// The newest events before one, of everything or of one act.
#[server(prefix = "/api", endpoint = "history/list", input = Json, output = Json)]
pub async fn list(batch: Option<BatchId>, before: Option<i64>) -> Result<History, AppError> {
    let admin = crate::guard::admin()?;
    crate::guard::store().history(&admin, batch, before, HISTORY_ROWS).await?.ok_or(AppError::NotFound)
}
