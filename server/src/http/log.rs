//! One line for each request, and one more for the monitor: never its query (names stand in filters), its cookies or its body.

use crate::metrics;
use axum::{extract::Request, middleware::Next, response::Response};
use std::time::Instant;

/// Logs method, path, status and duration.
pub async fn log(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took = start.elapsed();
    metrics::request(status, took);
    let duration_ms = took.as_secs_f64() * 1e3;
    // Debug: it encodes what could forge a line or speak to a terminal.
    tracing::info!(%method, ?path, status, duration_ms, "request");
    response
}
