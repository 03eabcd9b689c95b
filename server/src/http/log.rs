//! One line for each request but those that are asked often and well, never with its query (names stand in filters), its cookies or its
//! body; and one count for `/metrics`.

use crate::metrics;
use axum::{extract::Request, middleware::Next, response::Response};
use std::time::Instant;

/// What proxies and monitors ask, whose own log has it: no line where all is well, unless more is asked for by `RUST_LOG`.
const ASKED_OFTEN: [&str; 3] = ["/auth/verify", "/healthz", "/readyz"];

/// Logs method, path, status and duration.
pub async fn log(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took = start.elapsed();
    metrics::request(status, took);
    let duration_ms = took.as_secs_f64() * 1e3;
    // `?path`: it encodes what could forge a line or speak to a terminal.
    if response.status().is_success() && ASKED_OFTEN.contains(&&*path) {
        tracing::debug!(%method, ?path, status, duration_ms, "request");
    } else {
        tracing::info!(%method, ?path, status, duration_ms, "request");
    }
    response
}
