//! The product from the outside: its store and its router, on a database of its own and by a clock that stands still.

mod common;
mod database;
mod directory_windows;
mod http_access;
mod http_browser;
mod http_export;
mod http_faults;
mod http_forms;
mod http_forward_auth;
mod http_live;
mod http_meanwhile;
mod http_races;
mod http_sign_in;
mod http_world;
mod meanwhile;
mod postgres;
mod store_accounts;
mod store_acts;
mod store_failures;
mod store_follow;
mod store_plans;
mod store_races;
mod store_sign_in;
