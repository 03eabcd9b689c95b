//! Paths of applications that pages ask by themselves: such a request keeps no session alive.

use std::str::FromStr;

/// Paths whose requests, and those below them, are no activity. They decide that alone: nobody gets in by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackgroundPaths(Vec<String>);

impl BackgroundPaths {
    /// Whether a request for this address is no activity. What could be read in two ways is activity.
    pub fn contain(&self, address: &str) -> bool {
        !self.0.is_empty()
            && normal(address).is_some_and(|path| {
                self.0.iter().any(|listed| path.strip_prefix(&**listed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
            })
    }
}

impl FromStr for BackgroundPaths {
    type Err = String;

    /// Comma separated, as they stand in an address.
    fn from_str(text: &str) -> Result<Self, String> {
        let path = |text: &str| {
            let path = normal(text).filter(|path| path.len() > 1 && !text.contains(['?', '#']));
            path.ok_or_else(|| format!("{text:?} is no path; write it like /api/notifications"))
        };
        super::parts(text).map(path).collect::<Result<_, _>>().map(Self)
    }
}

/// The one form in which paths are compared: decoded once, without the query, without a slash at the end.
///
/// `None` for what servers read differently: empty segments, dots, encoded slashes, backslashes, control characters, half an escape.
fn normal(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let decoded = decoded(path)?;
    let inner = decoded.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let plain = |segment: &str| !["", ".", ".."].contains(&segment);
    let doubtful = path.to_ascii_lowercase().contains("%2f") || decoded.contains(|char: char| char == '\\' || char.is_control());
    (!doubtful && (inner.is_empty() || inner.split('/').all(plain))).then(|| format!("/{inner}"))
}

fn decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.as_bytes().split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(digits[0])? << 4 | digit(digits[1])?);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fwd_05_paths_are_compared_in_one_normal_form() {
        let paths: BackgroundPaths = "/api/notifications, /été/".parse().expect("paths");
        for background in [
            "/api/notifications",
            "/api/notifications/",
            "/api/notifications/7?since=1",
            "/api/notifications?next=/page",
            "/api/%6eotifications",
            "/%c3%a9t%C3%A9/x",
        ] {
            assert!(paths.contain(background), "{background}");
        }
        for activity in [
            "",
            "/",
            "/api",
            "/api/notification",
            "/api/notificationsx",
            "/API/notifications",
            "/page?x=/api/notifications",
            "/x/../api/notifications",
            "/api/notifications/../../page",
            "/api/notifications/%2e%2e/page",
            "/api/notifications/..%2fpage",
            "/api//notifications",
            "//api/notifications",
            "/./api/notifications",
            "/api\\notifications",
            "/api%2Fnotifications",
            "/api/notifications%00",
            "/api/%256eotifications",
            "/api/notifications%",
            "/api/notifications%f",
            "/api/notifications%+1",
            "/%ff",
            "api/notifications",
            "https://app.example.org/api/notifications",
        ] {
            assert!(!paths.contain(activity), "{activity}");
        }
        assert!(!BackgroundPaths::default().contain("/"));
        for wrong in ["api", "/", "//", "/a/..", "/a?b", "/%", "/a,b"] {
            assert!(wrong.parse::<BackgroundPaths>().is_err(), "{wrong}");
        }
    }
}
