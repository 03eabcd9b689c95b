//! What a person may be told when something is refused or fails: sentence and status side by side.

use crate::api::json::JsonText;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// What a page or a server function answers instead of its result. Its JSON is the body, [`AppError::status`] the status.
/// It never carries text of a framework or a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    /// No valid session.
    NotSignedIn,
    /// Not a holder of the SIS role.
    Forbidden,
    /// A request that another site made the browser send.
    CrossSite,
    /// Asked under another host name than the public one.
    Misdirected,
    NotFound,
    /// The request could not be read.
    Malformed,
    TooLarge,
    NotJson,
    MethodNotAllowed,
    /// Readable, but not allowed as it stands: the sentence says what to do.
    Invalid {
        message: String,
    },
    /// Somebody changed it meanwhile: the sentence says who and when.
    Conflict {
        message: String,
    },
    /// Too many log-ins at once.
    Busy,
    /// The database does not answer; nothing was done.
    Unavailable,
    /// The database went away during a commit.
    OutcomeUnknown,
    /// The server does not answer (known only in the browser).
    Unreachable,
    /// A defect; the log has it.
    Internal,
}

impl AppError {
    /// A refusal with its own sentence.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    /// The HTTP status, and the sentence that is shown.
    pub fn status_and_sentence(&self) -> (u16, &str) {
        match self {
            Self::NotSignedIn => (401, "You are not logged in. Log in first."),
            Self::Forbidden => {
                (403, "Only users assigned a Product Security Role of Student Information System (SIS) are allowed to use this tool.")
            }
            Self::CrossSite => (403, "This request came from another site and was refused. Use the page itself."),
            Self::Misdirected => (421, "This server does not answer under that address. Use its public address."),
            Self::NotFound => (404, "There is no such page. Use the search or go back to the start."),
            Self::Malformed => (400, "The request could not be read. Reload the page and try again."),
            Self::TooLarge => (413, "The request is too large. Select fewer users one by one, or select all that match."),
            Self::NotJson => (415, "The request must be JSON (Content-Type: application/json)."),
            Self::MethodNotAllowed => (405, "This address does not take that kind of request."),
            Self::Invalid { message } => (422, message),
            Self::Conflict { message } => (409, message),
            Self::Busy => (503, "Too many people are logging in at this moment. Try again in a few seconds."),
            Self::Unavailable => (503, "The database does not answer. Nothing was changed. Try again."),
            Self::OutcomeUnknown => {
                (503, "The database went away before it confirmed. It is not known whether this was done: try again, it is done once only.")
            }
            Self::Unreachable => (503, "The server does not answer. Try again."),
            Self::Internal => (500, "Something went wrong on the server. Try again; if it stays, ask the operator to look at the log."),
        }
    }

    pub fn status(&self) -> u16 {
        self.status_and_sentence().0
    }

    pub fn sentence(&self) -> &str {
        self.status_and_sentence().1
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::Malformed,
            // On the server these are the arguments; in the browser, that no answer came or none of ours.
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => Self::Malformed,
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) => Self::Unreachable,
            _ => Self::Internal,
        }
    }
}
