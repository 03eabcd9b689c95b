//! The whole list as a server shows it, to be compared with what its database holds.

use crate::world::ask;
use app::model::session::{Totals, WINDOW_ROWS, Window};
use std::collections::BTreeMap;

/// Active sessions by account, and how many users and sessions there are in all.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    pub sessions: BTreeMap<i64, u32>,
    all: Totals,
}

impl Listed {
    /// What a list of these accounts says.
    pub fn of(sessions: impl IntoIterator<Item = (i64, u32)>) -> Self {
        let sessions: BTreeMap<_, _> = sessions.into_iter().collect();
        let all = Totals { users: u32::try_from(sessions.len()).expect("few"), sessions: sessions.values().sum() };
        Self { sessions, all }
    }
}

/// The list of the server at an address; `None` where it shows none, or one that is behind.
pub fn listed(address: &str, admin: &str) -> Option<Listed> {
    let mut sessions = BTreeMap::new();
    for offset in (0..).step_by(WINDOW_ROWS as usize) {
        let question = format!(r#"{{"query":{{"filters":["","","","",""]}},"offset":{offset},"limit":{WINDOW_ROWS}}}"#);
        let answer = ask(address, "POST", "/api/sessions/list", admin, &question).ok().filter(|answer| answer.status == 200)?;
        let (_, json) = answer.body.split_once("\r\n\r\n").expect("a body");
        let window: Window = serde_json::from_str(json).expect("a window");
        if window.behind {
            return None;
        }
        sessions.extend(window.rows.iter().map(|row| (row.id.0, row.count)));
        if offset + WINDOW_ROWS >= window.all.users {
            return Some(Listed { sessions, all: window.all });
        }
    }
    unreachable!("a list has an end")
}
