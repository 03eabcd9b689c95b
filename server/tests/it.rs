//! The product from the outside: its store and its router, on a SQLite file in a temporary folder.

#[path = "it/common.rs"]
mod common;
#[path = "it/store_acts.rs"]
mod store_acts;
#[path = "it/store_sign_in.rs"]
mod store_sign_in;
