//! A panic is a defect; the person gets a plain sentence, the log the rest.

use app::AppError;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::any::Any;

/// 500 as plain text: the page's own code may be what failed.
pub fn answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(what = what.unwrap_or("no message"), "a request panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, AppError::Internal.sentence().to_owned()).into_response()
}
