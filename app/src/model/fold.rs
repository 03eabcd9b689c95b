//! Two ways to see texts as equal: by identity (user names at sign-in) and for the search (accents do not count).

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::{CanonicalCombiningClassMap, CanonicalCombiningClassMapBorrowed},
};

const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();
const COMPOSE: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();
const DECOMPOSE: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
const COMBINING: CanonicalCombiningClassMapBorrowed<'static> = CanonicalCombiningClassMap::new();

/// What makes two user names the same: NFKC, case folded, trimmed. `José` and `jose` stay two people.
pub fn identity_key(user_name: &str) -> String {
    if user_name.is_ascii() {
        return user_name.trim().to_ascii_lowercase();
    }
    // Folding undoes some compositions and composing some foldings (U+0345): twice is stable, as Unicode's D146 has it.
    let once = COMPOSE.normalize(&CASE.fold_string(&COMPOSE.normalize(user_name))).into_owned();
    COMPOSE.normalize(&CASE.fold_string(&once)).trim().to_owned()
}

/// What the search compares: NFKD without combining marks, case folded. `José`, `JOSE` and `ｊｏｓｅ` are one, `ß` is `ss`,
/// and every kind of apostrophe is one.
///
/// It works character by character, so that a match in the folded text can be mapped back ([`fold_char`]).
pub fn search_fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the search fold of a text.
pub fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        folded[start..].make_ascii_lowercase();
    } else {
        text.chars().for_each(|char| fold_char(char, folded));
    }
}

/// What people type for an apostrophe, and what is spelled with one on keyboards that lack the letter: quotation marks, the ʻokina and
/// its like, prime, acute.
const APOSTROPHES: [char; 8] = ['\u{2018}', '\u{2019}', '\u{201b}', '\u{2bb}', '\u{2bc}', '\u{2bd}', '\u{2032}', '\u{b4}'];

/// Appends the search fold of one character: nothing for a combining mark.
///
/// Marks are told by their combining class, not by their category: Indic vowel signs, which no speller leaves out, stay.
pub fn fold_char(char: char, folded: &mut String) {
    if char.is_ascii() {
        folded.push(char.to_ascii_lowercase());
        return;
    }
    if APOSTROPHES.contains(&char) {
        folded.push('\'');
        return;
    }
    let mut buffer = [0; 4];
    let decomposed = DECOMPOSE.normalize(char.encode_utf8(&mut buffer));
    for part in decomposed.chars().filter(|&part| COMBINING.get_u8(part) == 0) {
        // `ŉ` holds one.
        let part = if APOSTROPHES.contains(&part) { '\'' } else { part };
        let mut buffer = [0; 4];
        folded.push_str(&CASE.fold_string(part.encode_utf8(&mut buffer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_folds_case_and_width_but_keeps_accents() {
        for (left, right) in [(" Admin01 ", "admin01"), ("ＡＤＭＩＮ０１", "admin01"), ("STRASSE", "Straße"), ("José", "JOSE\u{301}")]
        {
            assert_eq!(identity_key(left), identity_key(right));
        }
        assert_ne!(identity_key("José"), identity_key("Jose"));
        assert_eq!(identity_key("\u{a0} nate \u{3000}"), "nate");
    }

    #[test]
    fn the_search_sees_no_accents_case_or_width() {
        for (text, folded) in [
            ("José", "jose"),
            ("JOSE\u{301}", "jose"),
            ("ｊｏｓｅ", "jose"),
            ("Straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("İstanbul", "istanbul"),
            ("Σίσυφος", "σισυφοσ"),
            ("Nguyễn", "nguyen"),
            ("ﬁn", "fin"),
            ("Kaʻahumanu", "ka'ahumanu"),
            ("O’Brien", "o'brien"),
            ("\0%_\\'\"", "\0%_\\'\""),
            ("👩🏽‍🎓", "👩🏽‍🎓"),
            ("\u{202e}עִבְרִית", "\u{202e}עברית"),
        ] {
            assert_eq!(search_fold(text), folded, "{text}");
        }
    }

    #[test]
    fn folding_again_changes_nothing_for_any_character() {
        // No character beyond has a decomposition or a case, but for a few tags and variation selectors.
        for char in '\0'..='\u{3ffff}' {
            let text = char.to_string();
            let (search, identity) = (search_fold(&text), identity_key(&text));
            assert_eq!(search_fold(&search), search, "{char:?}");
            assert_eq!(identity_key(&identity), identity, "{char:?}");
        }
    }
}
