//! Comma-separated values (RFC 4180), as spreadsheets open them.

/// What a spreadsheet would take for a formula begins so, full-width forms included (OWASP, "CSV Injection").
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// The mark that tells spreadsheets the encoding, and the first line.
pub fn start(titles: &[&str]) -> String {
    let mut text = String::from('\u{feff}');
    line(&mut text, titles);
    text
}

/// Appends a line. A text that would be a formula gets an apostrophe in front.
pub fn line(text: &mut String, fields: &[&str]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        let quoted = field.contains([',', '"', '\r', '\n']);
        if quoted {
            text.push('"');
        }
        if field.starts_with(FORMULA) {
            text.push('\'');
        }
        if quoted {
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
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
        line(&mut text, &["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx"]);
        line(&mut text, &["＝1", "＋1", "－1", "＠x"]);
        line(&mut text, &["Smith, Jr.", "say \"so\"", "two\r\nlines", "=1,\"2\"", "No'eau"]);
        assert_eq!(
            text,
            "'=cmd|' /C calc'!A0,'+1,'-1,'@x,'\tx\r\n'＝1,'＋1,'－1,'＠x\r\n\"Smith, Jr.\",\"say \"\"so\"\"\",\"two\r\nlines\",\"'=1,\"\"2\"\"\",No'eau\r\n"
        );
    }

    #[test]
    fn the_start_says_the_encoding() {
        assert_eq!(start(&["User Name", "Count"]), "\u{feff}User Name,Count\r\n");
    }
}
