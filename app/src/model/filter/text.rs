//! Filters of names: contains, `^` starts with, `=` is; accents and case do not count.

use super::syntax::{self, Operator, Part, Typed};
use crate::model::fold::{fold_char, fold_into};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use memchr::memmem::Finder;
use std::{cmp::Reverse, ops::Range};

/// Stands before and behind each folded text that is searched. No UTF-8 text holds this byte, so nothing is ever found across
/// two texts, and *starts with* and *is* are plain searches too.
pub const EDGE: u8 = 0xFF;

/// A filter of a text.
pub struct TextFilter {
    negated: bool,
    needles: Vec<Needle>,
    understood: Option<String>,
    /// Folded, and as typed.
    names: Vec<(String, String)>,
}

/// An alternative, or all of them where they are many.
pub enum Needle {
    One(Box<Finder<'static>>),
    /// Single letters, by their byte: most texts hold one, which is found at once.
    Letters(Box<[bool; 256]>),
    Many(AhoCorasick),
}

/// Up to so many alternatives of more than a letter are looked for one after the other, each faster by far than all at once.
const FEW: usize = 4;

impl TextFilter {
    /// `None` where nothing is typed that says anything.
    pub fn new(typed: &str) -> Option<Self> {
        let Typed { negated, parts } = Typed::new(typed);
        Self::any_of(negated, &parts)
    }

    pub(super) fn any_of(negated: bool, parts: &[Part]) -> Option<Self> {
        // A lone accent (a dead key) folds to nothing, and so says nothing.
        let (parts, needles): (Vec<_>, Vec<_>) = parts.iter().filter_map(|part| Some((part, needle(part)?))).unzip();
        let is_list = !negated && parts.len() > 1 && parts.iter().all(|part| part.operator == Operator::Is);
        let mut names: Vec<_> =
            parts.iter().filter(|_| is_list).map(|part| (crate::model::fold::search_fold(&part.text), part.text.clone())).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|(folded, _)| seen.insert(folded.clone()));
        let understood = match &parts[..] {
            [one] if one.operator == Operator::Contains && !negated => None,
            _ => Some(syntax::sentence(negated, &parts.iter().map(|part| part.sentence()).collect::<Vec<_>>())),
        };
        let needles = match &needles[..] {
            [] => return None,
            [one] => vec![Needle::one(one)],
            few if few.len() <= FEW && few.iter().all(|one| one.len() > 1) => few.iter().map(|one| Needle::one(one)).collect(),
            letters if letters.iter().all(|one| one.len() == 1) => {
                let mut wanted = Box::new([false; 256]);
                letters.iter().flatten().for_each(|byte| wanted[usize::from(*byte)] = true);
                vec![Needle::Letters(wanted)]
            }
            many => {
                let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(many);
                vec![Needle::Many(automaton.expect("a filter's few kilobytes are within the automaton's limits"))]
            }
        };
        Some(Self { negated, needles, understood, names })
    }

    /// The names of a list (`=a|=b|…`), each once: folded, and as typed. Empty for any other filter.
    pub fn names(&self) -> &[(String, String)] {
        &self.names
    }

    /// Bytes of the shortest alternative: the longer, the fewer texts hold it.
    pub fn length(&self) -> usize {
        let lengths = self.needles.iter().map(|needle| match needle {
            Needle::One(finder) => finder.needle().len(),
            Needle::Letters(_) => 1,
            Needle::Many(automaton) => automaton.min_pattern_len(),
        });
        lengths.min().unwrap_or(0)
    }

    /// What is looked for: a text in which one of them is found matches, or, negated, does not.
    pub fn needles(&self) -> &[Needle] {
        &self.needles
    }

    /// Texts in which nothing is found match.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// What was understood; `None` where that is plain *contains*.
    pub fn understood(&self) -> Option<String> {
        self.understood.clone()
    }

    /// Whether a text as shown matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut folded = String::new();
        fold_into(text, &mut folded);
        self.matches_framed(&framed(&folded))
    }

    /// The next place as of [`Needle::find`] of any alternative; of several there the longest.
    fn find(&self, framed: &[u8], from: usize) -> Option<Range<usize>> {
        let found = self.needles.iter().filter_map(|needle| needle.find(framed, from));
        found.min_by_key(|found| (found.start, Reverse(found.end)))
    }

    /// Whether a folded text that stands between [`EDGE`]s matches.
    pub fn matches_framed(&self, framed: &[u8]) -> bool {
        self.needles.iter().any(|needle| needle.find(framed, 0).is_some()) != self.negated
    }

    /// Where a text as shown matches: ranges as in [`crate::model::session::Cell`], none for a negated filter.
    pub fn ranges(&self, text: &str) -> Vec<(u32, u32)> {
        let mut ranges = Vec::new();
        if self.negated {
            return ranges;
        }
        let folded = Mapped::new(text);
        let mut from = 0;
        while let Some(found) = self.find(&folded.framed, from) {
            push_range(&mut ranges, folded.shown(&found));
            from = found.end;
        }
        ranges
    }
}

