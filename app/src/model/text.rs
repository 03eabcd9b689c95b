//! Numbers and names in sentences.

use std::borrow::Cow;

/// `2041` as `2,041`.
pub fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 user`, `2,041 users`.
pub fn counted(number: u32, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", thousands(number))
}

/// `active 12 s ago · 10.4.1.22`: the texts that are not empty.
pub fn joined<const N: usize>(texts: [String; N]) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// How many there are, in the size in which the model counts.
pub fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}

/// ` and 13 more`, where not all are named.
pub fn more<T>(all: u32, named: &[T]) -> String {
    match all.saturating_sub(count(named.len())) {
        0 => String::new(),
        more => [" and ", &thousands(more), " more"].concat(),
    }
}

/// A name as it may stand among other words: between U+2068 and U+2069 where it may hold letters or marks that turn the direction of what
/// follows it, or `admin\u{202e}` would mirror the rest of the question. Below U+0590 nothing does.
pub fn isolated(name: &str) -> Cow<'_, str> {
    const END: char = '\u{2069}';
    if name.chars().all(|letter| letter < '\u{590}') {
        return Cow::Borrowed(name);
    }
    // An end of its own would let the rest out.
    Cow::Owned(format!("\u{2068}{}{END}", name.replace(END, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        assert_eq!(counted(0, "user"), "0 users");
        assert_eq!(counted(1, "user"), "1 user");
        assert_eq!(counted(999, "user"), "999 users");
        assert_eq!(counted(2_041, "session"), "2,041 sessions");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }

    #[test]
    fn an_empty_text_leaves_no_separator() {
        assert_eq!(joined(["active 12 s ago", "10.4.1.22", ""].map(str::to_owned)), "active 12 s ago · 10.4.1.22");
        assert_eq!(joined(["", "10.4.1.22", ""].map(str::to_owned)), "10.4.1.22");
    }

    #[test]
    fn only_a_name_that_may_turn_the_direction_is_isolated() {
        for plain in ["nate.miller", "Zoë", "Kaʻahumanu", "Ωμέγα", ""] {
            assert_eq!(isolated(plain), plain);
        }
        assert_eq!(isolated("\u{202e}nimda"), "\u{2068}\u{202e}nimda\u{2069}");
        assert_eq!(isolated("שרה"), "\u{2068}שרה\u{2069}");
        assert_eq!(isolated("a\u{2069}\u{202e}b"), "\u{2068}a\u{202e}b\u{2069}");
    }
}
