//! Who asks, and what proves it. Only [`Visitor::admin`] makes an [`Admin`]; a [`SignedIn`] has open fields and is made by the session
//! check.

use crate::{
    error::AppError,
    model::{account::AccountId, session::SessionId},
    store::Store,
};
use axum::http::request::Parts;
use leptos::prelude::*;
use std::sync::Arc;

/// What the session check found; middleware puts it into the request's extensions before anything else runs.
#[derive(Clone, Debug, Default)]
pub enum Visitor {
    #[default]
    Nobody,
    SignedIn(SignedIn),
}

/// Somebody with a valid session, as it stood in the database when the request came.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: SessionId,
    pub account: AccountId,
    pub user_name: String,
    /// Holds the SIS role.
    pub sis: bool,
    /// The request's one *now*, UTC milliseconds.
    pub now: i64,
    pub origin: Origin,
}

/// Where a request came from, as the log keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Empty where there is no socket.
    pub ip: String,
    pub user_agent: String,
}

/// A holder of the SIS role. Nothing else opens the administrator's operations.
#[derive(Clone, Debug)]
pub struct Admin(SignedIn);

impl Admin {
    pub fn who(&self) -> &SignedIn {
        &self.0
    }

    /// The same person a while later (UTC milliseconds), for one request that does several things.
    #[must_use]
    pub fn at(self, now: i64) -> Self {
        Self(SignedIn { now, ..self.0 })
    }
}

impl Visitor {
    /// # Errors
    /// [`AppError::NotSignedIn`].
    pub fn signed_in(self) -> Result<SignedIn, AppError> {
        match self {
            Self::SignedIn(who) => Ok(who),
            Self::Nobody => Err(AppError::NotSignedIn),
        }
    }

    /// # Errors
    /// [`AppError::NotSignedIn`], [`AppError::Forbidden`].
    pub fn admin(self) -> Result<Admin, AppError> {
        let who = self.signed_in()?;
        if who.sis { Ok(Admin(who)) } else { Err(AppError::Forbidden) }
    }
}

fn visitor() -> Visitor {
    use_context::<Parts>().and_then(|parts| parts.extensions.get::<Visitor>().cloned()).unwrap_or_default()
}

/// First line of a server function for everybody who is logged in.
///
/// # Errors
/// [`AppError::NotSignedIn`].
pub fn signed_in() -> Result<SignedIn, AppError> {
    visitor().signed_in()
}

/// First line of a server function for administrators.
///
/// # Errors
/// [`AppError::NotSignedIn`], [`AppError::Forbidden`].
pub fn admin() -> Result<Admin, AppError> {
    visitor().admin()
}

/// What answers: put in context beside the routes.
pub fn store() -> Arc<dyn Store> {
    expect_context()
}
