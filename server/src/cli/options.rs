//! Options that several commands share.

use super::Usage;
use crate::{
    activity,
    config::{Config, DatabaseUrl, PublicUrl},
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
        Ok(Config {
            listen: address,
            public_url,
            time_zone: self.zone.get(),
            idle_timeout: self.limits.idle_timeout,
            session_lifetime: self.limits.session_lifetime,
            site_name: self.site_name.clone(),
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write it like 127.0.0.1:3000".into())
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "it is no IANA time zone; write it like America/Chicago".into())
}

/// Milliseconds of `60min`, `12h`, `1h 30m`: a second to a year.
fn duration(text: &str) -> Result<i64, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
