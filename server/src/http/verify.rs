//! `GET /auth/verify`: forward auth. A reverse proxy asks here, before it passes a request to an application, who the request is from.
//!
//! 200 with the identity, 401 without one; a proxy lets nothing pass but 2xx. A page that somebody opened without a session is answered
//! with the way to the log-in: by 302 where the proxy hands our answer on (Caddy, Traefik: they send `X-Forwarded-Uri`), by the header
//! `Location` of the 401 where it makes its own (nginx: `X-Original-URL`).

use super::{
    Node,
    answer::{self, SOON},
    cookies,
    identify::checked,
    peer,
    sign_in::sign_in_address,
    way,
};
use crate::{
    config::{Networks, PublicUrl},
    credentials::{Checked, ValidSession, Why},
};
use app::{AppError, store::Stored};
use axum::{
    extract::State,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::fmt::Write as _;

/// The identity. All of them on every 200: one that is missing is one that a proxy might take from the browser.
const REMOTE: [HeaderName; 4] = [
    HeaderName::from_static("remote-user"),
    HeaderName::from_static("remote-name"),
    HeaderName::from_static("remote-groups"),
    HeaderName::from_static("remote-session"),
];

/// One look at the database, as for a page; the cookie stays what it is, and so does the request's body.
pub async fn verify(State(node): State<Node>, asked: Parts) -> Response {
    let now = node.clock.now();
    let about = About::of(&asked.extensions, &asked.headers, &node.config.trusted_proxies);
    let mut response = match look_up(&node, &asked.headers, now).await {
        Ok(Checked::Valid(session)) => {
            if !about.as_ref().is_some_and(|about| node.config.background_paths.contain(&about.uri)) {
                node.credentials.touch(&session, now);
            }
            identity(&session).into_response()
        }
        Ok(Checked::Over(why)) => no_session(&node, about, &asked.headers, Some(why)),
        Ok(Checked::Unknown) => no_session(&node, about, &asked.headers, None),
        Err(error) => {
            let error = AppError::from(error);
            let status = answer::status(&error);
            let soon = (status == StatusCode::SERVICE_UNAVAILABLE).then_some([(header::RETRY_AFTER, SOON)]);
            (status, soon.map(HeaderMap::from_iter).unwrap_or_default(), error.sentence().to_owned()).into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [(header::CACHE_CONTROL, "no-store"), (header::VARY, "Cookie")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// By the main cookie where the request has one: then we are asked for our own host. Else by the wide one.
async fn look_up(node: &Node, headers: &HeaderMap, now: i64) -> Stored<Checked> {
    if let Some(token) = cookies::token(headers, &node.config.public_url) {
        checked(node.credentials.check(&token.hash(), now)).await
    } else if let Some(token) = cookies::wide_token(headers, &node.config) {
        checked(node.credentials.check_wide(&token.hash(), now)).await
    } else {
        Ok(Checked::Unknown)
    }
}

fn identity(session: &ValidSession) -> HeaderMap {
    let groups = if session.sis { "sis" } else { "" };
    let values = [&*session.user_name, &session.name, groups, &session.session.to_string()];
    REMOTE.into_iter().zip(values.map(encoded)).collect()
}

/// Percent encodes what is not visible ASCII, and the percent sign itself: two names never become one. A blank may stand inside.
fn encoded(text: &str) -> HeaderValue {
    let last = text.len().saturating_sub(1);
    let encoded = text.bytes().enumerate().fold(String::with_capacity(text.len()), |mut encoded, (at, byte)| {
        if byte != b'%' && (byte.is_ascii_graphic() || (byte == b' ' && at != 0 && at != last)) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    });
    HeaderValue::try_from(encoded).expect("visible ASCII")
}

/// 401, or the way to the log-in page for a person who opened a page.
fn no_session(node: &Node, about: Option<About>, headers: &HeaderMap, why: Option<Why>) -> Response {
    let Some(about) = about.filter(|_| is_navigation(headers)) else { return StatusCode::UNAUTHORIZED.into_response() };
    let origin = node.config.public_url.origin();
    let next = about.next(node).unwrap_or_else(|| "/".into());
    let location = [(header::LOCATION, format!("{origin}{}", sign_in_address(&next, why)))];
    (if about.handed_on { StatusCode::FOUND } else { StatusCode::UNAUTHORIZED }, location).into_response()
}

/// A person's click or typed address; not a script's request, which could make nothing of the log-in page.
fn is_navigation(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        // Browsers leave it out on plain http.
        None => headers.get_all(header::ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html"))),
    }
}

/// The request that a trusted proxy asks about.
struct About {
    /// `https://app.example.org`, where the proxy names a host that can be one.
    origin: Option<String>,
    /// Path and query.
    uri: String,
    /// By what it was asked for; only a GET can be repeated after the log-in.
    is_get: bool,
    /// The browser gets our answer as it is.
    handed_on: bool,
}

impl About {
    /// `None` where nobody who is believed says anything.
    fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &Networks) -> Option<Self> {
        if !peer::is_trusted(extensions, proxies) {
            return None;
        }
        let is_get = one(headers, "x-forwarded-method").is_none_or(|method| ["GET", "HEAD"].contains(&method));
        if headers.contains_key("x-forwarded-uri") {
            let (uri, scheme, host) =
                (one(headers, "x-forwarded-uri")?, one(headers, "x-forwarded-proto"), one(headers, "x-forwarded-host"));
            let origin = scheme.zip(host).and_then(|(scheme, host)| origin(scheme, host));
            return Some(Self { origin, uri: uri.to_owned(), is_get, handed_on: true });
        }
        let (scheme, rest) = one(headers, "x-original-url")?.split_once("://")?;
        let (host, uri) = rest.split_at(rest.find('/')?);
        Some(Self { origin: origin(scheme, host), uri: uri.to_owned(), is_get, handed_on: false })
    }

    /// Where to come back to: a path of ours, or an address of an application that is listed.
    fn next(&self, node: &Node) -> Option<String> {
        let origin = self.origin.as_ref()?;
        let uri = if self.is_get { &*self.uri } else { "/" };
        let next = if *origin == node.config.public_url.origin() { uri.to_owned() } else { format!("{origin}{uri}") };
        way::onward(&next, &node.config.apps).map(str::to_owned)
    }
}

/// As browsers write it: small letters, no default port.
fn origin(scheme: &str, host: &str) -> Option<String> {
    format!("{scheme}://{host}").parse().ok().map(|url: PublicUrl| url.origin())
}

/// The value of a header that stands there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fwd_08_what_is_not_visible_ascii_is_encoded() {
        for (text, value) in [
            ("nate.miller", "nate.miller"),
            ("Zoë O'Brien, jr", "Zo%C3%AB O'Brien, jr"),
            ("100%", "100%25"),
            ("Zo%C3%AB", "Zo%25C3%25AB"),
            (" a b ", "%20a b%20"),
            (" ", "%20"),
            ("a\r\nRemote-Groups: sis", "a%0D%0ARemote-Groups: sis"),
            ("a\0\x7f", "a%00%7F"),
            ("", ""),
        ] {
            assert_eq!(encoded(text), value);
        }
    }

    proptest! {
        #[test]
        fn fwd_08_no_two_texts_are_encoded_alike(text in any::<String>()) {
            let value = encoded(&text);
            let mut parts = value.to_str().expect("ASCII").split('%');
            let mut bytes = parts.next().expect("a part").as_bytes().to_vec();
            for part in parts {
                bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            prop_assert_eq!(String::from_utf8(bytes), Ok(text));
        }
    }
}