impl Needle {
    fn one(needle: &[u8]) -> Self {
        Self::One(Box::new(Finder::new(needle).into_owned()))
    }

    /// The next place (in bytes, edges left out) at or after `from` in folded texts that stand between [`EDGE`]s.
    pub fn find(&self, framed: &[u8], from: usize) -> Option<Range<usize>> {
        let found = match self {
            Self::One(finder) => {
                let start = from + finder.find(&framed[from..])?;
                start..start + finder.needle().len()
            }
            Self::Letters(wanted) => {
                let start = from + framed[from..].iter().position(|byte| wanted[usize::from(*byte)])?;
                start..start + 1
            }
            Self::Many(automaton) => automaton.find(Input::new(framed).span(from..framed.len()))?.range(),
        };
        let start = found.start + usize::from(framed[found.start] == EDGE);
        let end = found.end - usize::from(framed[found.end - 1] == EDGE);
        Some(start..end)
    }
}

/// Adds a range behind the others, joined with the last where they touch.
pub(super) fn push_range(ranges: &mut Vec<(u32, u32)>, (start, end): (u32, u32)) {
    match ranges.last_mut() {
        Some(last) if start <= last.1 => last.1 = last.1.max(end),
        _ => ranges.push((start, end)),
    }
}

fn needle(part: &Part) -> Option<Vec<u8>> {
    let mut folded = String::new();
    fold_into(&part.text, &mut folded);
    if folded.is_empty() {
        return None;
    }
    let mut needle = framed(&folded);
    if part.operator == Operator::Contains {
        needle.remove(0);
    }
    if part.operator != Operator::Is {
        needle.pop();
    }
    Some(needle)
}

/// Between edges, which `^` and `=` look for.
pub(super) fn framed(folded: &str) -> Vec<u8> {
    [&[EDGE], folded.as_bytes(), &[EDGE]].concat()
}

/// A folded text that remembers which character each byte came from.
struct Mapped {
    framed: Vec<u8>,
    /// For each character as shown where it ends: in `framed`, and in UTF-16 units as shown.
    ends: Vec<(usize, u32)>,
}

impl Mapped {
    fn new(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut units = 0;
        let ends = text.chars().map(|char| {
            fold_char(char, &mut folded);
            units += if char.len_utf16() == 1 { 1 } else { 2 };
            (1 + folded.len(), units)
        });
        let ends = ends.collect();
        Self { framed: framed(&folded), ends }
    }

