//! Everything between the socket and the two traits: who asks, from where, and what he gets.
//!
//! The layers, from the outside in. Each refuses by [`answer::Refused`]; only [`answer::render`] makes pages and JSON of that.
//! 1. [`headers`]: policy and other headers, on every answer; [`log`]: one line for each request; panics become a 500
//! 2. [`answer`]: pages for refusals and for forms
//! 3. [`host`]: methods and hosts that are not ours
//! 4. [`identify`]: the session check; [`refusals`]: the event of a refused unsafe request
//! 5. [`origin`]: unsafe requests that another site sent; [`identify::activity`]
//! 6. [`api`]: what holds for server functions; [`guard`]: the right to a page, before rendering starts
//!
//! [`health`] stands outside of 3 to 6: a monitor asks it, under any host name. So does a proxy ask [`verify`], which has
//! layer 1 alone.

mod answer;
mod api;
mod context;
mod cookies;
mod export;
pub use export::Exports;
mod fields;
mod files;
mod forms;
mod guard;
mod headers;
mod health;
mod host;
mod identify;
mod live;
mod log;
mod origin;
mod panics;
mod peer;
mod refusals;
mod sign_in;
mod standing;
mod verify;
mod way;

use crate::{auth::password::Passwords, clock::Clock, config::Config, credentials::Credentials};
use answer::Refused;
use app::{App, AppError, store::Store};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware::{from_fn, from_fn_with_state},
    routing::{get, head, post},
};
use leptos::config::LeptosOptions;
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// The longest body, in bytes: a plan of some hundred thousand single ids.
const BODY_BYTES: usize = 2 * 1024 * 1024;

/// The longest body of the log-in form, in bytes: the longest way back, of which a form encodes each byte by three, and the other fields.
const SIGN_IN_BYTES: usize = 3 * way::NEXT_BYTES + 16 * 1024;

/// A running node: what answers, and what it was told. Cloned, it is the same node.
#[derive(Clone)]
pub struct Node {
    pub config: Arc<Config>,
    pub store: Arc<dyn Store>,
    pub credentials: Arc<dyn Credentials>,
    pub passwords: Passwords,
    pub exports: Exports,
    pub clock: Clock,
    /// Where the built site is.
    pub leptos: LeptosOptions,
}

impl FromRef<Node> for LeptosOptions {
    fn from_ref(node: &Node) -> Self {
        node.leptos.clone()
    }
}

/// The whole product as a service. `serve` gives it the peer's address by `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(node: Node) -> Router {
    let layer = node.clone();
    // The start is no page of its own; an application without routes is listed as one at "/".
    let mut routes = generate_route_list(App);
    routes.retain(|route| route.path() != "/");

    let pages = Router::new()
        .leptos_routes_with_context(&node, routes, context::provide(&node), context::shell(&node))
        .route("/", get(guard::start))
        .route("/live", head(standing::ask).post(standing::stay).get(live::live))
        .route("/sign-in", post(sign_in::sign_in).layer(DefaultBodyLimit::max(SIGN_IN_BYTES)))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/theme", post(forms::theme))
        .route("/sessions.csv", get(export::sessions))
        .route("/sessions/plan", post(forms::plan))
        .route("/sessions/commit", post(forms::commit))
        .route("/sessions/end", post(forms::end))
        .route("/accounts/undo-disable", post(forms::undo_disable))
        .route("/accounts/{id}", post(forms::save_account))
        .method_not_allowed_fallback(async || Refused(AppError::MethodNotAllowed))
        .route_layer(from_fn_with_state(layer.clone(), guard::guard))
        .fallback(async || Refused(AppError::NotFound))
        .layer(from_fn_with_state(layer.clone(), api::api))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(layer.clone(), identify::activity))
        .layer(from_fn_with_state(layer.clone(), origin::origin))
        .layer(from_fn_with_state(layer.clone(), refusals::refusals))
        .layer(from_fn_with_state(layer.clone(), identify::identify));

    // Asked before each request to an application: nothing is done for its answer that only a page needs.
    let verify = Router::new()
        .route("/auth/verify", get(verify::verify))
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(from_fn(log::log))
        .layer(from_fn_with_state(layer.clone(), headers::bare));

    pages
        .merge(files::files(&node.leptos))
        .layer(from_fn_with_state(layer.clone(), host::host))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .layer(from_fn_with_state(layer.clone(), answer::render))
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(from_fn(log::log))
        .layer(from_fn_with_state(layer, headers::headers))
        .merge(verify)
        .with_state(node)
}
