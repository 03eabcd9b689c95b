//! What the Session List is asked for: five filters and an order, as they stand in the address.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The columns of the Session List, in their order on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    UserName,
    LastName,
    FirstName,
    Created,
    Count,
}

impl Column {
    pub const ALL: [Self; 5] = [Self::UserName, Self::LastName, Self::FirstName, Self::Created, Self::Count];

    /// Its name in addresses and in the command line's options.
    pub fn key(self) -> &'static str {
        ["user_name", "last_name", "first_name", "created", "count"][self as usize]
    }

    /// Its header on the screen.
    pub fn title(self) -> &'static str {
        ["User Name", "Last Name", "First Name", "Session Creation Timestamp", "Count"][self as usize]
    }

    fn by_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.key() == key)
    }
}

/// The order of the list, in addresses `created` or, descending, `-created`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

impl Default for Sort {
    /// The newest session first.
    fn default() -> Self {
        Self { column: Column::Created, descending: true }
    }
}

impl From<Sort> for String {
    fn from(sort: Sort) -> Self {
        format!("{}{}", if sort.descending { "-" } else { "" }, sort.column.key())
    }
}

impl TryFrom<String> for Sort {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let key = text.strip_prefix('-');
        let column = Column::by_key(key.unwrap_or(&text));
        column.map(|column| Self { column, descending: key.is_some() }).ok_or_else(|| {
            "The list cannot be sorted by that. Use user_name, last_name, first_name, created or count, with - in front for descending."
                .into()
        })
    }
}

/// The longest text of one filter, in bytes. Longer ones are refused in one sentence.
pub const FILTER_BYTES: usize = 16 * 1024;

/// The longest filters together, in bytes of an address: what stands beside them fits as well into the 65,534 that the server reads.
pub const ADDRESS_BYTES: usize = 3 * FILTER_BYTES;

/// Alternatives of a timestamp at most: each of a million sessions may be compared with all of them.
pub const TIMESTAMPS: usize = 100;

/// Five filters as typed, one for each [`Column`], and an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub filters: [String; 5],
    #[serde(default)]
    pub sort: Sort,
}

impl Query {
    /// Reads the pairs of an address; unknown names are left alone.
    ///
    /// # Errors
    /// One sentence where `sort` names no column, and as of [`Self::checked`].
    pub fn from_pairs(pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Self, String> {
        let mut query = Self::default();
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            if key == "sort" && !value.is_empty() {
                query.sort = Sort::try_from(value.to_owned())?;
            } else if let Some(column) = Column::by_key(key) {
                value.clone_into(&mut query.filters[column as usize]);
            }
        }
        query.checked()
    }

    /// Itself, unless a filter is too long, or all of them for one address, or one has more than [`TIMESTAMPS`].
    ///
    /// # Errors
    /// One sentence.
    pub fn checked(self) -> Result<Self, String> {
        if self.filters.iter().any(|filter| filter.len() > FILTER_BYTES) {
            return Err("That filter is too long. Use at most 16 KB of text.".into());
        }
        if self.filters.iter().flat_map(|filter| filter.bytes()).map(encoded_bytes).sum::<usize>() > ADDRESS_BYTES {
            return Err("These filters are too long together. Shorten one of them.".into());
        }
        if self.filter(Column::Created).split('|').filter(|part| !part.is_empty()).count() > TIMESTAMPS {
            return Err("Those are too many timestamps. Give at most 100 between bars.".into());
        }
        Ok(self)
    }

    pub fn filter(&self, column: Column) -> &str {
        &self.filters[column as usize]
    }

    /// Filters that say something.
    pub fn active_filters(&self) -> usize {
        self.filters.iter().filter(|filter| !filter.trim().is_empty()).count()
    }

    /// The address of this list: `/sessions`, with a query only where it differs from the plain list.
    pub fn address(&self) -> String {
        self.address_from(0)
    }

    /// The same, from row `offset` on.
    pub fn address_from(&self, offset: u32) -> String {
        let mut pairs = self.pairs();
        if offset > 0 {
            pairs.push(("offset", offset.to_string()));
        }
        if pairs.is_empty() { "/sessions".into() } else { format!("/sessions?{}", encode_pairs(&pairs)) }
    }