    /// The characters that a range of bytes touches, with the combining marks behind them.
    fn shown(&self, found: &Range<usize>) -> (u32, u32) {
        let first = self.ends.partition_point(|end| end.0 <= found.start);
        let last = self.ends[self.ends.partition_point(|end| end.0 < found.end)].0;
        let behind = self.ends.partition_point(|end| end.0 <= last);
        (if first == 0 { 0 } else { self.ends[first - 1].1 }, self.ends[behind - 1].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(typed: &str, text: &str) -> bool {
        TextFilter::new(typed).is_none_or(|filter| filter.matches(text))
    }

    #[test]
    fn each_operator_means_what_the_page_says() {
        for (typed, yes, no) in [
            ("nate", &["nate", "DoNATEllo", "Ñaté"][..], &["nat e", ""][..]),
            ("nate ", &["nate"], &[]),
            ("^nate", &["natetest"], &["donate"]),
            ("=nate", &["Nate"], &["natetest", "donate"]),
            ("!nate", &["kruiz", ""], &["donatello"]),
            ("!^nate|=kruiz", &["donate", "kruiz2"], &["natetest", "kruiz"]),
            ("nate|^kr", &["kruiz", "donate"], &["akruiz"]),
            ("x|y", &["axb", "Y"], &["ab", ""]),
            ("x|ÿ|^z", &["axb", "Y", "za"], &["az"]),
            (r"a\|b", &["a|b"], &["a", "b"]),
            (r"\^a", &["x^a"], &["a"]),
            ("", &["nate", ""], &[]),
            ("!", &["nate", ""], &[]),
            ("strasse", &["Hauptstraße"], &["strase"]),
            ("ß", &["STRASSE", "ẞ"], &["s"]),
            ("istanbul", &["İstanbul", "ISTANBUL"], &["ıstanbul"]),
            ("%", &["100%"], &["100"]),
            ("_", &["a_b"], &["ab"]),
            ("a\0b", &["a\0b"], &["ab"]),
            ("👩🏽", &["👩🏽‍🎓"], &["👩"]),
            ("עברית", &["\u{202e}עִבְרִית"], &[]),
            ("\u{301}", &["anything"], &[]),
            ("(a", &["f(a)"], &["a"]),
        ] {
            for (texts, expected) in [(yes, true), (no, false)] {
                for text in texts {
                    assert_eq!(matches(typed, text), expected, "{typed:?} and {text:?}");
                }
            }
        }
        assert!(!matches(&"x".repeat(10_240), "xxx"));
        assert!(matches(&"é%".repeat(3_400), &"E%".repeat(5_120)));
        assert!(matches(&"a|".repeat(5_000), "nate"));
    }

    #[test]
    fn matched_ranges_count_what_the_browser_counts() {
        for (typed, text, ranges) in [
            ("nate", "Donatello", &[(2, 6)][..]),
            ("a", "banana", &[(1, 2), (3, 4), (5, 6)]),
            ("ana", "banana", &[(1, 4)]),
            ("n|na", "banana", &[(2, 6)]),
            ("^ba", "banaba", &[(0, 2)]),
            ("=banana", "Banana", &[(0, 6)]),
            ("!x", "banana", &[]),
            ("s", "Straße", &[(0, 1), (4, 5)]),
            ("se", "Straße", &[(4, 6)]),
            ("e", "Jose\u{301} e", &[(3, 5), (6, 7)]),
            ("z", "👩🏽‍🎓z", &[(7, 8)]),
            ("🎓", "👩🏽‍🎓z", &[(5, 7)]),
            ("fi", "ﬁn", &[(0, 1)]),
            ("x", "banana", &[]),
        ] {
            let filter = TextFilter::new(typed).expect("something typed");
            assert_eq!(filter.ranges(text), ranges, "{typed:?} in {text:?}");
        }
    }

    #[test]
    fn only_what_is_not_plain_is_explained() {
        let understood = |typed| TextFilter::new(typed).expect("something typed").understood();
        assert_eq!(understood("nate"), None);
        assert_eq!(understood("^nate").as_deref(), Some("starts with \"nate\""));
        assert_eq!(understood("!=nate|kr").as_deref(), Some("not: is \"nate\" or contains \"kr\""));
    }

    mod reference {
        use super::super::*;
        use icu_casemap::CaseMapper;
        use icu_normalizer::{DecomposingNormalizerBorrowed, properties::CanonicalCombiningClassMap};
        use proptest::{collection::vec, prelude::*, sample::select};

        /// The fold of a whole text, where the product folds character by character.
        fn letters(text: &str) -> Vec<char> {
            let marks = CanonicalCombiningClassMap::new();
            let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text).into_owned();
            let bare: String = decomposed.chars().filter(|&char| marks.get_u8(char) == 0).collect();
            CaseMapper::new().fold_string(&bare).chars().collect()
        }

        fn matches(negated: bool, parts: &[(char, String)], text: &str) -> bool {
            let text = letters(text);
            let mut parts = parts.iter().map(|(operator, part)| (operator, letters(part))).filter(|(_, part)| !part.is_empty()).peekable();
            if parts.peek().is_none() {
                return true;
            }
            negated
                != parts.any(|(operator, part)| match operator {
                    '^' => text.starts_with(&part),
                    '=' => text == part,
                    _ => text.windows(part.len()).any(|window| window == part),
                })
        }

        fn hostile() -> impl Strategy<Value = String> {
            let chars = "aAeé\u{301}sSßẞIİiı%_\\'\"\0|!^= \u{a0}👩🏽\u{200d}🎓\u{202e}ע\u{5b4}ﬁfiςσΣ한하\u{1112}ｱㇰǆ\u{345}";
            let chars: Vec<_> = chars.chars().collect();
            vec(select(chars), 0..10).prop_map(String::from_iter)
        }

        fn parts(number: Range<usize>) -> impl Strategy<Value = Vec<(char, String)>> {
            vec((select(vec![' ', '^', '=']), hostile()), number)
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(100_000))]

            #[test]
            fn inp_01_any_filter_finds_in_any_text_what_a_reference_finds(
                negated: bool,
                parts in prop_oneof![3 => parts(0..3), 1 => parts(FEW..FEW + 3)],
                text in hostile(),
            ) {
                let escaped = |part: &str| part.chars().flat_map(|char| ['\\', char]).collect::<String>();
                let typed: Vec<_> = parts.iter().map(|(operator, part)| format!("{operator}{}", escaped(part))).collect();
                let typed = format!("{}{}", if negated { "!" } else { "" }, typed.join("|"));
                let filter = TextFilter::new(&typed);
                let found = filter.as_ref().is_none_or(|filter| filter.matches(&text));
                prop_assert_eq!(found, matches(negated, &parts, &text), "{:?} in {:?}", typed, text);
                if let Some(filter) = filter {
                    let ranges = filter.ranges(&text);
                    prop_assert_eq!(ranges.is_empty(), negated || !found);
                    let units = u32::try_from(text.encode_utf16().count()).expect("a short text");
                    prop_assert!(ranges.iter().all(|range| range.0 < range.1 && range.1 <= units));
                    prop_assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
                }
            }
        }
    }
}
