//! Who asks: one look at the database for each request that carries a token.

use super::{Node, answer::Refused, cookies, peer::Peer};
use crate::{
    auth::token::TokenHash,
    credentials::{Checked, Why},
    metrics,
};
use app::{
    guard::{SignedIn, Visitor},
    store::{StoreError, Stored},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// A store that is silent this long is away: people get their answer within a second, and it is a refusal.
const SILENCE: Duration = Duration::from_millis(900);

/// What the request's cookie amounts to, in its extensions beside the [`Visitor`].
#[derive(Clone)]
pub struct Identity {
    /// The request's one *now*, UTC milliseconds.
    pub now: i64,
    /// Of the cookie's token, known or not.
    pub token: Option<TokenHash>,
    /// What the session check found.
    pub found: Checked,
}

impl Identity {
    /// Why the cookie's session is over, where it is.
    pub fn over(&self) -> Option<Why> {
        if let Checked::Over(why) = self.found { Some(why) } else { None }
    }
}

/// Checks the session and puts [`Identity`] and [`Visitor`] into the request; the visitor into the answer too, for its page.
pub async fn identify(State(node): State<Node>, mut request: Request, next: Next) -> Response {
    let now = node.clock.now();
    let token = cookies::token(request.headers(), &node.config.public_url).map(|token| token.hash());
    let found = match &token {
        None => Checked::Unknown,
        Some(token) => match checked(node.credentials.check(token, now)).await {
            Ok(checked) => checked,
            Err(error) => return Refused::from(error).into_response(),
        },
    };
    let visitor = match &found {
        Checked::Valid(session) => Visitor::SignedIn(SignedIn {
            session: session.session,
            account: session.account,
            user_name: session.user_name.clone(),
            sis: session.sis,
            now,
            origin: Peer::of(request.extensions(), request.headers(), &node.config.trusted_proxies).0,
        }),
        _ => Visitor::Nobody,
    };
    request.extensions_mut().insert(Identity { now, token, found });
    request.extensions_mut().insert(visitor.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(visitor);
    response
}

/// Notes the session's activity, unless the page asks by itself.
pub async fn activity(State(node): State<Node>, request: Request, next: Next) -> Response {
    if let Some(Identity { now, found: Checked::Valid(session), .. }) = request.extensions().get()
        && !is_background(&request)
    {
        node.credentials.touch(session, *now);
    }
    next.run(request).await
}

/// A session check, counted.
pub async fn checked(check: impl Future<Output = Stored<Checked>>) -> Stored<Checked> {
    let checked = within(check).await;
    metrics::check(match &checked {
        Ok(Checked::Valid(_)) => "valid",
        Ok(Checked::Over(_)) => "over",
        Ok(Checked::Unknown) => "unknown",
        Err(_) => "unavailable",
    });
    checked
}

/// Waits for the store, but not longer than people would.
pub async fn within<T>(answer: impl Future<Output = Stored<T>>) -> Stored<T> {
    tokio::time::timeout(SILENCE, answer).await.unwrap_or(Err(StoreError::Unavailable))
}

/// What a page asks without its person: the stream, how its session stands, the looks that follow, and whatever says so itself.
fn is_background(request: &Request) -> bool {
    let path = request.uri().path();
    path == "/live" && request.method().is_safe()
        || path == "/api/sessions/look"
        || request.headers().get("usm-background").is_some_and(|value| value == "1")
}
