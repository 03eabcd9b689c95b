//! What holds for every server function before it runs, and the status of its answer.
//!
//! `server_fn` 0.8 reads the whole body before the function's first line, redirects forms to their `Referer`, and answers 500 to
//! whatever went wrong: none of that is for us.

use super::{
    Node,
    answer::Refused,
    fields::read,
    identify::{Identity, within},
};
use crate::credentials::Checked;
use app::{AppError, guard::Visitor};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::TryFutureExt as _;
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};
use std::time::{Duration, Instant};

/// Where a body takes longer, its sender may be out by then: nobody keeps a request for later.
const SOON: Duration = Duration::from_secs(1);

/// The longest body of an error, in bytes: a sentence.
const ERROR_BYTES: usize = 64 * 1024;

/// Functions about one's own sessions. The others are for SIS holders; whoever is none gets no further, whatever he sends.
const FOR_EVERYBODY: [&str; 2] = ["/api/sessions/end", "/api/sessions/own"];

/// Lets JSON of signed-in visitors pass, and gives refusals their status.
pub async fn api(State(node): State<Node>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    match admit(&node, request).await {
        Ok(request) => with_status(next.run(request).await).await,
        Err(error) => Refused(error).into_response(),
    }
}

async fn admit(node: &Node, request: Request) -> Result<Request, AppError> {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    visitor.clone().signed_in()?;
    if request.method() != Method::POST {
        return Err(AppError::MethodNotAllowed);
    }
    let needs_sis = !FOR_EVERYBODY.contains(&request.uri().path());
    if needs_sis {
        visitor.admin()?;
    }
    if !is_json(request.headers()) {
        return Err(AppError::NotJson);
    }
    let (mut head, body) = request.into_parts();
    head.headers.remove(header::ACCEPT); // server_fn would answer `text/html` with 302 to the Referer, the error in the address
    let body = Bytes::from_request(Request::from_parts(head.clone(), body), &());
    let begun = Instant::now();
    let body = read(body.map_err(|rejection| rejection.status())).await?;
    if begun.elapsed() > SOON {
        let token = head.extensions.get::<Identity>().and_then(|identity| identity.token.as_ref()).ok_or(AppError::NotSignedIn)?;
        match within(node.credentials.check(token, node.clock.now())).await? {
            Checked::Valid(session) if session.sis || !needs_sis => {}
            Checked::Valid(_) => return Err(AppError::Forbidden),
            _ => return Err(AppError::NotSignedIn),
        }
    }
    Ok(Request::from_parts(head, Body::from(body)))
}

/// `application/json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut sent = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(sent)), None) = (sent.next().map(|value| value.to_str()), sent.next()) else { return false };
    sent.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The function's own error, by the one table of statuses.
async fn with_status(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    match to_bytes(response.into_body(), ERROR_BYTES).await {
        Ok(body) => Refused(AppError::de(body)).into_response(),
        Err(_) => Refused(AppError::Internal).into_response(),
    }
}
