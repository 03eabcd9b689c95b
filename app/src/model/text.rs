//! Numbers in sentences.

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
}
