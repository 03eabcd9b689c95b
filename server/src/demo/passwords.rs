//! The demo's few passwords: random, and in a file beside the database that only its owner reads.

use super::district::{ADMINISTRATOR, TEACHER};
use crate::config::Place;
use std::path::PathBuf;

/// Who has a password, as the file and the screen call them.
pub const PARTS: [(&str, &str); 2] = [("Administrator", ADMINISTRATOR), ("Teacher", TEACHER)];

/// An account with its password's hash.
pub struct Named {
    pub user_name: &'static str,
    /// PHC string.
    pub hash: String,
}

/// Where they stand.
pub fn file(place: &Place) -> PathBuf {
    place.beside("demo-sign-in.txt")
}

/// What the file holds, one line for each.
pub fn text(passwords: [&str; 2]) -> String {
    let lines = PARTS.iter().zip(passwords).map(|((part, user_name), password)| format!("{part} {user_name} / password {password}\n"));
    lines.collect()
}

/// What every start prints: the file, or how to get on without it.
pub fn printed(place: &Place) -> String {
    let file = file(place);
    std::fs::read_to_string(&file)
        .unwrap_or_else(|_| format!("{} cannot be read; run `usm demo` again for new passwords.\n", file.display()))
}
