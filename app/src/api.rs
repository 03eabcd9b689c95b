//! Server functions: guard, check, store. Public endpoints, JSON in and out, for the hydrated page only.

pub mod accounts;
pub mod history;
pub mod json;
pub mod sessions;
