//! The User Session Manager.

use crate::parts::{
    breadcrumb::{ADMINISTRATION, PageHead},
    fetched::hydrated,
};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn SessionsPage() -> impl IntoView {
    hydrated();
    view! {
        <Title text="User Session Manager" />
        <PageHead path=ADMINISTRATION here="User Session Manager">
            <a href="/help">"Help"</a>
        </PageHead>
    }
}
