//! Where to go next: only ever a page of our own.

use crate::config::PublicUrl;
use axum::http::{HeaderMap, Uri, header};

/// The longest way back, in bytes: a list with long filters.
const NEXT_BYTES: usize = 8 * 1024;

/// `next` as the browser sent it, if it is a path on our own origin.
///
/// Browsers drop tabs and line ends, and take `\` for `/`: `/\evil.example` is another site to them. So only visible ASCII without it.
pub fn own(next: &str) -> Option<&str> {
    let bytes = next.as_bytes();
    let visible = bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\');
    let is_path = bytes.first() == Some(&b'/') && bytes.get(1) != Some(&b'/');
    (visible && is_path && bytes.len() <= NEXT_BYTES).then_some(next)
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
}
