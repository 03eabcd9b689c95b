//! The line above the list: numbers, filters, pages.

use crate::{
    model::{
        session::WINDOW_ROWS,
        text::{count, thousands},
    },
    parts::{
        action_bar::count_line,
        browser,
        filter_row::FilterTips,
        grid::{ClearFilters, LIST_FORM},
        list::List,
    },
};
use leptos::prelude::*;

#[component]
pub fn Toolbar() -> impl IntoView {
    let list = List::take();
    let filters = move || list.query.with(crate::model::query::Query::active_filters);
    let filter = move || if filters() > 0 { format!("Filter ({})", filters()) } else { "Filter".to_owned() };
    let export = move || list.query.with(|query| query.address().replacen("/sessions", "/sessions.csv", 1));
    view! {
        <div class="list-toolbar">
            <h2 id="list-title">"Session List"</h2>
            <p class="list-count">{move || count_line(list)}</p>
            <NamesFound />
            <Show when=move || { filters() > 0 }>
                <ClearFilters>{move || format!("Clear filters ({})", filters())}</ClearFilters>
            </Show>
            <Pages />
            <New />
            <button type="submit" form=LIST_FORM class="plain">"Apply"</button>
            <button type="button" class="quiet narrow" popovertarget="filter-row">{filter}</button>
            <a class="export" href=export rel="external">"Export"</a>
            <FilterTips />
        </div>
    }
}

/// What became of a list of names in a filter; who is not logged in is told on demand.
#[component]
fn NamesFound() -> impl IntoView {
    let list = List::take();
    // The same names stay the same elements: news would close what is open.
    let names = Memo::new(move |_| list.shown.with(|shown| shown.names.clone()));
    move || {
        let names = names.get()?;
        let missing = count(names.missing.len());
        let found = format!("{} of {} names", thousands(names.asked.saturating_sub(missing)), thousands(names.asked));
        let ways = (missing > 0).then(|| {
            let text = format!("{} not logged in", thousands(missing));
            view! { " · " <button type="button" class="link" popovertarget="missing-names">{text}</button> }
        });
        Some(view! {
            <p class="list-names">{found}{ways}</p>
            <div id="missing-names" popover="auto" role="dialog" aria-label="Names that are not logged in">
                <ul>{names.missing.into_iter().map(|name| view! { <li>{name}</li> }).collect_view()}</ul>
            </div>
        })
    }
}

/// Who logged in since the rows were read, and matches: a button that takes them into the list. Its place is kept free.
#[component]
fn New() -> impl IntoView {
    let list = List::take();
    let number = move || list.shown.with(|shown| shown.new_users);
    let show = move |_| {
        browser::pass_focus(&[browser::ROWS_STOP, ".refresh"]);
        list.show_new();
    };
    view! {
        <button type="button" class="quiet new" class:some=move || { number() > 0 } on:click=show>
            <span aria-hidden="true">"↑ "</span>
            {move || thousands(number())}
            " new"
        </button>
    }
}

/// Without scripts: where the rows stand in the result, and the ways to the others; absent where they are all there.
#[component]
fn Pages() -> impl IntoView {
    let list = List::take();
    let several = move || list.neighbours() != (None, None);
    let range = move || {
        list.shown.with(|shown| {
            let last = shown.offset.saturating_add(WINDOW_ROWS).min(shown.matching.users);
            format!("{}–{} of {}", thousands(shown.offset.saturating_add(1)), thousands(last), thousands(shown.matching.users))
        })
    };
    view! {
        <Show when=several>
            <nav class="pages plain" aria-label="Pages">
                <span>{range}</span>
                <Page text="Previous" offset=Signal::derive(move || list.neighbours().0) />
                <Page text="Next" offset=Signal::derive(move || list.neighbours().1) />
            </nav>
        </Show>
    }
}

#[component]
fn Page(text: &'static str, offset: Signal<Option<u32>>) -> impl IntoView {
    let list = List::take();
    move || {
        offset.get().map(|offset| {
            let address = list.query.with(|query| query.address_from(offset));
            view! { <a href=address>{text}</a> }
        })
    }
}
