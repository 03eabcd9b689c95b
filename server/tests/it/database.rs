//! A database of a test's own: a new file; or, where `USM_TEST_POSTGRES` names a PostgreSQL server, a schema of its own there. So the same
//! tests run on both.

use server::config::Place;
use sqlx::{
    ConnectOptions as _, FromRow, PgConnection, SqlSafeStr, SqliteConnection,
    postgres::{PgConnectOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::path::PathBuf;
use tempfile::TempDir;

/// A row as a tuple, from either database.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

pub struct Database {
    pub folder: TempDir,
    place: Place,
    url: String,
    /// On a server; its connections bear the name too.
    schema: String,
}

/// A connection beside the store's.
pub enum Beside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let Ok(server) = std::env::var("USM_TEST_POSTGRES") else {
            let path = folder.path().join("usm.db");
            return Self { schema: String::new(), url: format!("sqlite://{}", path.display()), place: Place::File(path), folder };
        };
        let schema = format!("t{:x}", getrandom::u64().expect("random bytes"));
        let mut connection = server.parse::<PgConnectOptions>().expect("a server").connect().await.expect("the server");
        let create = sqlx::AssertSqlSafe(format!("create schema {schema}"));
        sqlx::raw_sql(create).execute(&mut connection).await.expect("a schema");
        let url = format!("{server}?options=-c%20search_path%3D{schema}&application_name={schema}");
        Self { schema, place: Place::Server(Box::new(url.parse().expect("a schema of the server"))), url, folder }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// As `--database-url` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Of a test that is about SQLite.
    pub fn path(&self) -> PathBuf {
        match &self.place {
            Place::File(path) => path.clone(),
            Place::Server(_) => panic!("this test is about a file"),
        }
    }

    /// A connection of its own to the file.
    pub async fn sqlite(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.expect("a connection")
    }

    /// Cuts all connections to a server but the one that does it.
    pub async fn cut(&self) {
        let Beside::Postgres(mut connection) = Beside::to(&self.place).await else { panic!("this test is about a server") };
        let cut = "
            select pg_terminate_backend(pid)
            from pg_stat_activity
            where application_name = $1 and pid <> pg_backend_pid()";
        sqlx::query(cut).bind(&self.schema).execute(&mut connection).await.expect("cut");
    }

    /// Looks into the tables beside the store.
    pub async fn rows<T: Row>(&self, sql: &'static str) -> Vec<T> {
        Beside::to(&self.place).await.rows(sql).await
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        self.rows::<(i64,)>(sql).await.first().expect("a row").0
    }

    /// Changes the tables beside the store.
    pub async fn alter(&self, sql: &'static str) {
        Beside::to(&self.place).await.alter(sql).await;
    }

    /// From here on such a write fails, as in `insert on events`, for rows of which the condition is true.
    pub async fn interrupt(&self, write: &str, condition: &str) {
        let trigger = match self.place {
            Place::File(_) => {
                format!("create trigger interrupts before {write} when {condition} begin select raise(abort, 'interrupted'); end")
            }
            Place::Server(_) => format!(
                "create or replace function interrupt() returns trigger language plpgsql as
                 $$ begin raise exception 'interrupted' using errcode = 'check_violation'; end $$;
                 create trigger interrupts before {write} for each row when ({condition}) execute function interrupt()"
            ),
        };
        Beside::to(&self.place).await.run(sqlx::AssertSqlSafe(trigger)).await;
    }

    /// Takes the interruption of a table away.
    pub async fn interrupt_no_more(&self, table: &str) {
        let drop = match self.place {
            Place::File(_) => "drop trigger interrupts".to_owned(),
            Place::Server(_) => format!("drop trigger interrupts on {table}"),
        };
        Beside::to(&self.place).await.run(sqlx::AssertSqlSafe(drop)).await;
    }
}

impl Beside {
    pub async fn to(place: &Place) -> Self {
        match place {
            Place::File(path) => Self::Sqlite(SqliteConnectOptions::new().filename(path).connect().await.expect("a connection")),
            Place::Server(options) => Self::Postgres(options.connect().await.expect("a connection")),
        }
    }

    pub async fn alter(&mut self, sql: &'static str) {
        self.run(sql).await;
    }

    async fn run(&mut self, sql: impl SqlSafeStr) {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
        }
        .expect("a change");
    }

    /// In PostgreSQL numbers are of type bigint: cast others.
    pub async fn rows<T: Row>(&mut self, sql: &'static str) -> Vec<T> {
        match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await,
        }
        .expect("rows")
    }
}

/// Bytes as they would stand in a cookie.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
