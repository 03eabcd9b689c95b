//! What a page does where the server refuses or fails.

use crate::parts::title::PageTitle;
use crate::{AppError, frame::Frame};
use leptos::prelude::*;
use std::cell::Cell;

thread_local! {
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Without a session every page is left: loading the address anew lets the server say why. Answers whether it does.
pub fn leave_if_signed_out(error: &AppError) -> bool {
    let signed_out = *error == AppError::NotSignedIn;
    // Once: the first answer takes the cookie away, and the next one would no longer know why.
    if signed_out && !LEAVING.replace(true) {
        // Not `reload`: where the page is the answer to a form, that would send the form once more. Neither fails but in a document that is
        // already being left.
        let location = window().location();
        let address = location.pathname().and_then(|path| Ok(path + &location.search()?));
        let _ = address.and_then(|address| location.replace(&address));
    }
    signed_out
}

/// One sentence in place of what could not be shown, and the ways on.
#[component]
pub fn Failure(
    error: AppError,
    /// Where trying again begins, if not at the present address.
    #[prop(optional_no_strip)]
    again: Option<String>,
) -> impl IntoView {
    set_status(&error);
    let title = match error.status() {
        401 => "Not logged in",
        403 => "Not allowed",
        404 => "Not found",
        409 => "Changed meanwhile",
        500.. => "Not available",
        _ => "Not possible",
    };
    let viewer = use_context::<Frame>().and_then(|frame| frame.viewer);
    let home = match viewer {
        Some(viewer) if viewer.sis => ("/sessions", "User Session Manager"),
        Some(_) => ("/me", "My account"),
        None => ("/sign-in", "Log in"),
    };
    let again = (again.is_some() || error.status() >= 500).then(|| {
        let text = if error.status() >= 500 { "Try again" } else { "Go back" };
        // An empty address is the present one; the router must not take it, or nothing would be loaded.
        view! { <a class="button primary" href=again.unwrap_or_default() rel="external">{text}</a> }
    });
    let sentence = error.sentence().to_owned();
    Effect::new(move |_| leave_if_signed_out(&error));
    view! {
        <PageTitle text=title />
        <section class="failure">
            <h1>{title}</h1>
            <p role="alert">{sentence}</p>
            <p class="ways">{again} <a class="button" href=home.0>{home.1}</a></p>
        </section>
    }
}

/// The answer's status, for pages that are rendered before anything is sent.
#[cfg(feature = "ssr")]
fn set_status(error: &AppError) {
    if let (Some(options), Ok(status)) = (use_context::<leptos_axum::ResponseOptions>(), axum::http::StatusCode::from_u16(error.status())) {
        options.set_status(status);
    }
}

#[cfg(not(feature = "ssr"))]
fn set_status(_: &AppError) {}
