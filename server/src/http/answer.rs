//! Refusals, and pages that a form answers: the one place where they become HTML or JSON.

use super::{Node, context};
use app::{AppError, frame::Answer, guard::Visitor, store::StoreError};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::server_fn::error::FromServerFnError;

/// A refusal; [`render`] makes a page of it, or JSON under `/api/`.
#[derive(Clone, Debug)]
pub struct Refused(pub AppError);

/// A page in place of the one at the address, with its status.
#[derive(Clone, Debug)]
pub struct Shown {
    pub status: StatusCode,
    pub answer: Answer,
}

impl From<AppError> for Refused {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        Shown { status: status(&self.0), answer: Answer::Refused(self.0) }.into_response()
    }
}

pub fn status(error: &AppError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// When to ask again, beside 503: in so many seconds.
pub const SOON: HeaderValue = HeaderValue::from_static("2");

impl IntoResponse for Shown {
    /// Without a body until [`render`] gives it one.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What an answer refuses, and why; `None` for other answers.
pub fn refusal(response: &Response) -> Option<&AppError> {
    match &response.extensions().get::<Shown>()?.answer {
        Answer::Refused(error) => Some(error),
        _ => None,
    }
}

/// Gives refusals and [`Shown`] pages their bodies. Whatever cannot be answered now says when to ask again.
pub async fn render(State(node): State<Node>, request: Request, next: Next) -> Response {
    let mut response = rendered(&node, request, next).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, SOON);
    }
    response
}

async fn rendered(node: &Node, request: Request, next: Next) -> Response {
    let (asked, body) = request.into_parts();
    let response = next.run(Request::from_parts(asked.clone(), body)).await;
    let (mut head, body) = response.into_parts();
    let Some(shown) = head.extensions.remove::<Shown>() else { return Response::from_parts(head, body) };

    let mut response = match shown.answer {
        Answer::Refused(error) if asked.uri.path().starts_with("/api/") => {
            ([(header::CONTENT_TYPE, "application/json")], error.ser()).into_response()
        }
        answer => {
            let mut request = Request::from_parts(asked, Body::empty());
            if request.uri().path_and_query().is_none() {
                *request.uri_mut() = Uri::from_static("/"); // CONNECT names no path; the page needs one
            }
            request.extensions_mut().insert(head.extensions.remove::<Visitor>().unwrap_or_default());
            request.extensions_mut().insert(answer);
            context::page(node, request).await
        }
    };
    *response.status_mut() = shown.status;
    head.headers.remove(header::CONTENT_LENGTH);
    response.headers_mut().extend(head.headers);
    response
}
