//! The fields of a plain form, repeated ones included. Unknown fields are left alone.

use super::answer::Refused;
use app::{AppError, model::query::Query};
use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use futures::TryFutureExt as _;
use std::{collections::BTreeSet, str::FromStr, time::Duration};
use tokio::time::timeout;

/// So long a request's body may take.
const BODY: Duration = Duration::from_mins(1);

/// Names and values in the order they were sent.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first field of that name, `""` where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether a box is ticked. A value that no box of ours has is no answer.
    pub fn ticked(&self, name: &str) -> Result<bool, AppError> {
        match self.get(name) {
            None => Ok(false),
            Some("1" | "on") => Ok(true),
            Some(_) => Err(AppError::Malformed),
        }
    }

    /// An id or a number that must be there.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, AppError> {
        self.text(name).parse().map_err(|_| AppError::Malformed)
    }

    /// Every field of that name as an id.
    pub fn ids<T: FromStr + Ord>(&self, name: &str) -> Result<BTreeSet<T>, AppError> {
        self.all(name).map(|value| value.parse().map_err(|_| AppError::Malformed)).collect()
    }

    /// The filters and the order of the list that the form stands on.
    pub fn query(&self) -> Result<Query, AppError> {
        Query::from_pairs(&self.0).map_err(AppError::invalid)
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| &**value)
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let form = Form::<Vec<(String, String)>>::from_request(request, state);
        let Form(fields) = read(form.map_err(|rejection| rejection.status())).await?;
        Ok(Self(fields))
    }
}

/// What is read of a request's body, or what axum's own refusal of it means here.
pub async fn read<T>(body: impl Future<Output = Result<T, StatusCode>>) -> Result<T, AppError> {
    match timeout(BODY, body).await {
        Ok(Err(StatusCode::PAYLOAD_TOO_LARGE)) => Err(AppError::TooLarge),
        read => read.ok().and_then(Result::ok).ok_or(AppError::Malformed),
    }
}
