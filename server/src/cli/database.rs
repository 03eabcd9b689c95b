//! Opening the database for a command, and saying in a sentence what it refused.

use super::{Usage, options};
use crate::{
    activity::Limits,
    clock::Clock,
    config::{DatabaseUrl, Place},
    store::{Missing, Settings, SqlStore},
};
use app::{AppError, store::StoreError};
use jiff::tz::TimeZone;

/// What the options name.
pub fn place(url: &DatabaseUrl) -> anyhow::Result<Place> {
    url.place().map_err(Usage::error)
}

/// Opens the database that there is, does the work, closes it.
pub async fn with<T>(
    options: &options::Database,
    time_zone: TimeZone,
    work: impl AsyncFnOnce(&SqlStore, &Clock) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // No command that asks for this begins a session: its limits are never used.
    let settings = Settings::new(time_zone, Limits { idle: 0, lifetime: 0 });
    let store = SqlStore::open(&place(&options.database_url)?, Missing::Refuse, settings).await?;
    let done = async { work(&store, &store.clock().await.map_err(said)?).await }.await;
    store.close().await;
    done
}

/// A refusal in its own words.
pub fn refused(error: &AppError) -> anyhow::Error {
    anyhow::Error::msg(error.sentence().to_owned())
}

/// What the store answered instead of doing it.
pub fn said(error: StoreError) -> anyhow::Error {
    refused(&error.into())
}
