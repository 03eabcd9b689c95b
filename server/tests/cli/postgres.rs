//! Several nodes on one PostgreSQL database: they die, it restarts, it fails over, and ended means ended. Each test has a server of its own.

mod cluster;
mod commands;
mod deaths;
mod failures;
mod history;
mod nodes;
mod soak;
mod wire;
