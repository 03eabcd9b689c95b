//! What `usm serve` was told, checked.

mod apps;
mod background;
mod networks;

use crate::activity::Limits;
pub use apps::Apps;
pub use background::BackgroundPaths;
use jiff::tz::TimeZone;
pub use networks::Networks;
use sqlx::postgres::PgConnectOptions;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

/// The checked options of a running node.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    pub time_zone: TimeZone,
    pub limits: Limits,
    pub site_name: String,
    /// Whose `X-Forwarded-*` and `X-Original-URL` are believed.
    pub trusted_proxies: Networks,
    /// Where `next` may lead beside our own pages.
    pub apps: Apps,
    /// Paths of applications whose requests are no activity.
    pub background_paths: BackgroundPaths,
    /// The domain whose hosts get the wide cookie, such as `example.org`; `None`: there is none.
    pub cookie_domain: Option<String>,
}

/// Scheme and host under which people reach the product: decides the cookie, `Secure`, HSTS and the accepted origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    pub https: bool,
    /// Host with the port where it is not the scheme's default: `127.0.0.1:3000`, `sessions.example.org`.
    pub host: String,
}

impl PublicUrl {
    /// The address of a plain listener.
    pub fn of_listener(address: SocketAddr) -> Self {
        let port = address.port();
        let host = if port == 80 { address.to_string().trim_end_matches(":80").to_owned() } else { address.to_string() };
        Self { https: false, host }
    }

    /// `https://sessions.example.org`
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.host)
    }

    /// `__Host-usm` under https, else `usm`.
    pub fn cookie_name(&self) -> &'static str {
        if self.https { "__Host-usm" } else { "usm" }
    }

    /// `__Secure-usm-wide` under https, else `usm-wide`.
    pub fn wide_cookie_name(&self) -> &'static str {
        if self.https { "__Secure-usm-wide" } else { "usm-wide" }
    }

    /// The host without its port: cookies know no ports.
    pub fn name(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        }
    }

    /// Whether cookies of that domain reach this host.
    pub fn is_within(&self, domain: &str) -> bool {
        self.name().strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    }

    /// Reached from this machine only.
    pub fn is_loopback(&self) -> bool {
        let name = self.name();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    /// Scheme, host and port, nothing else; the scheme's own port is dropped, as browsers drop it from `Origin` and `Host`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it like https://sessions.example.org, without a path".to_owned();
        let url: axum::http::Uri = text.parse().map_err(|_| wrong())?;
        let https = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = url.authority().ok_or_else(wrong)?;
        let bare = authority.as_str().bytes().all(|byte| byte != b'@') && url.path() == "/" && url.query().is_none();
        let host = authority.host().to_ascii_lowercase();
        if !bare || host.is_empty() {
            return Err(wrong());
        }
        match authority.port_u16() {
            // `http://host:` and `http://host:99999` have a port in their text, but none that is one.
            None if authority.as_str().len() > host.len() => Err(wrong()),
            None => Ok(Self { https, host }),
            Some(port) if port == if https { 443 } else { 80 } => Ok(Self { https, host }),
            Some(port) => Ok(Self { https, host: format!("{host}:{port}") }),
        }
    }
}

/// A database's address. It may hold a password: `Debug` shows none, and `Display` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl DatabaseUrl {
    /// The file of a `sqlite://` address, relative to the working directory unless it begins with a slash, or the server of a
    /// `postgres://` one.
    ///
    /// # Errors
    /// One sentence for every other address.
    pub fn place(&self) -> Result<Place, String> {
        if self.0.starts_with("postgres://") || self.0.starts_with("postgresql://") {
            if let Some(option) = self.options().find(|option| !KNOWN.contains(option) && !option.starts_with("options[")) {
                // A `?` that is not percent-encoded may stand in the password.
                let option = if option.contains('@') { "…" } else { option };
                return Err(format!("The database URL {self} has an option {option:?}, which there is not; take it out or correct it."));
            }
            return match self.0.parse::<PgConnectOptions>() {
                Ok(options) => Ok(Place::Server(Box::new(options.application_name("usm")))),
                Err(error) => {
                    Err(format!("The database URL {self} is not understood ({error}); use --database-url postgres://HOST/DATABASE."))
                }
            };
        }
        let path = self.0.strip_prefix("sqlite://").or_else(|| self.0.strip_prefix("sqlite:")).unwrap_or_default();
        if path.is_empty() || path.contains(['?', '#']) || path.starts_with(':') {
            return Err(format!(
                "The database URL {self} names no database; use --database-url sqlite://PATH or postgres://HOST/DATABASE."
            ));
        }
        Ok(Place::File(path.into()))
    }

    /// The names of the options behind the question mark.
    fn options(&self) -> impl Iterator<Item = &str> {
        let (_, options) = self.0.split_once('?').unwrap_or_default();
        let options = options.split('#').next().unwrap_or_default().split('&').filter(|option| !option.is_empty());
        options.map(|option| option.split('=').next().unwrap_or_default())
    }
}

