//! What an operator's monitor asks, under any host name.

use super::{Node, identify::within};
use axum::{extract::State, http::StatusCode};

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// A clock that differs by more than this from the database's wants looking after, in milliseconds. Nothing goes by it.
const OFF: i64 = 5_000;

/// `GET /readyz`: the database answers and the list follows it.
pub async fn readyz(State(node): State<Node>) -> (StatusCode, &'static str) {
    match within(node.credentials.ready()).await {
        Ok(()) if node.clock.ahead().abs() > OFF => {
            (StatusCode::OK, "ready; this machine's clock differs from the database's by more than 5 s")
        }
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer, or the list is behind it"),
    }
}
