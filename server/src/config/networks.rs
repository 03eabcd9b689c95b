//! Addresses and ranges of addresses: the proxies that are believed.

use std::{net::IpAddr, str::FromStr};

/// The widest range, as a prefix: `10.0.0.0/8` and IPv6's `fc00::/7` are the largest private networks. What is wider holds strangers, and
/// a few of them together would be everybody.
const WIDEST: (u32, u32) = (8, 7);

/// Addresses and ranges in CIDR notation. Nothing is in an empty list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    start: IpAddr,
    prefix: u32,
}

impl Networks {
    /// Whether an address is one of these. An IPv4 address written as IPv6 is the IPv4 address.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for Networks {
    type Err = String;

    /// Comma separated; blanks around commas and empty parts do not count.
    fn from_str(text: &str) -> Result<Self, String> {
        super::parts(text).map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        // No shift reaches the width: no prefix is 0.
        match (self.start, address) {
            (IpAddr::V4(start), IpAddr::V4(address)) => (start.to_bits() ^ address.to_bits()) >> (32 - self.prefix) == 0,
            (IpAddr::V6(start), IpAddr::V6(address)) => (start.to_bits() ^ address.to_bits()) >> (128 - self.prefix) == 0,
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address; write it like 127.0.0.1, 10.0.0.0/24 or fd00::/64");
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if written.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        if prefix > bits {
            return Err(wrong());
        }
        let start = if prefix >= 96 { written.to_canonical() } else { written };
        let prefix = if start == written { prefix } else { prefix - 96 };
        let (widest, rest) = match start {
            IpAddr::V4(start) => (WIDEST.0, u128::from(start.to_bits()) & low_bits(32 - prefix)),
            IpAddr::V6(start) => (WIDEST.1, start.to_bits() & low_bits(128 - prefix)),
        };
        if prefix < widest {
            return Err(format!("{text} holds strangers, who could then say what they like; name the addresses of your proxies alone"));
        }
        if rest != 0 {
            return Err(format!("{text} is an address and a range at once; write the range from its first address, or the address alone"));
        }
        Ok(Self { start, prefix })
    }
}

fn low_bits(number: u32) -> u128 {
    1_u128.checked_shl(number).map_or(u128::MAX, |bit| bit - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(networks: &str, address: &str) -> bool {
        networks.parse::<Networks>().expect("networks").contain(address.parse().expect("an address"))
    }

    #[test]
    fn fwd_03_only_what_is_listed_is_believed() {
        for (networks, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("10.1.2.0/24", "10.1.2.255", "10.1.3.0"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.128/25, ::1,", "::1", "192.0.2.127"),
            ("fd00:1::/32", "fd00:1:ffff::1", "fd00:2::1"),
            ("fc00::/7", "fdff::1", "fe00::1"),
            ("::ffff:10.1.2.0/120", "10.1.2.3", "10.1.3.3"),
        ] {
            assert!(contain(networks, inside), "{networks} {inside}");
            assert!(!contain(networks, outside), "{networks} {outside}");
        }
        for nothing in ["", " ", ","] {
            assert_eq!(nothing.parse(), Ok(Networks::default()));
            assert!(!contain(nothing, "127.0.0.1"));
        }
    }

    #[test]
    fn fs_03_a_range_that_holds_strangers_is_refused() {
        for text in
            ["0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "10.0.0.0/7", "::ffff:0.0.0.0/96", "::/1", "fc00::/6", "127.0.0.1,0.0.0.0/0"]
        {
            let refused = text.parse::<Networks>().expect_err(text);
            assert!(refused.contains("holds strangers"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["proxy", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-8", "10.0.0.1/8", "fd00::1/64", "*"]
        {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
        assert!("::ffff:0:0/90".parse::<Networks>().is_err(), "all of IPv4 in another dress");
    }
}
