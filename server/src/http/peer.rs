//! Where a request comes from, as the session and the log keep it.

use app::guard::Origin;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use std::{convert::Infallible, net::SocketAddr};

/// The longest user agent that is kept, in bytes.
const USER_AGENT_BYTES: usize = 512;

/// Address and browser of the other side.
pub struct Peer(pub Origin);

impl Peer {
    pub fn of(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let address = extensions.get::<ConnectInfo<SocketAddr>>();
        let ip = address.map(|ConnectInfo(address)| address.ip().to_canonical().to_string()).unwrap_or_default();
        let sent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let mut user_agent = sent.unwrap_or_default().into_owned();
        user_agent.truncate(user_agent.floor_char_boundary(USER_AGENT_BYTES));
        Self(Origin { ip, user_agent })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers))
    }
}
