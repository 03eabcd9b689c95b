//! Who may see which page: decided before rendering starts, because then the status is fixed.

use super::{
    Node,
    answer::{Refused, refusal},
    cookies,
    identify::{Identity, within},
    sign_in::sign_in_address,
    way,
};
use crate::credentials::{Checked, Why};
use app::{
    AppError,
    guard::Visitor,
    model::{
        account::{AccountId, search_text},
        event::BatchId,
        query::Query,
    },
};
use axum::{
    Extension,
    extract::{self, Request, State},
    http::{Method, Uri},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};

/// The right that an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Everybody,
    SignedIn,
    Sis,
}

impl Right {
    /// What is not listed is for SIS holders: a forgotten page is closed, not open.
    fn of(path: &str) -> Self {
        match path {
            // The stream refuses by itself, without a page.
            "/sign-in" | "/sign-out" | "/theme" | "/live" => Self::Everybody,
            "/" | "/me" | "/help" | "/sessions/end" => Self::SignedIn,
            _ => Self::Sis,
        }
    }
}

/// Lets in who has the right, and refuses addresses that name nothing. Server functions have guards of their own.
pub async fn guard(State(node): State<Node>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let right = Right::of(path);
    if right == Right::Everybody || path.starts_with("/api/") {
        return next.run(request).await;
    }
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let identity = request.extensions().get::<Identity>().cloned();
    let uri = request.uri().clone();
    if let Err(refused) = check(&node, &visitor, right, request.method(), &uri).await {
        return match refused {
            AppError::NotSignedIn => log_in(&node, &uri, identity.and_then(|identity| identity.over())),
            error => Refused(error).into_response(),
        };
    }
    let response = next.run(request).await;
    if refusal(&response) != Some(&AppError::NotSignedIn) {
        return response;
    }
    // Ended between this look at the session and the one in the form's transaction.
    let Some(Identity { token: Some(token), now, .. }) = identity else { return response };
    match within(node.credentials.check(&token, now)).await {
        Ok(Checked::Over(why)) => log_in(&node, &uri, Some(why)),
        _ => response,
    }
}

/// `GET /`: each to his own start.
pub async fn start(Extension(visitor): Extension<Visitor>) -> Result<Redirect, Refused> {
    Ok(Redirect::to(if visitor.signed_in()?.sis { "/sessions" } else { "/me" }))
}

async fn check(node: &Node, visitor: &Visitor, right: Right, method: &Method, uri: &Uri) -> Result<(), AppError> {
    if right == Right::SignedIn {
        return visitor.clone().signed_in().map(|_| ());
    }
    let admin = visitor.clone().admin()?;
    if !method.is_safe() {
        return Ok(());
    }
    let pairs = || extract::Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| AppError::Malformed);
    if uri.path() == "/sessions" {
        Query::from_pairs(&pairs()?.0).map_err(AppError::invalid)?;
    } else if uri.path() == "/accounts" {
        for (_, text) in pairs()?.iter().filter(|(name, _)| name == "q") {
            search_text(text).map_err(AppError::invalid)?;
        }
    } else if uri.path() == "/history" {
        for (name, text) in pairs()?.0 {
            if name == "batch" {
                let act: BatchId = text.parse().map_err(|_| AppError::NotFound)?;
                node.store.history(&admin, Some(act), None, 1).await?.ok_or(AppError::NotFound)?;
            } else if name == "before" {
                text.parse::<i64>().map_err(|_| AppError::NotFound)?;
            }
        }
    } else if let Some(id) = uri.path().strip_prefix("/accounts/") {
        let id: AccountId = id.parse().map_err(|_| AppError::NotFound)?;
        node.store.account(&admin, id).await?.ok_or(AppError::NotFound)?;
    }
    Ok(())
}

/// To the log-in page, and from there back. Only where the token was a session's does it say why, and the cookie goes.
fn log_in(node: &Node, uri: &Uri, why: Option<Why>) -> Response {
    let gone = why.map(|_| cookies::no_session(&node.config)).unwrap_or_default();
    let to = sign_in_address(way::page_of(uri), why);
    (AppendHeaders(gone), Redirect::to(&to)).into_response()
}