    /// What differs from the plain list, in the order of the columns, `sort` last.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let filters = Column::ALL.into_iter().map(|column| (column.key(), self.filter(column).to_owned()));
        let mut pairs: Vec<_> = filters.filter(|(_, text)| !text.is_empty()).collect();
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.into()));
        }
        pairs
    }
}

/// `a=1&b=2`, percent-encoded.
pub fn encode_pairs(pairs: &[(&str, String)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// The pairs of an address's query, as the server and forms read them: once, `+` a blank. (The router decodes what it has decoded.)
pub fn decode_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(key, value)| (decode(key), decode(value))).collect()
}

/// The value that an address's query has for a name.
pub fn value_of(query: &str, name: &str) -> Option<String> {
    decode_pairs(query).into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn decode(text: &str) -> String {
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |place: usize| char::from(*tail.get(place)?).to_digit(16);
        let byte = digit(0).zip(digit(1)).filter(|_| first == b'%').and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        decoded.push(byte.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Unreserved characters stand for themselves (RFC 3986, section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// How long a byte is in an address.
fn encoded_bytes(byte: u8) -> usize {
    if is_unreserved(byte) { 1 } else { 3 }
}

/// Percent-encodes everything but unreserved characters.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_only_what_differs_from_the_plain_list() {
        let query = Query::from_pairs(&[("user_name", "nate & co"), ("sort", "-count"), ("done", "7")]).expect("a good query");
        assert_eq!(query.address(), "/sessions?user_name=nate%20%26%20co&sort=-count");
        assert_eq!(Query::default().address(), "/sessions");
    }

    #[test]
    fn no_text_of_a_filter_means_anything_in_the_address() {
        let query = Query::from_pairs(&[("user_name", "a&b=c+ 50%?#/é\u{202e}"), ("count", ">1")]).expect("a good query");
        assert_eq!(query.address(), "/sessions?user_name=a%26b%3Dc%2B%2050%25%3F%23%2F%C3%A9%E2%80%AE&count=%3E1");
    }

    #[test]
    fn filters_that_do_not_fit_an_address_are_one_sentence() {
        let with = |first: &str, second: &str| Query { filters: [first, second, "", "", ""].map(str::to_owned), ..Query::default() };
        let euros = "€".repeat(FILTER_BYTES / 3);
        let longest = with(&euros, "abc").checked().expect("it fits");
        assert_eq!(longest.address().len(), "/sessions?user_name=&last_name=".len() + ADDRESS_BYTES);
        let times = |number| Query { filters: ["", "", "", &vec!["9:20"; number].join("|"), ""].map(str::to_owned), ..Query::default() };
        assert!(times(TIMESTAMPS).checked().is_ok() && times(TIMESTAMPS + 1).checked().is_err());
        for long in [with(&euros, "abcd"), with(&"x".repeat(FILTER_BYTES + 1), "")] {
            assert!(long.checked().is_err());
        }
    }

    #[test]
    fn inp_02_an_unknown_order_is_one_sentence() {
        for sort in ["password_hash", "--created", "Created", "-", "created;drop"] {
            assert!(Query::from_pairs(&[("sort", sort)]).is_err(), "{sort}");
        }
    }

    #[test]
    fn every_order_survives_the_address() {
        for column in Column::ALL {
            for descending in [true, false] {
                let sort = Sort { column, descending };
                assert_eq!(Sort::try_from(String::from(sort)), Ok(sort));
            }
        }
    }

    #[test]
    fn pairs_are_decoded_once() {
        let pairs = |query: &str| decode_pairs(query).into_iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>();
        assert_eq!(pairs("?a=%2520&b=x+y%2B&&c&d=1=2&%65=%C3%A9"), ["a:%20", "b:x y+", "c:", "d:1=2", "e:é"]);
        assert_eq!(pairs("a=50%&b=%4&c=%zz%+f&d=%ff"), ["a:50%", "b:%4", "c:%zz% f", "d:\u{fffd}"]);
        assert_eq!(pairs(""), [""; 0]);
        let texts = ["50%20", "a&b=c+d", "é\u{202e}", "%", ""].map(str::to_owned);
        let query = encode_pairs(&texts.each_ref().map(|text| ("q", text.clone())));
        assert_eq!(decode_pairs(&query).into_iter().map(|(_, text)| text).collect::<Vec<_>>(), texts);
        assert_eq!(value_of("?q=1&q=%322", "q").as_deref(), Some("22"));
        assert_eq!(value_of("q=1", "r"), None);
    }
}
