//! The applications behind the log-in: where it may send people back to.

use super::PublicUrl;
use std::str::FromStr;

/// Origins that `next` may name beside our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps(Vec<PublicUrl>);

impl Apps {
    pub fn iter(&self) -> impl Iterator<Item = &PublicUrl> {
        self.0.iter()
    }

    /// Whether an address is one of an application's pages.
    pub fn have(&self, address: &str) -> bool {
        // Nothing but a path may follow: `https://app.example.org@evil.example` is another host.
        let is_path = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.iter().any(|app| address.strip_prefix(&app.origin()).is_some_and(is_path))
    }
}

impl FromStr for Apps {
    type Err = String;

    /// Comma separated hosts, each reached by https unless it says otherwise.
    fn from_str(text: &str) -> Result<Self, String> {
        super::parts(text).map(app).collect::<Result<_, _>>().map(Self)
    }
}

fn app(text: &str) -> Result<PublicUrl, String> {
    let wrong = |_| format!("{text:?} is no host; write it like app.example.org, without a path");
    let url: PublicUrl = if text.contains("://") { text.parse() } else { format!("https://{text}").parse() }.map_err(wrong)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-[:]".contains(&byte);
    if !url.host.bytes().all(plain) {
        return Err(wrong(String::new()));
    }
    if !url.https && !url.is_loopback() {
        return Err(format!("{text} would show what it is told to the network; use its https address"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fwd_12_an_application_is_a_host_under_https() {
        let origins = |text: &str| text.parse().map(|apps: Apps| apps.iter().map(PublicUrl::origin).collect::<Vec<_>>());
        let listed = origins("app.example.org, https://App.example.org:8443/,http://127.0.0.1:8080,");
        let expected = ["https://app.example.org", "https://app.example.org:8443", "http://127.0.0.1:8080"];
        assert_eq!(listed, Ok(expected.map(str::to_owned).to_vec()));
        assert_eq!(origins(""), Ok(vec![]));
        for wrong in
            ["http://app.example.org", "app.example.org/path", "https://u:p@app.example.org", "*", "*.example.org", "a b", "ftp://a"]
        {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
    }
}
