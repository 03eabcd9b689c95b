//! Who is selected: a list of its own above the bar, those first whom the filters hide.

use crate::{
    AppError, api,
    model::{
        session::{Row, SelectedRows},
        text::{count, thousands},
    },
    parts::{browser, failure, list::List},
};
use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};

const ID: &str = "selected-users";

/// The button and what it opens. While that is open it follows the selection.
#[component]
pub fn ShowSelected() -> impl IntoView {
    let list = List::take();
    let open = RwSignal::new(false);
    let answer = RwSignal::new(None::<Result<SelectedRows, AppError>>);
    Effect::new(move |_| {
        let selection = list.picked.with(|picked| picked.selection.clone());
        // What is asked for: it does not change by itself, and this is its person's activity.
        let query = list.query.get();
        if open.get() {
            spawn_local_scoped_with_cancellation(async move {
                let rows = api::sessions::selected(selection, query).await;
                if !rows.as_ref().is_err_and(failure::leave_if_signed_out) {
                    answer.set(Some(rows));
                }
            });
        } else {
            answer.set(None);
        }
    });
    let toggled = move |_| open.set(browser::find("#selected-users:popover-open").is_some());
    view! {
        <button type="button" class="quiet scripted" popovertarget=ID>"Show selected"</button>
        <div id=ID popover="auto" role="dialog" tabindex="-1" aria-label="Selected users" on:toggle=toggled on:click:capture=browser::once>
            {move || match answer.get() {
                None => view! { <p class="panel-note">"Loading…"</p> }.into_any(),
                Some(Err(error)) => view! { <p class="panel-note" role="alert">{error.sentence().to_owned()}</p> }.into_any(),
                Some(Ok(rows)) => view! { <Rows rows /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Rows(rows: SelectedRows) -> impl IntoView {
    let list = List::take();
    let shown = count(rows.rows.len());
    let more = move || {
        let more = list.selected.with(|selected| selected.as_ref().map_or(0, |selected| selected.users.saturating_sub(shown)));
        (more > 0).then(|| view! { <p class="panel-note">{format!("and {} more", thousands(more))}</p> })
    };
    let not_shown = rows.not_shown as usize;
    let lines = rows.rows.into_iter().enumerate().map(|(place, row)| view! { <Selected row hidden=place < not_shown /> });
    view! {
        <ul>{lines.collect_view()}</ul>
        {more}
    }
}

#[component]
fn Selected(row: Row, hidden: bool) -> impl IntoView {
    let list = List::take();
    let name = row.user_name.text;
    let mut names = row.last_name.text;
    if !row.first_name.text.is_empty() {
        names.push_str(", ");
        names.push_str(&row.first_name.text);
    }
    let what = match (row.count, hidden) {
        (0, _) => "not logged in",
        (_, true) => "not shown",
        _ => "",
    };
    let deselect = move |_| {
        let is_last = list.selected.with_untracked(|selected| selected.as_ref().is_some_and(|selected| selected.users <= 1));
        browser::pass_focus(&[if is_last { browser::ROWS_STOP } else { "#selected-users" }, ".refresh"]);
        list.deselect(row.id);
    };
    view! {
        <li>
            <span class="name">{name.clone()}</span>
            <span class="names">{names}</span>
            <span class="what">{what}</span>
            <button type="button" class="quiet close" aria-label=format!("Deselect {name}") on:click=deselect>
                <span aria-hidden="true">"×"</span>
            </button>
        </li>
    }
}
