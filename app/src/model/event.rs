//! The history and its lines.

use super::account::AccountId;
use serde::{Deserialize, Serialize};

super::id! {
    /// Names all events of one act.
    BatchId
}

impl BatchId {
    /// The address of the history of this act alone.
    pub fn history(self) -> String {
        format!("/history?batch={self}")
    }
}

/// The newest events before one, the last one first: of everything, or of one act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub events: Vec<EventLine>,
    /// Where it is of one act: how many events that has, shown or not.
    pub of_act: Option<u32>,
    /// There are events before these.
    pub older: bool,
}

/// An event as the history shows it: who did what to whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// Position in the log.
    pub seq: i64,
    /// As shown, in the configured zone.
    pub at: String,
    /// `Log in`, `Log in refused`, `Log out`, `End`, `End & Disable`, `Enable`, …
    pub action: String,
    /// `admin01`, `Command line`, `System`; empty where nobody is known.
    pub actor: String,
    /// The target's user name as it was.
    pub target: String,
    pub target_id: Option<AccountId>,
    /// What happened beside the action: `3 sessions ended`, `10.4.1.22`.
    pub detail: String,
    pub reason: String,
    pub batch: BatchId,
    /// This event disabled the target, and *Undo disable* may still enable somebody of the batch.
    pub undo: bool,
}
