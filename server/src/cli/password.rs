//! Passwords of the command line: read from standard input, never from an argument, or made up.

use crate::auth::password::{PASSWORD_BYTES, Password};
use anyhow::{Context as _, bail};
use std::io::{BufRead, IsTerminal as _, Read as _};

/// One line of standard input; on a terminal a prompt without echo, twice.
pub fn read() -> anyhow::Result<Password> {
    if !std::io::stdin().is_terminal() {
        return checked(from_line(&mut std::io::stdin().lock())?);
    }
    let ask = |prompt| rpassword::prompt_password(prompt).context("The terminal gives no password");
    let password = ask("Password: ")?;
    if ask("Once more: ")? != password {
        bail!("The two passwords differ; nothing was changed, try again.");
    }
    checked(password)
}

/// The first line without its end; what follows is left alone.
fn from_line(input: &mut dyn BufRead) -> anyhow::Result<String> {
    let mut line = Vec::new();
    // One byte of a longest password with its line end more shows that it is too long.
    input.take(PASSWORD_BYTES as u64 + 3).read_until(b'\n', &mut line).context("Standard input cannot be read")?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    String::from_utf8(line).ok().context("The password is not UTF-8; nothing was changed, use another.")
}

fn checked(password: String) -> anyhow::Result<Password> {
    if password.is_empty() {
        bail!("There is no password on standard input; give it on one line.");
    }
    Password::new(password).context("The password is too long; use at most 1,024 bytes.")
}

/// A hundred random bits as four groups of five characters that nobody confuses: `k7m2q-9x4tz-bw3fa-h6rpe`.
pub fn random() -> anyhow::Result<String> {
    const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).context("The system has no random bytes")?;
    let characters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(characters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mut text: &[u8]) -> Option<String> {
        from_line(&mut text).and_then(|line| checked(line.clone()).map(|_| line)).ok()
    }

    #[test]
    fn a_password_is_one_line_to_the_byte() {
        assert_eq!(line(b" pass word \n").as_deref(), Some(" pass word "));
        assert_eq!(line(b"windows\r\nmore").as_deref(), Some("windows"));
        assert_eq!(line(b"no end").as_deref(), Some("no end"));
        assert_eq!(line(&[b'x'; PASSWORD_BYTES]).map(|password| password.len()), Some(PASSWORD_BYTES));
        assert_eq!(line(&[&[b'x'; PASSWORD_BYTES][..], b"\r\n"].concat()).map(|password| password.len()), Some(PASSWORD_BYTES));
        for refused in [&b""[..], b"\n", b"\r\n", b"\xff\n", &[b'x'; PASSWORD_BYTES + 1], &[b'x'; PASSWORD_BYTES + 9]] {
            assert_eq!(line(refused), None);
        }
    }

    #[test]
    fn made_up_passwords_differ() {
        let (one, other) = (random().expect("random bytes"), random().expect("random bytes"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 23);
    }
}
