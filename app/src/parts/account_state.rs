//! Whether somebody is logged in, not, or disabled: a word and a dot, never the dot alone.

use crate::model::account::Found;
use leptos::prelude::*;

#[component]
pub fn AccountState<'a>(found: &'a Found) -> impl IntoView + use<> {
    let online = !found.disabled && found.sessions > 0;
    view! {
        <span class="state" class:disabled=found.disabled class:online=online>
            {found.state()}
        </span>
    }
}
