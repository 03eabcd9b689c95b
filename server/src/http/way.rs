//! Where to go next: a page of our own, or after log-in one of an application that is listed.

use crate::config::{Apps, PublicUrl};
use axum::http::{HeaderMap, Uri, header};

/// The longest way back, in bytes: a list filtered by 500 names. Proxies have to take it encoded (`docs/deploy/`).
pub const NEXT_BYTES: usize = 16 * 1024;

/// `next` as the browser sent it, if it is a path on our own origin.
///
/// Browsers drop tabs and line ends, and take `\` for `/`: `/\evil.example` is another site to them. So only visible ASCII without it.
pub fn own(next: &str) -> Option<&str> {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    (is_path && is_plain(next)).then_some(next)
}

/// `next` after log-in: a path on our own origin, or an address of a listed application.
pub fn onward<'a>(next: &'a str, apps: &Apps) -> Option<&'a str> {
    own(next).or_else(|| (is_plain(next) && apps.have(next)).then_some(next))
}

/// Visible ASCII that every browser reads alike, of a bearable length.
fn is_plain(next: &str) -> bool {
    next.len() <= NEXT_BYTES && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The page that the form stood on, as the browser says.
pub fn back<'a>(headers: &'a HeaderMap, url: &PublicUrl) -> Option<&'a str> {
    headers.get(header::REFERER)?.to_str().ok()?.strip_prefix(&url.origin()).and_then(own).map(page_at)
}

/// The page to come back to after log-in.
pub fn page_of(uri: &Uri) -> &str {
    uri.path_and_query().and_then(|address| own(address.as_str())).map_or("/", page_at)
}

/// The page at an address; for a form's address, the page that the form stands on.
fn page_at(address: &str) -> &str {
    match address {
        "/sessions/plan" | "/sessions/commit" => "/sessions",
        "/accounts/undo-disable" => "/history",
        "/sessions/end" | "/sign-out" | "/theme" => "/",
        page => page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_07_next_never_leaves_our_own_origin() {
        for right in ["/", "/sessions?user_name=%5Enate&sort=-count", "/accounts/7", "/a//b", "/%2F/evil.example", "/@evil.example"] {
            assert_eq!(own(right), Some(right));
        }
        for wrong in [
            "",
            "sessions",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\r\nSet-Cookie: x=y",
            " /sessions",
            "/ /evil.example",
            "https:evil.example",
            "https://evil.example",
            "HTTPS:/evil.example",
            "javascript:alert(1)",
            "@evil.example",
            "%2F%2Fevil.example",
            "/\u{2044}evil.example",
            "/\0",
        ] {
            assert_eq!(own(wrong), None, "{wrong:?}");
        }
        assert_eq!(own(&format!("/{}", "a".repeat(NEXT_BYTES))), None);
    }

    #[test]
    fn fwd_12_web_07_next_leads_to_listed_hosts_alone() {
        let apps: Apps = "app.example.org, http://127.0.0.1:8080".parse().expect("hosts");
        for right in [
            "/sessions",
            "https://app.example.org",
            "https://app.example.org/",
            "https://app.example.org//a?b=c&d=https://evil.example#e",
            "https://app.example.org/@evil.example",
            "http://127.0.0.1:8080/",
        ] {
            assert_eq!(onward(right, &apps), Some(right));
        }
        let long = format!("https://app.example.org/{}", "a".repeat(NEXT_BYTES));
        for wrong in [
            "",
            "//app.example.org/",
            "http://app.example.org/",
            "https:app.example.org/",
            "https:/app.example.org/",
            "https:\\\\app.example.org/",
            "https://evil.example/",
            "https://evil.example/https://app.example.org/",
            "https://app.example.org.evil.example/",
            "https://app.example.org@evil.example/",
            "https://app.example.org:8443/",
            "https://app.example.org:@evil.example/",
            "https://app.example.org\\@evil.example/",
            "https://app.example.org\t.evil.example/",
            "https://app.example.org/\r\nSet-Cookie: x=y",
            "https://user@app.example.org/",
            "https://app.example.org%2Eevil.example/",
            "https://app.example.org?.evil.example/",
            "https://app.example.org#.evil.example/",
            "https://www.app.example.org/",
            " https://app.example.org/",
            "javascript:https://app.example.org/",
            "http://127.0.0.1:80801/",
            "http://127.0.0.1/",
            &long,
        ] {
            assert_eq!(onward(wrong, &apps), None, "{wrong:?}");
        }
        assert_eq!(onward("https://app.example.org/", &Apps::default()), None);
    }
}
