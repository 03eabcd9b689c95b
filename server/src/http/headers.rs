//! What stands on every answer that a browser may come to see, refusals and failures included.

use super::Node;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use leptos::nonce::Nonce;
use std::sync::Arc;

/// This answer's nonce: the policy names it, the page's scripts carry it.
#[derive(Clone)]
pub struct PageNonce(pub Arc<str>);

/// `no-referrer` would make the browser send `Origin: null` with our own forms, so it is `same-origin`.
const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// One nonce a request; policy and the other headers on its answer.
pub async fn headers(State(node): State<Node>, mut request: Request, next: Next) -> Response {
    let nonce = Arc::clone(Nonce::new().as_inner());
    // Browsers hold the redirect after a form against this too, and the log-in leads back to applications.
    let apps = node.config.apps.iter().filter(|_| request.uri().path() == "/sign-in");
    let apps = apps.fold(String::new(), |apps, app| format!("{apps} {}", app.origin()));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; form-action 'self'{apps}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    );
    request.extensions_mut().insert(PageNonce(nonce));
    let mut response = next.run(request).await;
    put(response.headers_mut(), &node, HeaderValue::try_from(policy).expect("ASCII"));
    response
}

/// For answers that are no pages.
pub async fn bare(State(node): State<Node>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // A proxy keeps a 2xx to itself; anything else it may hand on.
    if !response.status().is_success() {
        put(response.headers_mut(), &node, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    response
}

fn put(headers: &mut HeaderMap, node: &Node, policy: HeaderValue) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if node.config.public_url.https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
