//! The session's cookies and the theme's: read to the letter, never normalised into ours.
//!
//! A session has one cookie, which goes to our own host alone. With a cookie domain it has a second, wide one beside it, which goes to all
//! hosts of that domain, so to every application there: it opens `/auth/verify` and nothing else.

use crate::{
    auth::token::Token,
    config::{Config, PublicUrl},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The tokens of a new session.
pub struct Tokens {
    pub main: Token,
    /// With a cookie domain.
    pub wide: Option<Token>,
}

/// The session token that the request carries.
///
/// `None` unless there is exactly one cookie of that name and its value has the form of a token; and none where there is a cookie
/// `$Version`, which makes other parsers read quoted values and attributes: browsers do not send it.
pub fn token(headers: &HeaderMap, url: &PublicUrl) -> Option<Token> {
    token_named(headers, url.cookie_name())
}

/// The wide token that the request carries; `None` where there is no cookie domain.
pub fn wide_token(headers: &HeaderMap, config: &Config) -> Option<Token> {
    config.cookie_domain.as_ref().and_then(|_| token_named(headers, config.public_url.wide_cookie_name()))
}

fn token_named(headers: &HeaderMap, wanted: &str) -> Option<Token> {
    let mut token = None;
    for (name, value) in pairs(headers) {
        if name == b"$Version" || (name == wanted.as_bytes() && token.replace(value).is_some()) {
            return None;
        }
    }
    token.and_then(Token::parse)
}

/// `light` or `dark`, where the person chose one.
pub fn theme(headers: &HeaderMap) -> Option<&'static str> {
    pairs(headers).find(|(name, _)| *name == b"theme").and_then(|(_, value)| match value {
        b"light" => Some("light"),
        b"dark" => Some("dark"),
        _ => None,
    })
}

/// Sets the session's cookies.
pub fn session(config: &Config, tokens: &Tokens) -> Vec<(HeaderName, HeaderValue)> {
    let wide = tokens.wide.as_ref().map(Token::cookie_value);
    session_cookies(config, &tokens.main.cookie_value(), wide.as_deref().unwrap_or_default(), "")
}

/// Deletes the session's cookies.
pub fn no_session(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    session_cookies(config, "", "", "; Max-Age=0")
}

fn session_cookies(config: &Config, main: &str, wide: &str, age: &str) -> Vec<(HeaderName, HeaderValue)> {
    let url = &config.public_url;
    let cookie = |name: &str, token: &str, domain: &str| {
        let cookie = format!("{name}={token}{}; HttpOnly; SameSite=Lax; Path=/{domain}{age}", secure(url));
        (header::SET_COOKIE, value(cookie))
    };
    let wide = config.cookie_domain.as_ref().map(|domain| cookie(url.wide_cookie_name(), wide, &format!("; Domain={domain}")));
    [cookie(url.cookie_name(), main, "")].into_iter().chain(wide).collect()
}

/// Remembers a theme for a year, or with `None` forgets it. Not `HttpOnly`: the person's menu sets it without leaving the page.
pub fn set_theme(url: &PublicUrl, theme: Option<&'static str>) -> HeaderValue {
    let age = if theme.is_some() { 31_536_000 } else { 0 };
    value(format!("theme={}{}; SameSite=Lax; Path=/; Max-Age={age}", theme.unwrap_or_default(), secure(url)))
}

fn secure(url: &PublicUrl) -> &'static str {
    if url.https { "; Secure" } else { "" }
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("made of our own ASCII")
}

/// Names and values as sent; only the blank after a semicolon is no part of a name.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let cookies = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    cookies.filter_map(|pair| {
        let pair = pair.strip_prefix(b" ").unwrap_or(pair);
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        Some((&pair[..equals], &pair[equals + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&[u8]]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("a header"));
        }
        token(&headers, &PublicUrl { https: true, host: "sessions.example.org".into() }).is_some()
    }

    #[test]
    fn tok_05_only_one_plain_cookie_of_the_name_is_ours() {
        let value = Token::new().expect("random bytes").cookie_value();
        let cookie = |text: &str| text.replace("VALUE", &value);
        for right in ["__Host-usm=VALUE", "a=b; __Host-usm=VALUE; theme=dark", "usm=VALUE; __Host-usm=VALUE"] {
            assert!(found(&[cookie(right).as_bytes()]), "{right}");
        }
        for wrong in [
            "usm=VALUE",
            "__host-usm=VALUE",
            "__Host-usm=\"VALUE\"",
            "__Host-usm =VALUE",
            "__Host-usm= VALUE",
            "__Host-usm=VALUE ; a=b",
            "$Version=1; __Host-usm=VALUE",
            "$Version=1;__Host-usm=VALUE; $Path=/",
            "__Host-usm=VALUE; __Host-usm=VALUE",
            "__Host-usm=; __Host-usm=VALUE",
            "\u{2000}__Host-usm=VALUE",
            "a=b;\u{85}__Host-usm=VALUE",
            "a=b, __Host-usm=VALUE",
            "__Host-usm=VALUE,",
            "__Host-usm",
        ] {
            assert!(!found(&[cookie(wrong).as_bytes()]), "{wrong}");
        }
        let one = cookie("__Host-usm=VALUE");
        assert!(found(&[b"a=\xff", one.as_bytes()]), "other cookies may be anything");
        assert!(!found(&[one.as_bytes(), one.as_bytes()]), "two lines");
    }
}
