//! The event of a refused unsafe request: who is signed in and tried. Strangers leave none.

use super::{Node, answer::refusal};
use app::guard::Visitor;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

/// The longest path that is kept, in bytes.
const PATH_BYTES: usize = 200;

/// Writes it after the refusal and before its answer.
pub async fn refusals(State(node): State<Node>, request: Request, next: Next) -> Response {
    let Some(Visitor::SignedIn(who)) = request.extensions().get().filter(|_| !request.method().is_safe()).cloned() else {
        return next.run(request).await;
    };
    let path = request.uri().path();
    let what = format!("{} {}", request.method(), &path[..path.floor_char_boundary(PATH_BYTES)]);
    let response = next.run(request).await;
    let status = response.status();
    if refusal(&response).is_some()
        && status.is_client_error()
        && let Err(error) = node.credentials.refused(&who, &what, status.as_u16()).await
    {
        tracing::error!(?error, account.id = %who.account, status = status.as_u16(), "a refusal could not be recorded");
    }
    response
}
