//! A statement for either database: fixed texts with `$1`, values, rows as tuples.

use sqlx::{
    FromRow, PgConnection, Postgres, Sqlite, SqliteConnection,
    postgres::{PgArguments, PgRow},
    query::{Query as Statement, QueryAs},
    sqlite::{SqliteArguments, SqliteRow},
};

/// The text of a statement: one for both databases, or one for each where they differ.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Text {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Text {
    pub(in crate::store) const fn each(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }
}

impl From<&'static str> for Text {
    fn from(both: &'static str) -> Self {
        Self::each(both, both)
    }
}

/// A text in which a parameter, a JSON array of ids, stands as a set: `with_ids!("… where id in (", "$1", ")")`.
macro_rules! with_ids {
    ($before:expr, $set:literal, $after:expr) => {
        $crate::store::database::with_ids!($before, $set, $after, "")
    };
    ($before:expr, $set:literal, $after:expr, $in_postgres:literal) => {
        $crate::store::database::Text::each(
            concat!($before, "select value from json_each(", $set, ")", $after),
            concat!(
                $before,
                "select cast(value as bigint) from json_array_elements_text(cast(",
                $set,
                " as json)) as value",
                $after,
                $in_postgres
            ),
        )
    };
}
pub(in crate::store) use with_ids;

/// A text in which a parameter, a JSON array, stands as a table of `key`, its order, and `value`: `with_rows!("… from", "$1", "as new …")`.
macro_rules! with_rows {
    ($before:expr, $rows:literal, $after:expr) => {
        $crate::store::database::with_rows!($before, $rows, $after, "")
    };
    ($before:expr, $rows:literal, $after:expr, $in_postgres:literal) => {
        $crate::store::database::Text::each(
            concat!($before, " (select key, value from json_each(", $rows, ")) ", $after),
            concat!(
                $before,
                " (select ordinality as key, value from json_array_elements(cast(",
                $rows,
                " as json)) with ordinality) ",
                $after,
                $in_postgres
            ),
        )
    };
}
pub(in crate::store) use with_rows;

/// A text and what stands for `$1`, `$2`, … in it.
#[derive(Clone, Debug)]
pub(in crate::store) struct Query {
    text: Text,
    values: Vec<Value>,
}

pub(in crate::store) fn query(text: impl Into<Text>) -> Query {
    Query { text: text.into(), values: Vec::new() }
}

impl Query {
    /// The value of the next parameter.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// What columns hold.
#[derive(Clone, Debug)]
pub(in crate::store) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(Some(number.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_owned()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(bytes: Option<&[u8]>) -> Self {
        Self::Bytes(bytes.map(Into::into))
    }
}

/// A row as a tuple.
pub(in crate::store) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// A connection to ask on.
pub(super) enum On<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

macro_rules! bound {
    ($statement:expr, $values:expr) => {
        $values.into_iter().fold($statement, |statement, value| match value {
            Value::Number(number) => statement.bind(number),
            Value::Text(text) => statement.bind(text),
            Value::Bytes(bytes) => statement.bind(bytes),
        })
    };
}

impl Query {
    /// Answers the number of rows changed.
    pub(super) async fn execute(self, on: On<'_>) -> sqlx::Result<u64> {
        match on {
            On::Sqlite(connection) => Ok(Box::pin(self.sqlite().execute(connection)).await?.rows_affected()),
            On::Postgres(connection) => Ok(Box::pin(self.postgres().execute(connection)).await?.rows_affected()),
        }
    }

    pub(super) async fn all<T: Row>(self, on: On<'_>) -> sqlx::Result<Vec<T>> {
        match on {
            On::Sqlite(connection) => Box::pin(self.sqlite_rows().fetch_all(connection)).await,
            On::Postgres(connection) => Box::pin(self.postgres_rows().fetch_all(connection)).await,
        }
    }

    pub(super) async fn first<T: Row>(self, on: On<'_>) -> sqlx::Result<Option<T>> {
        match on {
            On::Sqlite(connection) => Box::pin(self.sqlite_rows().fetch_optional(connection)).await,
            On::Postgres(connection) => Box::pin(self.postgres_rows().fetch_optional(connection)).await,
        }
    }

    pub(super) fn sqlite(self) -> Statement<'static, Sqlite, SqliteArguments> {
        bound!(sqlx::query(self.text.sqlite), self.values)
    }

    pub(super) fn postgres(self) -> Statement<'static, Postgres, PgArguments> {
        bound!(sqlx::query(self.text.postgres), self.values)
    }

    fn sqlite_rows<T: Row>(self) -> QueryAs<'static, Sqlite, T, SqliteArguments> {
        bound!(sqlx::query_as(self.text.sqlite), self.values)
    }

    pub(super) fn postgres_rows<T: Row>(self) -> QueryAs<'static, Postgres, T, PgArguments> {
        bound!(sqlx::query_as(self.text.postgres), self.values)
    }
}
