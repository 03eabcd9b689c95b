//! Standard output, tables, and the log on standard error.

use anyhow::Context as _;
use std::{fs::OpenOptions, io::Write as _, path::Path};

/// Writes to standard output. A reader that went away (`usm account list | head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("Standard output cannot be written"),
        _ => Ok(()),
    }
}

/// Rows under headers, each column as wide as its widest text, two spaces between.
pub fn table<const N: usize>(headers: [&str; N], rows: &[[String; N]]) -> String {
    let width = |text: &str| text.chars().count();
    let mut widths = headers.map(width);
    for row in rows {
        for (widest, text) in widths.iter_mut().zip(row) {
            *widest = width(text).max(*widest);
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (text, widest) in cells.into_iter().zip(widths) {
            line.push_str(text);
            line.extend(std::iter::repeat_n(' ', widest - width(text) + 2));
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let mut text = line(headers);
    text.extend(rows.iter().map(|row| line(row.each_ref().map(|cell| printable(cell)).each_ref().map(|cell| &**cell))));
    text
}

/// Writes a file that only its owner reads, in place of one that is there.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let sentence =
        || format!("{} cannot be written; check its folder, then set the password with `usm account set-password`", path.display());
    // A new file: the mode of one that is there would stay.
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(sentence)?;
    }
    if path.exists() {
        std::fs::remove_file(path).with_context(sentence)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(sentence)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(sentence)
}

/// The log goes to standard error; `RUST_LOG` chooses what, else `default`.
pub fn log_from(default: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(terminal)
        .with_target(false)
        .with_writer(std::io::stderr)
        // It would tell them on the standard error that cannot be written to, and panic.
        .log_internal_errors(false)
        .init();
}

/// Control characters would let a name write to the operator's terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_names_cannot_drive_the_terminal() {
        let rows = [["nate.miller".into(), "Kaʻahumanu".into(), "1".into()], ["x".into(), "\u{1b}[2J".into(), "12".into()]];
        assert_eq!(
            table(["User Name", "Last Name", "Count"], &rows),
            "User Name    Last Name   Count\n\
             nate.miller  Kaʻahumanu  1\n\
             x            \u{fffd}[2J        12\n"
        );
    }
}
