//! The tables in a PostgreSQL database, made or brought up to date. Nodes that start at once wait for each other.

use super::{Missing, OLDEST_BINARY, OpenError, SCHEMA, Whose};
use crate::config::Place;
use sqlx::{ConnectOptions as _, PgConnection, error::DatabaseError, migrate::MigrateError, postgres::PgConnectOptions};
use std::{io, time::Duration};
use tokio::time::timeout;

/// How long a server may take until it has said what it is. Migrations take as long as they take.
const REACHED: Duration = Duration::from_secs(5);

// Migrations wait so long for each other and for who holds a table, because everybody else waits behind them. One whose program has stopped is
// thrown out.
const PATIENCE: &str = "
set lock_timeout = '2s';
set idle_session_timeout = '10s';
set idle_in_transaction_session_timeout = '10s'";

/// As `server_version_num` has it: older ones do not know the settings of our connections.
const OLDEST_SERVER: i32 = 140_000;

pub(super) async fn open(place: &Place, options: &PgConnectOptions, missing: Missing) -> Result<(), OpenError> {
    let failed = |error: sqlx::Error| failed(place, error);
    let options = options.clone().options([("client_min_messages", "warning")]).disable_statement_logging();
    let looked = timeout(REACHED, async {
        let mut connection = options.connect().await?;
        let version: i32 =
            sqlx::query_scalar("select cast(current_setting('server_version_num') as int)").fetch_one(&mut connection).await?;
        if version < OLDEST_SERVER {
            return Ok(Err(OpenError::Old(place.clone())));
        }
        let standby: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut connection).await?;
        // Of a standby it is not asked.
        let whose = if standby { None } else { Some(whose(&mut connection).await?) };
        Ok(Ok((connection, whose)))
    });
    let (mut connection, whose) =
        looked.await.map_err(|_| OpenError::Away(place.clone(), sqlx::Error::Io(io::ErrorKind::TimedOut.into())))?.map_err(failed)??;
    match whose.ok_or_else(|| OpenError::Standby(place.clone()))? {
        Whose::Empty if missing == Missing::Refuse => return Err(OpenError::Missing(place.clone())),
        Whose::Empty | Whose::Ours { oldest_binary: ..=SCHEMA } => {}
        Whose::Ours { .. } => return Err(OpenError::Newer(place.clone())),
        Whose::Another => return Err(OpenError::NotOurs(place.clone())),
    }
    sqlx::raw_sql(PATIENCE).execute(&mut connection).await.map_err(failed)?;
    let mut migrations = sqlx::migrate!("migrations/postgres");
    // A newer program may have added what this one does not know: `oldest_binary` says whether that matters.
    migrations.set_ignore_missing(true);
    migrations.run(&mut connection).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        error => OpenError::Failed(place.clone(), error.into()),
    })?;
    sqlx::Connection::close(connection).await.map_err(failed)
}

async fn whose(connection: &mut PgConnection) -> sqlx::Result<Whose> {
    let tables = "select cast(table_name as text) from information_schema.tables where table_schema = current_schema()";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *connection).await?;
    super::whose(&tables, sqlx::query_scalar(OLDEST_BINARY).fetch_one(connection)).await
}

fn failed(place: &Place, error: sqlx::Error) -> OpenError {
    let place = place.clone();
    match error.as_database_error().and_then(DatabaseError::code).as_deref() {
        // Invalid authorization, invalid password.
        Some("28000" | "28P01") => OpenError::Rejected(place, error),
        // No such database.
        Some("3D000") => OpenError::NoDatabase(place),
        // A lock that it did not get.
        Some("55P03") => OpenError::Held(place),
        // It is starting, stopping, or out of connections.
        Some("57P03" | "57P01" | "53300") | None => OpenError::Away(place, error),
        Some(_) => OpenError::Failed(place, error),
    }
}
