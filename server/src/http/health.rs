//! What an operator's monitor asks, under any host name.

use super::{Node, identify::within};
use axum::{extract::State, http::StatusCode};

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// `GET /readyz`: the database answers and the list follows it.
pub async fn readyz(State(node): State<Node>) -> (StatusCode, &'static str) {
    match within(node.credentials.ready()).await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer, or the list is behind it"),
    }
}
