//! What an operator's monitor asks, under any host name.

use super::{Node, identify::within};
use axum::{extract::State, http::StatusCode};

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// How far this machine's clock may be from the database's, or on SQLite behind the latest time in the log, before somebody should look
/// after it, in milliseconds.
const OFF: i64 = 5_000;

/// `GET /readyz`: the database answers and the list follows it. A clock that is off is told, no more.
pub async fn readyz(State(node): State<Node>) -> (StatusCode, &'static str) {
    match within(node.credentials.ready()).await {
        Ok(()) if node.clock.ahead().abs() > OFF => {
            (StatusCode::OK, "ready; this machine's clock differs from the database's by more than 5 s, or from the log's latest time")
        }
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer, or the list is behind it"),
    }
}
