//! What all filter boxes share: `!` in front, `|` between alternatives, `^` and `=` before one, `\` before a plain character.

/// How an alternative compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Contains,
    Starts,
    Is,
}

/// One alternative, without the blanks around it; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub operator: Operator,
    pub text: String,
    /// A `\` was used: the text is meant as text.
    pub plain: bool,
}

/// A filter as typed, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    pub negated: bool,
    pub parts: Vec<Part>,
}

impl Typed {
    /// Blanks around an alternative do not count: while somebody types on after a word, rows would vanish and come back.
    /// Alternatives that say nothing are left out.
    pub fn new(typed: &str) -> Self {
        let typed = typed.trim_start();
        let (negated, typed) = typed.strip_prefix('!').map_or((false, typed), |rest| (true, rest));
        let mut parts = Vec::new();
        let mut part = Unfinished::default();
        let mut chars = typed.chars();
        while let Some(char) = chars.next() {
            match char {
                '|' => parts.extend(std::mem::take(&mut part).finish()),
                '\\' => match chars.next() {
                    Some(next) => part.push_plain(next),
                    None => part.push('\\'),
                },
                _ => part.push(char),
            }
        }
        parts.extend(part.finish());
        Self { negated, parts }
    }
}

#[derive(Default)]
struct Unfinished {
    operator: Option<Operator>,
    text: String,
    /// Length up to the last character that is no blank at the end.
    solid: usize,
    plain: bool,
}

impl Unfinished {
    fn push(&mut self, char: char) {
        match char {
            '^' if self.is_unbegun() => self.operator = Some(Operator::Starts),
            '=' if self.is_unbegun() => self.operator = Some(Operator::Is),
            _ if char.is_whitespace() && self.text.is_empty() => {}
            _ => {
                self.text.push(char);
                if !char.is_whitespace() {
                    self.solid = self.text.len();
                }
            }
        }
    }

    fn push_plain(&mut self, char: char) {
        self.text.push(char);
        self.solid = self.text.len();
        self.plain = true;
    }

    fn is_unbegun(&self) -> bool {
        self.operator.is_none() && self.text.is_empty()
    }

    fn finish(mut self) -> Option<Part> {
        self.text.truncate(self.solid);
        let operator = self.operator.unwrap_or(Operator::Contains);
        (!self.text.is_empty()).then_some(Part { operator, text: self.text, plain: self.plain })
    }
}

/// Alternatives named in what was understood, before `or 12 more`.
const NAMED: usize = 4;

/// One sentence of what alternatives mean: `not: a or b`.
pub(super) fn sentence(negated: bool, alternatives: &[String]) -> String {
    let named = alternatives.len().min(NAMED);
    let mut sentence = if negated { "not: ".to_owned() } else { String::new() };
    sentence.push_str(&alternatives[..named].join(" or "));
    if let more @ 1.. = alternatives.len() - named {
        sentence.push_str(" or ");
        sentence.push_str(&more.to_string());
        sentence.push_str(" more");
    }
    sentence
}

impl Part {
    /// `starts with "abc"`; a long text is cut.
    pub fn sentence(&self) -> String {
        const CHARS: usize = 40;
        let verb = match self.operator {
            Operator::Contains => "contains",
            Operator::Starts => "starts with",
            Operator::Is => "is",
        };
        match self.text.char_indices().nth(CHARS) {
            None => format!("{verb} \"{}\"", self.text),
            Some((end, _)) => format!("{verb} \"{}…\"", &self.text[..end]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator::*, *};

    #[test]
    fn every_box_reads_the_same_operators() {
        let read = |typed| {
            let Typed { negated, parts } = Typed::new(typed);
            (negated, parts.into_iter().map(|part| (part.operator, part.text)).collect::<Vec<_>>())
        };
        let plain = |text: &str| (Contains, text.to_owned());
        for (typed, expected) in [
            ("", (false, vec![])),
            ("  ", (false, vec![])),
            ("nate", (false, vec![plain("nate")])),
            (" nate m ", (false, vec![plain("nate m")])),
            ("^nate", (false, vec![(Starts, "nate".into())])),
            ("= nate", (false, vec![(Is, "nate".into())])),
            ("!", (true, vec![])),
            ("! =nate | ^kr|x", (true, vec![(Is, "nate".into()), (Starts, "kr".into()), plain("x")])),
            ("nate|", (false, vec![plain("nate")])),
            ("||a", (false, vec![plain("a")])),
            ("^|=", (false, vec![])),
            ("a!^=b", (false, vec![plain("a!^=b")])),
            ("^^a", (false, vec![(Starts, "^a".into())])),
            ("!!a", (true, vec![plain("!a")])),
            (r"\!a", (false, vec![plain("!a")])),
            (r"\^a\|b", (false, vec![plain("^a|b")])),
            (r"=\=a", (false, vec![(Is, "=a".into())])),
            (r"\ a\ ", (false, vec![plain(" a ")])),
            (r"a\\b\", (false, vec![plain(r"a\b\")])),
            ("%_'\"\0", (false, vec![plain("%_'\"\0")])),
        ] {
            assert_eq!(read(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_long_list_is_understood_in_a_few_words() {
        let names: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(String::from).into();
        assert_eq!(sentence(true, &names[..2]), "not: a or b");
        assert_eq!(sentence(false, &names), "a or b or c or d or 2 more");
        let long = Part { operator: Is, text: "é".repeat(41), plain: false };
        assert_eq!(long.sentence(), format!("is \"{}…\"", "é".repeat(40)));
    }
}
