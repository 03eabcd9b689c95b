//! What stands in place of a page that is refused, or that there is not.

use crate::{AppError, parts::failure::Failure};
use leptos::prelude::*;

/// A refusal in place of the page, with the way back where a form led here.
#[component]
pub fn RefusedPage(error: AppError) -> impl IntoView {
    let again = SharedValue::new(way_back).into_inner();
    view! { <Failure error again /> }
}

/// The form of an account posts to the account's own address; every other form of an administrator stands on the list, which the browser
/// names with its filters.
#[cfg(feature = "ssr")]
fn way_back() -> Option<String> {
    use axum::http::{Method, Uri, header::REFERER, request::Parts};
    let parts = use_context::<Parts>().filter(|parts| parts.method == Method::POST)?;
    let path = parts.uri.path();
    let account = path.strip_prefix("/accounts/").is_some_and(|id| id.parse::<i64>().is_ok());
    if account {
        return Some(path.to_owned());
    }
    let page: Option<Uri> = parts.headers.get(REFERER).and_then(|page| page.to_str().ok()?.parse().ok());
    let list = page.filter(|page| page.path() == "/sessions");
    Some(list.and_then(|list| Some(list.path_and_query()?.to_string())).unwrap_or_else(|| "/".to_owned()))
}

#[cfg(not(feature = "ssr"))]
fn way_back() -> Option<String> {
    None
}
