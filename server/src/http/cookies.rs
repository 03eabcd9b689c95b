//! The session's cookie and the theme's: read to the letter, never normalised into ours.

use crate::{auth::token::Token, config::PublicUrl};
use axum::http::{HeaderMap, HeaderValue, header};

/// The session token that the request carries.
///
/// `None` unless there is exactly one cookie of that name and its value has the form of a token; and none where there is a cookie
/// `$Version`, which makes other parsers read quoted values and attributes: browsers do not send it.
pub fn token(headers: &HeaderMap, url: &PublicUrl) -> Option<Token> {
    let mut token = None;
    for (name, value) in pairs(headers) {
        if name == b"$Version" || (name == url.cookie_name().as_bytes() && token.replace(value).is_some()) {
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

/// Sets the session's cookie.
pub fn session(url: &PublicUrl, token: &Token) -> HeaderValue {
    value(format!("{}={}{}; HttpOnly; SameSite=Lax; Path=/", url.cookie_name(), token.cookie_value(), secure(url)))
}

/// Deletes the session's cookie.
pub fn no_session(url: &PublicUrl) -> HeaderValue {
    value(format!("{}={}; HttpOnly; SameSite=Lax; Path=/; Max-Age=0", url.cookie_name(), secure(url)))
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
