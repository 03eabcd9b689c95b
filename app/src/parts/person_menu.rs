//! The menu of the person who is logged in: own account, theme, log out.
//!
//! The browser opens and closes it by itself (popover), so it works before the page is alive and without scripts.

use crate::frame::Viewer;
use leptos::{html, prelude::*};
use web_sys::{HtmlButtonElement, SubmitEvent};

const THEMES: [(&str, &str); 3] = [("system", "System"), ("light", "Light"), ("dark", "Dark")];

/// `theme` is the chosen one, `None` where the system's holds.
#[component]
pub fn PersonMenu(viewer: Viewer, theme: Option<String>) -> impl IntoView {
    let menu = NodeRef::<html::Div>::new();
    let theme = RwSignal::new(theme.unwrap_or_else(|| "system".into()));
    let close = move |_| {
        if let Some(menu) = menu.get_untracked() {
            // Fails only where it is closed already.
            let _ = menu.hide_popover();
        }
    };
    let choose = move |event: SubmitEvent| {
        use leptos::wasm_bindgen::JsCast;
        if let Some(chosen) = event.submitter().and_then(|button| button.dyn_into::<HtmlButtonElement>().ok()) {
            event.prevent_default();
            show_theme(&chosen.value());
            theme.set(chosen.value());
        }
    };
    view! {
        <button type="button" class="quiet person" popovertarget="person-menu">
            <span class="name">{viewer.user_name.clone()}</span>
            <span aria-hidden="true">"▾"</span>
        </button>
        <div id="person-menu" class="person-menu" popover="auto" node_ref=menu>
            <p class="who">"Logged in as " <strong>{viewer.user_name}</strong></p>
            <a href="/me" on:click=close>"My account"</a>
            <a class="help" href="/help" rel="external">"Help"</a>
            <form method="post" action="/theme" on:submit=choose>
                <fieldset class="theme">
                    <legend>"Theme"</legend>
                    {THEMES
                        .map(|(value, text)| {
                            view! {
                                <button name="theme" value=value aria-pressed=move || (theme.get() == value).to_string()>
                                    {text}
                                </button>
                            }
                        })
                        .collect_view()}
                </fieldset>
            </form>
            <form method="post" action="/sign-out"><button class="quiet">"Log out"</button></form>
        </div>
    }
}

/// As the server does it, without leaving the page: the attribute for this page, the cookie for the next.
fn show_theme(theme: &str) {
    use leptos::wasm_bindgen::JsCast;
    if let Some(html) = document().document_element() {
        // Neither fails for a constant name.
        let _ = if theme == "system" { html.remove_attribute("data-theme") } else { html.set_attribute("data-theme", theme) };
    }
    if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
        let year = if theme == "system" { 0 } else { 365 * 24 * 60 * 60 };
        let secure = if window().location().protocol().is_ok_and(|protocol| protocol == "https:") { "; Secure" } else { "" };
        // Without cookies the choice holds for this page.
        let _ = document.set_cookie(&format!("theme={theme}{secure}; SameSite=Lax; Path=/; Max-Age={year}"));
    }
}
