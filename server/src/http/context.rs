//! Rendering a page: what it finds in its context.

use super::{Node, cookies, headers::PageNonce};
use app::{
    frame::{Answer, Frame, Viewer},
    guard::Visitor,
};
use axum::{
    extract::Request,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use leptos::{nonce::Nonce, prelude::*};
use std::sync::Arc;

/// Puts the store, the frame and this answer's nonce into the context of pages and server functions.
pub fn provide(node: &Node) -> impl Fn() + Clone + Send + Sync + 'static {
    let node = node.clone();
    move || {
        provide_context(Arc::clone(&node.store));
        let Some(parts) = use_context::<Parts>() else { return };
        provide_context(frame(&node, &parts));
        // Leptos made a nonce of its own; the policy names ours.
        if let Some(PageNonce(nonce)) = parts.extensions.get::<PageNonce>() {
            provide_context(Nonce::from_value(Arc::clone(nonce)));
        }
    }
}

/// The document around every page.
pub fn shell(node: &Node) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static {
    let options = node.leptos.clone();
    move || app::shell(options.clone()).into_any()
}

/// Renders what the request's extensions say, with all its data, before the first byte is sent.
pub async fn page(node: &Node, request: Request) -> Response {
    leptos_axum::render_app_async_with_context(provide(node), shell(node))(request).await.into_response()
}

fn frame(node: &Node, parts: &Parts) -> Frame {
    let viewer = match parts.extensions.get::<Visitor>() {
        Some(Visitor::SignedIn(who)) => Some(Viewer { account: who.account, user_name: who.user_name.clone(), sis: who.sis }),
        _ => None,
    };
    let answer = parts.extensions.get::<Answer>().cloned().unwrap_or_default();
    Frame {
        site_name: node.config.site_name.clone(),
        time_zone: node.config.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        theme: cookies::theme(&parts.headers).map(str::to_owned),
        viewer,
        alone: answer != Answer::Page,
        answer,
    }
}
