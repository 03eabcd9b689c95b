//! The PostgreSQL server of the tests and of `cargo xtask cluster`, installed where it is missing.

use crate::{Done, tools::debian};
use private_postgres::{Postgres, VERSIONS, programs};

/// Databases, and how their transactions are isolated unless a program asks otherwise.
pub const DATABASES: [(&str, &str); 3] =
    [("usm", "read committed"), ("usm_repeatable_read", "repeatable read"), ("usm_serializable", "serializable")];

pub fn start() -> Done<Postgres> {
    filled(Postgres::start)
}

/// One that does not hear the terminal's Ctrl+C.
pub fn start_apart() -> Done<Postgres> {
    filled(Postgres::start_apart)
}

fn filled(start: fn() -> std::io::Result<Postgres>) -> Done<Postgres> {
    if programs().is_none() {
        debian(&[(VERSIONS, "postgresql")])?;
    }
    let postgres = start()?;
    for (database, isolation) in DATABASES {
        postgres.sql("postgres", &format!("create database {database}"))?;
        postgres.sql("postgres", &format!("alter database {database} set default_transaction_isolation = '{isolation}'"))?;
    }
    Ok(postgres)
}
