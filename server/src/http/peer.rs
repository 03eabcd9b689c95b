//! Where a request comes from, as the session and the log keep it, and whether it is a proxy that is believed.

use super::Node;
use crate::config::Networks;
use app::guard::Origin;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, HeaderValue, header, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

/// The longest user agent that is kept, in bytes.
const USER_AGENT_BYTES: usize = 512;

/// Address and browser of the other side.
pub struct Peer(pub Origin);

impl Peer {
    pub fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &Networks) -> Self {
        let ip = other_side(extensions).map(|peer| client(peer, headers, proxies).to_string()).unwrap_or_default();
        let sent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let mut user_agent = sent.unwrap_or_default().into_owned();
        user_agent.truncate(user_agent.floor_char_boundary(USER_AGENT_BYTES));
        Self(Origin { ip, user_agent })
    }
}

impl FromRequestParts<Node> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, node: &Node) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers, &node.config.trusted_proxies))
    }
}

/// Whether the other side of the connection is a proxy whose word about the request counts.
pub fn is_trusted(extensions: &Extensions, proxies: &Networks) -> bool {
    other_side(extensions).is_some_and(|peer| proxies.contain(peer))
}

fn other_side(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// Each proxy writes whom it heard from at the end of `X-Forwarded-For`: so it is read from there, as long as a trusted one wrote it.
/// What stands before that is anybody's invention.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    let mut client = peer;
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let mut hops = lines.flat_map(|line| HeaderValue::to_str(line).unwrap_or_default().rsplit(','));
    while proxies.contain(client)
        && let Some(hop) = hops.next().and_then(|hop| address(hop.trim()))
    {
        client = hop;
    }
    client
}

/// Some proxies write the port too.
fn address(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).expect("a header"));
        }
        let proxies = "127.0.0.1, 10.0.0.0/24".parse().expect("networks");
        client(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn fwd_04_the_way_is_read_from_its_end_past_trusted_hops() {
        for (peer, lines, client) in [
            ("127.0.0.1", &[][..], "127.0.0.1"),
            ("127.0.0.1", &[&b"203.0.113.7"[..]], "203.0.113.7"),
            ("127.0.0.1", &[b"6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &[b"6.6.6.6, 203.0.113.7, 10.0.0.9"], "203.0.113.7"),
            ("127.0.0.1", &[b"6.6.6.6", b"203.0.113.7,10.0.0.9"], "203.0.113.7"),
            ("127.0.0.1", &[b"203.0.113.7:4711"], "203.0.113.7"),
            ("127.0.0.1", &[b"[2001:db8::1]:4711, ::ffff:10.0.0.9"], "2001:db8::1"),
            ("127.0.0.1", &[b"10.0.0.8, 10.0.0.9"], "10.0.0.8"),
            ("127.0.0.1", &[b"203.0.113.7, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[b"203.0.113.7, , 10.0.0.9"], "10.0.0.9"),
            ("127.0.0.1", &[b"203.0.113.7", b"\xff"], "127.0.0.1"),
            ("10.0.1.1", &[b"203.0.113.7"], "10.0.1.1"),
            ("203.0.113.7", &[b"127.0.0.1"], "203.0.113.7"),
        ] {
            assert_eq!(found(peer, lines), client, "{peer} {lines:?}");
        }
    }
}
