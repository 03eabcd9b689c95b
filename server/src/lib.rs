//! Accounts, sign-in, sessions and the User Session Manager: everything behind the pages.

pub mod activity;
pub mod auth;
mod browser;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
mod csv;
pub mod demo;
pub mod directory;
pub mod http;
pub mod metrics;
pub mod show;
pub mod store;
mod sweep;
pub mod watchers;

pub use http::{Exports, Node, router};
