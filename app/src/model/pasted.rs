//! A pasted list of names, as a filter.

use super::query::FILTER_BYTES;

/// Names that a filter takes of a list.
pub const NAMES: usize = 500;

/// What becomes of a pasted list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// `=a|=b|…`
    pub filter: String,
    /// Names in the list, and how many of them the filter holds: at most [`NAMES`], and no more than fit.
    pub names: usize,
    pub taken: usize,
}

/// A list of at least two names: in lines, or separated by commas or semicolons. `None` for any other text.
pub fn list(text: &str) -> Option<Pasted> {
    let in_lines = text.trim().contains(['\n', '\r']);
    let ends = |char: char| if in_lines { char == '\n' || char == '\r' } else { char == ',' || char == ';' };
    let all: Vec<&str> = text.split(ends).map(str::trim).filter(|name| !name.is_empty()).collect();
    if all.len() < 2 {
        return None;
    }
    let mut pasted = Pasted { filter: String::new(), names: all.len(), taken: 0 };
    for name in all.into_iter().take(NAMES) {
        let before = pasted.filter.len();
        pasted.filter.push_str(if before == 0 { "=" } else { "|=" });
        for char in name.chars() {
            // What would mean something in a filter.
            if matches!(char, '|' | '\\') {
                pasted.filter.push('\\');
            }
            pasted.filter.push(char);
        }
        if pasted.filter.len() > FILTER_BYTES {
            pasted.filter.truncate(before);
            break;
        }
        pasted.taken += 1;
    }
    Some(pasted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_commas_and_semicolons_make_a_list() {
        for (text, filter) in [
            ("natetest\nkruiz\n", "=natetest|=kruiz"),
            ("natetest\r\n\r\n  kruiz ", "=natetest|=kruiz"),
            ("natetest, kruiz;nater", "=natetest|=kruiz|=nater"),
            // Lines first: a comma within one is part of the name.
            ("Miller, Nathan\nSmith, Jo", "=Miller, Nathan|=Smith, Jo"),
            ("a|b\n\\c\n^d\n!e", r"=a\|b|=\\c|=^d|=!e"),
        ] {
            assert_eq!(list(text).map(|pasted| pasted.filter).as_deref(), Some(filter), "{text:?}");
        }
        for text in ["", "natetest", "natetest\n", ",", "two words", "\n\n"] {
            assert_eq!(list(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let lines = |number: usize, name: &str| list(&format!("{name}\n").repeat(number)).expect("a list");
        let most = lines(NAMES, "natetest");
        assert_eq!((most.names, most.taken), (NAMES, NAMES));
        let more = lines(NAMES + 112, "natetest");
        assert_eq!((more.names, more.taken, more.filter.len()), (NAMES + 112, NAMES, most.filter.len()));
        let long = lines(400, &"ñ".repeat(100));
        assert!(long.taken < 400 && long.filter.len() <= FILTER_BYTES && long.filter.ends_with('ñ'), "{}", long.taken);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn each_name_of_a_list_finds_itself_and_nothing_else() {
        use crate::model::filter::text::TextFilter;
        let names = ["natetest", "^x", "!y", "a|b", r"a\b", "=z", "Zoë", "two words"];
        let filter = TextFilter::new(&list(&names.join("\n")).expect("a list").filter).expect("a filter");
        for name in names {
            assert!(filter.matches(name), "{name}");
        }
        for other in ["x", "y", "a", "b", "z", "two", "natetest2"] {
            assert!(!filter.matches(other), "{other}");
        }
    }
}
