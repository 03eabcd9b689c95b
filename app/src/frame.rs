//! What the server tells every page beside its data: where it is, who looks, and what to show instead of the page.

use crate::{
    api::json::JsonText,
    error::AppError,
    model::{account::AccountId, plan::Plan},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Provided in context by the server for each rendered page, carried to the browser with the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// `--site-name`, in the top bar.
    pub site_name: String,
    /// Name of the configured time zone, for the description of the timestamp column.
    pub time_zone: String,
    /// `light` or `dark` where the person chose one (cookie `theme`).
    pub theme: Option<String>,
    pub viewer: Option<Viewer>,
    /// What stands in place of the page; in the browser always [`Answer::Page`], and `alone` tells.
    #[serde(skip)]
    pub answer: Answer,
    /// An answer stands in place of the page.
    pub alone: bool,
}

/// Who looks at the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub account: AccountId,
    pub user_name: String,
    /// Holds the SIS role.
    pub sis: bool,
}

impl Viewer {
    /// Where the page of this person asks how its session stands. By the query the server knows that the browser is somebody else's by
    /// now, or that the person has another role: then the page does not stand.
    pub fn session_address(&self) -> String {
        format!("/live?account={}&sis={}", self.account, self.sis)
    }
}

/// What a form or a guard answers in place of the page at the address.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    #[default]
    Page,
    /// A page with one sentence; the status is the error's.
    Refused(AppError),
    /// The log-in page after a log-in that failed (always the same sentence) or could not be tried.
    SignIn { user_name: String, next: String, error: String },
    /// The confirm page of a plan made without JavaScript; `back` is the list's address.
    Plan { plan: Plan, back: String },
}

impl Frame {
    /// On the server from the context, in the browser from the page.
    pub fn take() -> Self {
        SharedValue::<_, JsonText>::new_with_encoding(|| use_context::<Self>().unwrap_or_default()).into_inner()
    }
}
