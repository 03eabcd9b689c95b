//! Session tokens: 256 random bits in the cookie, their SHA-256 in the database.

use sha2::{Digest, Sha256};
use std::fmt;

const BYTES: usize = 32;

/// A session's secret. Neither `Debug` nor `Display` tells it; only [`Token::cookie_value`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; BYTES]);

/// What the database keeps of a token: its SHA-256, useless as a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; BYTES]);

impl Token {
    /// A new token from the operating system.
    ///
    /// # Errors
    /// Where the operating system has no random bytes: then nobody signs in (ASVS 11.5.1).
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    pub fn cookie_value(&self) -> String {
        hex(&self.0)
    }

    /// Reads a cookie's value; anything but exactly 64 lower-case hexadecimal digits is no token and costs no query.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let value: &[u8; 2 * BYTES] = value.try_into().ok()?;
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(value.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }
}

impl TokenHash {
    /// As stored: 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a text, for the database to make bytes of.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

fn hex(bytes: &[u8; BYTES]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_cookie_and_tells_nothing_else() {
        let token = Token::new().expect("random bytes");
        let value = token.cookie_value();
        assert_eq!(Token::parse(value.as_bytes()), Some(token.clone()));
        assert_eq!(format!("{token:?} {:?}", token.hash()), "Token(…) TokenHash(…)");
        assert_ne!(Token::new().expect("random bytes"), token);
    }

    #[test]
    fn what_is_not_exactly_a_token_is_none() {
        let value = Token::new().expect("random bytes").cookie_value();
        for wrong in
            [&value[1..], &format!("{value}0"), &value.to_uppercase(), &format!("\"{}", &value[1..]), "", &value.replace(|_| true, "g")]
        {
            assert_eq!(Token::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
