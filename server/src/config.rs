//! What `usm serve` was told.

use jiff::tz::TimeZone;
use std::net::SocketAddr;

/// The checked options of a running node.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    pub time_zone: TimeZone,
    /// Milliseconds without activity after which a session times out.
    pub idle_timeout: i64,
    /// Milliseconds after which a session times out whatever its activity.
    pub session_lifetime: i64,
    pub site_name: String,
}

/// Scheme and host under which people reach the product: decides the cookie, `Secure`, HSTS and the accepted origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    pub https: bool,
    /// Host with the port where it is not the scheme's default: `127.0.0.1:3000`, `sessions.example.org`.
    pub host: String,
}

impl PublicUrl {
    /// `https://sessions.example.org`
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.host)
    }

    /// `__Host-usm` under https, else `usm`.
    pub fn cookie_name(&self) -> &'static str {
        if self.https { "__Host-usm" } else { "usm" }
    }
}
