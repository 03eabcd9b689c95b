//! Unsafe requests that another site made the browser send (CSRF).
//!
//! Browsers say so themselves in `Sec-Fetch-Site`. On a plain-http host of the local network they leave it out; there `Origin` decides.

use super::{Node, answer::Refused};
use crate::config::PublicUrl;
use app::AppError;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses what does not come from our own pages.
pub async fn origin(State(node): State<Node>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own(request.headers(), &node.config.public_url) {
        return next.run(request).await;
    }
    Refused(AppError::CrossSite).into_response()
}

/// Whether a page may hear the stream: our own, or none at all.
pub fn may_listen(headers: &HeaderMap, url: &PublicUrl) -> bool {
    is_own(headers, url) || !headers.contains_key("sec-fetch-site") && !headers.contains_key(header::ORIGIN)
}

/// Neither header at all is no browser: a script may pass, but not with a browser's cookie.
fn is_own(headers: &HeaderMap, url: &PublicUrl) -> bool {
    match (headers.get("sec-fetch-site"), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => origin == url.origin().as_str(),
        (None, None) => !headers.contains_key(header::COOKIE),
    }
}
