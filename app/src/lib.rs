//! What a person sees and asks for: models, server functions and pages of the User Session Manager.
//!
//! Compiled twice: natively (feature `ssr`) to render pages and answer server functions, and for the browser (feature `hydrate`).
//! What the pages need from the server stands in one trait, [`store::Store`]; no type in this crate can hold a token or a hash.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
mod document;
pub mod error;
pub mod frame;
#[cfg(feature = "ssr")]
pub mod guard;
pub mod model;
pub mod pages;
pub mod parts;
#[cfg(feature = "ssr")]
pub mod store;

#[cfg(feature = "ssr")]
pub use document::{shell, site_file};
pub use error::AppError;
pub use pages::App;
