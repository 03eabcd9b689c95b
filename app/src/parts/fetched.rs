//! A page's data: loading, there, or refused; and the sign that the page is alive.

use crate::{AppError, parts::failure::Failure};
use leptos::{either::Either, prelude::*};

/// Shows what the server answered, or why it did not. `show` marks the page as alive by [`hydrated`] where its own effects do more.
#[component]
pub fn Fetched<T, S, V>(answer: Resource<Result<T, AppError>>, show: S) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    S: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=|| view! { <p class="loading" role="status">"Loading…"</p> }>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    match answer.await {
                        Ok(data) => Either::Left(show(data)),
                        Err(error) => {
                            hydrated();
                            Either::Right(view! { <Failure error /> })
                        }
                    }
                })
            }}
        </Transition>
    }
}

/// Sets `<html data-hydrated>` once the browser runs effects: what calls it is interactive from then on.
pub fn hydrated() {
    Effect::new(|_| {
        if let Some(html) = document().document_element() {
            // Fails only for a name that is none.
            let _ = html.set_attribute("data-hydrated", "");
        }
    });
}
