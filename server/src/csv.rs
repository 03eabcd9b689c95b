//! Comma-separated values (RFC 4180), as spreadsheets open them.

/// What a spreadsheet would take for a formula begins so, full-width forms included (OWASP, "CSV Injection").
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Behind these a cell begins where a spreadsheet separates by them: it knows no quotes of ours then.
const ENDS: [char; 4] = [';', '\t', '\r', '\n'];

/// The mark that tells spreadsheets the encoding, and the first line.
pub fn start(titles: &[&str]) -> String {
    let mut text = String::from('\u{feff}');
    line(&mut text, titles);
    text
}

/// Appends a line. What would be a formula, to whatever spreadsheet, gets an apostrophe in front.
pub fn line(text: &mut String, fields: &[&str]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        let quoted = field.contains([',', '"']) || field.contains(ENDS);
        if quoted {
            text.push('"');
        }
        if field.starts_with(['\t', '\r', '\n']) {
            text.push('\'');
        }
        let mut begins = true;
        for char in field.chars() {
            if begins && FORMULA.contains(&char) {
                text.push('\'');
            }
            if char == '"' {
                text.push('"');
            }
            text.push(char);
            // A quote may be one that opens the cell.
            begins = ENDS.contains(&char) || begins && char == '"';
        }
        if quoted {
            text.push('"');
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_ends_its_line() {
        let mut text = String::new();
        line(&mut text, &["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\nx"]);
        line(&mut text, &["＝1", "＋1", "－1", "＠x"]);
        line(&mut text, &["Smith, Jr.", "say \"so\"", "two\r\nlines", "=1,\"2\"", "No'eau", "a=b-c"]);
        assert_eq!(
            text,
            "'=cmd|' /C calc'!A0,'+1,'-1,'@x,\"'\tx\",\"'\nx\"\r\n'＝1,'＋1,'－1,'＠x\r\n\"Smith, Jr.\",\"say \"\"so\"\"\",\"two\r\nlines\",\"'=1,\"\"2\"\"\",No'eau,a=b-c\r\n"
        );
    }

    #[test]
    fn no_part_of_a_field_is_a_formula_to_whom_another_character_separates() {
        let mut text = String::new();
        line(&mut text, &["x;=1+1;y", ";+1", "a\t-1", "two\r\n@x", "x;\"=1", "x;y;1"]);
        assert_eq!(text, "\"x;'=1+1;y\",\";'+1\",\"a\t'-1\",\"two\r\n'@x\",\"x;\"\"'=1\",\"x;y;1\"\r\n");
    }

    #[test]
    fn the_start_says_the_encoding() {
        assert_eq!(start(&["User Name", "Count"]), "\u{feff}User Name,Count\r\n");
    }
}