/// The options in the address of a server that [`PgConnectOptions`] takes. It passes over any other, as a misspelt `sslmode`, and writes
/// its value into the log.
const KNOWN: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where a database is. Shown, it names no password.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server(Box<PgConnectOptions>),
}

impl Place {
    /// A file that belongs to the database: in its folder, or in `data` for one on a server.
    pub fn beside(&self, name: &str) -> PathBuf {
        match self {
            Self::File(path) => path.with_file_name(name),
            Self::Server(_) => Path::new("data").join(name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(options) => {
                let database = options.get_database().unwrap_or_else(|| options.get_username());
                write!(f, "{database} on {}:{}", options.get_host(), options.get_port())
            }
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_passwords(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The parts of a comma separated list; blanks around commas and empty parts do not count.
fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The text with `…` in place of what stands between the first `://` and the last `@` after it: nobody's password reaches a screen or a log,
/// not even from an address that was typed where none belongs.
pub fn without_passwords(text: &str) -> String {
    let Some(start) = text.find("://") else { return text.to_owned() };
    let mut shown = match text.rfind('@') {
        Some(end) if start < end => format!("{}://…{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    };
    let end = shown[start..].find([' ', '\n', '\'', '"']).map_or(shown.len(), |length| start + length);
    // `?password=` is one too.
    if let Some(options) = shown[start..end].find('?') {
        shown.replace_range(start + options + 1..end, "…");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, String> {
        text.parse::<PublicUrl>().map(|url| url.origin())
    }

    #[test]
    fn a_public_url_is_what_browsers_send_as_origin() {
        for (text, origin) in [
            ("https://sessions.example.org", "https://sessions.example.org"),
            ("https://Sessions.Example.org:443/", "https://sessions.example.org"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://example.org:80", "https://example.org:80"),
        ] {
            assert_eq!(url(text).as_deref(), Ok(origin), "{text}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for text in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://u:p@a",
            "http://a:",
            "http://a:99999",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_by_the_host_not_by_its_looks() {
        for (text, loopback) in [
            ("http://127.0.0.1:3000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:3000", true),
            ("http://[::1]", true),
            ("http://localhost:3000", true),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("http://10.0.0.1:3000", false),
        ] {
            assert_eq!(text.parse::<PublicUrl>().expect("a url").is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn a_cookies_domain_is_the_host_or_above_it() {
        for (text, within) in [
            ("https://example.org", true),
            ("https://sessions.example.org:8443", true),
            ("https://a.b.example.org", true),
            ("https://badexample.org", false),
            ("https://example.org.evil.example", false),
            ("https://org", false),
        ] {
            assert_eq!(text.parse::<PublicUrl>().expect("a url").is_within("example.org"), within, "{text}");
        }
    }

    #[test]
    fn a_listener_on_port_80_is_reached_without_naming_it() {
        let origin = |address: &str| PublicUrl::of_listener(address.parse().expect("an address")).origin();
        assert_eq!(origin("127.0.0.1:80"), "http://127.0.0.1");
        assert_eq!(origin("[::1]:8080"), "http://[::1]:8080");
    }

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        let url = DatabaseUrl::from("postgres://usm:p@ss w/:rd@db/usm");
        assert_eq!(format!("{url} {url:?}"), "postgres://…@db/usm DatabaseUrl(postgres://…@db/usm)");
        assert_eq!(DatabaseUrl::from("postgres://db/usm?user=a&password=b").to_string(), "postgres://db/usm?…");
        assert_eq!(without_passwords("'postgres://db/usm?password=b' is no\nway, is it?"), "'postgres://db/usm?…' is no\nway, is it?");
        assert_eq!(without_passwords("unexpected argument 'mysql://u:p@h' found"), "unexpected argument 'mysql://…@h' found");
        assert_eq!(without_passwords("write to a@b or http://c"), "write to a@b or http://c");
        let refused = DatabaseUrl::from("mysql://u:secret@h/d").place().expect_err("no file");
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn a_database_is_a_file_or_on_a_server() {
        let place = |text: &str| DatabaseUrl::from(text).place().ok().map(|place| place.to_string());
        assert_eq!(place("sqlite://data/usm.db").as_deref(), Some("data/usm.db"));
        assert_eq!(place("sqlite:///var/lib/usm.db").as_deref(), Some("/var/lib/usm.db"));
        assert_eq!(place("postgres://usm:secret@db.example.org/sessions").as_deref(), Some("sessions on db.example.org:5432"));
        assert_eq!(place("postgresql://usm@db:5433/usm?sslmode=verify-full").as_deref(), Some("usm on db:5433"));
        for text in ["sqlite://", "sqlite::memory:", "sqlite://a?mode=ro", "data/usm.db", "mysql://h/d", "postgres://h:port/d"] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
