//! Filters of numbers: `3`, `>1`, `>=2`, `<3`, `2-5`.

use super::syntax::{self, Operator, Part, Typed};
use crate::model::{fold::search_fold, text::thousands};
use std::ops::RangeInclusive;

/// A filter of the Count.
pub struct CountFilter {
    negated: bool,
    tests: Vec<Test>,
    understood: String,
}

enum Test {
    Between(RangeInclusive<u32>),
    /// What cannot be read is compared with the number as shown.
    AsShown(Operator, String),
}

impl CountFilter {
    /// `None` where nothing is typed that says anything.
    pub fn new(typed: &str) -> Option<Self> {
        let Typed { negated, parts } = Typed::new(typed);
        let (tests, sentences): (Vec<_>, Vec<_>) = parts.iter().filter_map(Test::new).unzip();
        (!tests.is_empty()).then(|| Self { negated, understood: syntax::sentence(negated, &sentences), tests })
    }

    /// `is 3`, `2 or more`, `2 to 5`.
    pub fn understood(&self) -> &str {
        &self.understood
    }

    /// No number of sessions fails it. Far fewer are tried than there are numbers, and far more than anybody has sessions.
    pub fn leaves_nobody_out(&self) -> bool {
        (1..=10_000).all(|count| self.matches(count))
    }

    pub fn matches(&self, count: u32) -> bool {
        self.tests.iter().any(|test| test.matches(count)) != self.negated
    }
}

impl Test {
    /// The test and what it means; `None` for an operator with no number behind it yet.
    fn new(part: &Part) -> Option<(Self, String)> {
        let text = search_fold(&part.text);
        let between = match part.operator {
            _ if part.plain => None,
            Operator::Contains if ["<", "<=", ">", ">="].contains(&&*text) => return None,
            Operator::Contains => read(&text),
            Operator::Is => text.parse().ok().map(|number| number..=number),
            Operator::Starts => None,
        };
        Some(match between {
            Some(between) => (Self::Between(between.clone()), sentence(&between)),
            None => (Self::AsShown(part.operator, text), part.sentence()),
        })
    }

    fn matches(&self, count: u32) -> bool {
        match self {
            Self::Between(between) => between.contains(&count),
            Self::AsShown(operator, text) => {
                let shown = count.to_string();
                match operator {
                    Operator::Contains => shown.contains(text),
                    Operator::Starts => shown.starts_with(text),
                    Operator::Is => shown == *text,
                }
            }
        }
    }
}

/// Above the largest number, below the smallest.
#[expect(clippy::reversed_empty_ranges, reason = "an empty range is meant")]
const NONE: RangeInclusive<u32> = 1..=0;

fn read(text: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    if let Some(least) = text.strip_prefix(">=") {
        Some(number(least)?..=u32::MAX)
    } else if let Some(most) = text.strip_prefix("<=") {
        Some(0..=number(most)?)
    } else if let Some(below) = text.strip_prefix('>') {
        Some(number(below)?.checked_add(1).map_or(NONE, |least| least..=u32::MAX))
    } else if let Some(above) = text.strip_prefix('<') {
        Some(number(above)?.checked_sub(1).map_or(NONE, |most| 0..=most))
    } else if let Some((least, most)) = text.split_once('-') {
        // `2-` is on its way to `2-5`.
        let least = number(least)?;
        Some(least..=if most.trim().is_empty() { u32::MAX } else { number(most)? })
    } else {
        number(text).map(|number| number..=number)
    }
}

fn sentence(between: &RangeInclusive<u32>) -> String {
    let (least, most) = (*between.start(), *between.end());
    match (least, most) {
        _ if between.is_empty() => "no number".into(),
        (_, u32::MAX) => format!("{} or more", thousands(least)),
        (0, 1..) => format!("{} or less", thousands(most)),
        _ if least == most => format!("is {}", thousands(least)),
        _ => format!("{} to {}", thousands(least), thousands(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (typed, yes, no, understood) in [
            ("3", &[3][..], &[1, 13, 30][..], "is 3"),
            ("=3", &[3], &[13], "is 3"),
            (" 03 ", &[3], &[30], "is 3"),
            (">1", &[2, 10], &[1], "2 or more"),
            ("> 1", &[2], &[1], "2 or more"),
            (">=2", &[2, 30], &[1], "2 or more"),
            ("<3", &[1, 2], &[3], "2 or less"),
            ("<=3", &[1, 3], &[4], "3 or less"),
            ("2-5", &[2, 5], &[1, 6, 25], "2 to 5"),
            ("2 - 5", &[2, 5], &[1, 6], "2 to 5"),
            ("2-", &[2, 9], &[1], "2 or more"),
            ("1|>=4", &[1, 4, 9], &[2, 3], "is 1 or 4 or more"),
            ("!1", &[2, 11], &[1], "not: is 1"),
            ("!1|2-3", &[4], &[1, 2, 3], "not: is 1 or 2 to 3"),
            ("<0", &[], &[0, 1], "no number"),
            ("5-2", &[], &[2, 3, 5], "no number"),
            ("1,0", &[], &[1, 10], "contains \"1,0\""),
            (r"\1", &[1, 10, 21], &[2], "contains \"1\""),
            ("^1", &[1, 10], &[21], "starts with \"1\""),
            ("99999999999", &[], &[9], "contains \"99999999999\""),
            ("nate", &[], &[1], "contains \"nate\""),
        ] {
            let filter = CountFilter::new(typed).expect("something typed");
            for (counts, expected) in [(yes, true), (no, false)] {
                for &count in counts {
                    assert_eq!(filter.matches(count), expected, "{typed:?} and {count}");
                }
            }
            assert_eq!(filter.understood(), understood, "{typed:?}");
        }
        for nothing in ["", " ", "!", ">", ">=", "<|", "="] {
            assert!(CountFilter::new(nothing).is_none(), "{nothing:?}");
        }
    }
}
