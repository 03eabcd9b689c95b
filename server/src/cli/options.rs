//! Options that several commands share.

use super::Usage;
use crate::{
    activity,
    config::{Apps, BackgroundPaths, Config, DatabaseUrl, Networks, PublicUrl},
};
use jiff::{SignedDuration, tz::TimeZone};
use std::net::SocketAddr;

/// Where the database is.
#[derive(clap::Args)]
pub struct Database {
    /// Where the database is
    #[arg(long, value_name = "URL", env = "USM_DATABASE_URL", hide_env_values = true, default_value = "sqlite://data/usm.db")]
    pub database_url: DatabaseUrl,
}

/// In which zone times are read and shown.
#[derive(clap::Args)]
pub struct Zone {
    /// IANA time zone such as America/Chicago [default: the system's]
    #[arg(long, value_name = "NAME", env = "USM_TIME_ZONE", value_parser = time_zone)]
    time_zone: Option<TimeZone>,
}

/// How long sessions last.
#[derive(clap::Args)]
pub struct Limits {
    /// Time without activity after which a session times out
    #[arg(long, value_name = "DURATION", env = "USM_IDLE_TIMEOUT", default_value = "60min", value_parser = duration)]
    idle_timeout: i64,
    /// Time after which a session times out whatever its activity
    #[arg(long, value_name = "DURATION", env = "USM_SESSION_LIFETIME", default_value = "12h", value_parser = duration)]
    session_lifetime: i64,
}

/// What a node is told.
#[derive(clap::Args)]
pub struct Node {
    #[command(flatten)]
    pub database: Database,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", env = "USM_LISTEN", default_value = "127.0.0.1:3000", value_parser = address)]
    pub listen: SocketAddr,
    /// Scheme and host under which people reach it [default: http and the listening address]
    #[arg(long, value_name = "URL", env = "USM_PUBLIC_URL")]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    pub zone: Zone,
    #[command(flatten)]
    pub limits: Limits,
    /// Name in the top bar
    #[arg(long, value_name = "NAME", env = "USM_SITE_NAME", default_value = "User Session Manager", value_parser = site_name)]
    site_name: String,
    /// Allow passwords and sessions to cross a network unencrypted
    #[arg(long, env = "USM_ALLOW_PLAIN_HTTP", value_parser = clap::builder::BoolishValueParser::new())]
    allow_plain_http: bool,
    #[command(flatten)]
    proxy: Proxy,
}

/// What stands in front, and beside it.
#[derive(clap::Args)]
struct Proxy {
    /// Addresses or ranges, comma separated, of the proxies whose X-Forwarded-* are believed [default: nobody's]
    #[arg(long, value_name = "ADDRESSES", env = "USM_TRUSTED_PROXIES", default_value = "", hide_default_value = true)]
    trusted_proxies: Networks,
    /// Hosts, comma separated, of the applications that people may come from to log in and go back to
    #[arg(long, value_name = "HOSTS", env = "USM_APPS", default_value = "", hide_default_value = true)]
    apps: Apps,
    /// Paths, comma separated, of those applications whose requests are no activity: what pages ask by themselves
    #[arg(long, value_name = "PATHS", env = "USM_BACKGROUND_PATHS", default_value = "", hide_default_value = true)]
    background_paths: BackgroundPaths,
    /// Domain whose hosts share the log-in, such as example.org, by a second cookie that opens /auth/verify only
    #[arg(long, value_name = "DOMAIN", env = "USM_COOKIE_DOMAIN", value_parser = cookie_domain)]
    cookie_domain: Option<String>,
}

impl Zone {
    pub fn get(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or_else(|| TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }
}

impl Limits {
    pub fn get(&self) -> activity::Limits {
        activity::Limits { idle: self.idle_timeout, lifetime: self.session_lifetime }
    }
}

impl Node {
    /// Checked, for a node that listens on `address`, which is `listen` with the port that the system chose for 0.
    pub fn config(&self, address: SocketAddr) -> anyhow::Result<Config> {
        let derived = self.public_url.is_none();
        let public_url = self.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address));
        let private = public_url.https || (public_url.is_loopback() && address.ip().is_loopback());
        if !private && !self.allow_plain_http {
            return Err(Usage::error(
                "Plain http off this machine shows passwords to the network; \
                 name the https address in front of it with --public-url, or accept it with --allow-plain-http.",
            ));
        }
        if derived && address.ip().is_unspecified() {
            return Err(Usage::error(format!("{address} is no address that people can open; say which one with --public-url.")));
        }
        let proxy = &self.proxy;
        if let Some(domain) = &proxy.cookie_domain
            && !public_url.is_within(domain)
        {
            return Err(Usage::error(format!(
                "{} is no host of the domain {domain}, so browsers would refuse its cookie; change --public-url or --cookie-domain.",
                public_url.name()
            )));
        }
        let is_reached =
            |app: &PublicUrl| app.name() == public_url.name() || proxy.cookie_domain.as_ref().is_some_and(|domain| app.is_within(domain));
        if let Some(app) = proxy.apps.iter().find(|app| !is_reached(app)) {
            return Err(Usage::error(format!(
                "No cookie of {} reaches {}, so nobody could log in there; name the domain above both with --cookie-domain.",
                public_url.name(),
                app.name()
            )));
        }
        Ok(Config {
            listen: address,
            public_url,
            time_zone: self.zone.get(),
            limits: self.limits.get(),
            site_name: self.site_name.clone(),
            trusted_proxies: proxy.trusted_proxies.clone(),
            apps: proxy.apps.clone(),
            background_paths: proxy.background_paths.clone(),
            cookie_domain: proxy.cookie_domain.clone(),
        })
    }
}

pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write it like 127.0.0.1:3000".into())
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "it is no IANA time zone; write it like America/Chicago".into())
}

/// Milliseconds of `60min`, `12h`, `1h 30m`: a second to a year.
pub fn duration(text: &str) -> Result<i64, String> {
    let duration: SignedDuration = text.parse().map_err(|_| "write it like 60min or 12h".to_owned())?;
    if !(SignedDuration::from_secs(1)..=SignedDuration::from_hours(366 * 24)).contains(&duration) {
        return Err("use at least 1 second and at most a year".into());
    }
    i64::try_from(duration.as_millis()).map_err(|_| "use at most a year".into())
}

fn site_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
        return Err("use 1 to 100 characters on one line".into());
    }
    Ok(name.to_owned())
}

/// A name of at least two parts: no browser keeps a cookie of `org`, or of an address.
fn cookie_domain(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(label) || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("write it like example.org".into());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_domain_is_a_name_that_browsers_take() {
        assert_eq!(cookie_domain("Example.org"), Ok("example.org".into()));
        assert_eq!(cookie_domain("a-1.example.org"), Ok("a-1.example.org".into()));
        for text in [
            "",
            "org",
            ".example.org",
            "example.org.",
            "example..org",
            "10.0.0.1",
            "[::1]",
            "example.org:443",
            "a b.org",
            "-a.org",
            "*.org",
        ] {
            assert!(cookie_domain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_read_as_people_write_them() {
        assert_eq!(duration("60min"), Ok(3_600_000));
        assert_eq!(duration("12h"), Ok(43_200_000));
        assert_eq!(duration("1h 30m"), Ok(5_400_000));
        for text in ["", "60", "-1h", "0s", "999ms", "400d", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
