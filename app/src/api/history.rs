//! `/api/history/…`

use crate::{AppError, api::json::Json, model::event::EventLine};
use leptos::prelude::*;

/// Events that the page shows at most.
pub const HISTORY_ROWS: u32 = 200;

/// The newest events.
#[server(prefix = "/api", endpoint = "history/list", input = Json, output = Json)]
pub async fn list() -> Result<Vec<EventLine>, AppError> {
    let admin = crate::guard::admin()?;
    Ok(crate::guard::store().history(&admin, HISTORY_ROWS).await?)
}
