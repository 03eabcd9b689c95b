//! Methods and hosts that this server does not answer.

use super::{Node, answer::Refused};
use crate::config::{Config, PublicUrl};
use app::AppError;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Refuses unknown methods with 405 and foreign hosts with 421 (a name that somebody else points here, DNS rebinding).
pub async fn host(State(node): State<Node>, request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        let allowed = [(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))];
        return (allowed, Refused(AppError::MethodNotAllowed)).into_response();
    }
    match asked_host(&request) {
        Some(host) if is_public(host, &node.config.public_url) => next.run(request).await,
        Some(host) if is_localhost(host, &node.config) && request.method() != Method::POST => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&format!("{}{path}", node.config.public_url.origin())).into_response()
        }
        _ => Refused(AppError::Misdirected).into_response(),
    }
}

/// The one host the request names; `None` where it names none or several.
fn asked_host(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let named = hosts.next().map(HeaderValue::to_str);
    let absolute = request.uri().authority().map(axum::http::uri::Authority::as_str);
    match (named, absolute, hosts.next()) {
        (Some(Ok(host)), None, None) | (None, Some(host), None) => Some(host),
        (Some(Ok(host)), Some(other), None) if host.eq_ignore_ascii_case(other) => Some(host),
        _ => None,
    }
}

/// Equal to the public host; the scheme's default port may be written out.
fn is_public(host: &str, url: &PublicUrl) -> bool {
    let port = if url.https { ":443" } else { ":80" };
    host.eq_ignore_ascii_case(&url.host) || host.strip_suffix(port).is_some_and(|name| name.eq_ignore_ascii_case(&url.host))
}

/// `localhost` with the listening port, where one listens on loopback: people type it.
fn is_localhost(host: &str, config: &Config) -> bool {
    config.listen.ip().is_loopback() && host.eq_ignore_ascii_case(&format!("localhost:{}", config.listen.port()))
}
