//! The bar below the list: End Sessions, Refresh, when the list was read, and who is selected.

use crate::{
    model::{
        plan::Act,
        query::Sort,
        text::{count, counted, thousands},
    },
    parts::{
        acts::Acts,
        browser::{self, find, find_all, focus},
        grid::{LIST_FORM, PLAN_FORM},
        list::List,
        live::{Link, Live},
        selected::ShowSelected,
    },
};
use leptos::prelude::*;
use std::{sync::Arc, time::Duration};
use web_sys::{Event, KeyboardEvent};

/// So long after the last answer its numbers are read out.
const TYPED: Duration = Duration::from_millis(500);

const SELECT_FIRST: &str = "Select one or more users first.";

/// One polite live region tells the selection and the numbers of the list.
#[component]
pub fn ActionBar() -> impl IntoView {
    let list = List::take();
    let live = Live::take();
    let hint = RwSignal::new(false);
    let selection = move || {
        list.picked.with(|picked| match (&picked.selection, list.selected.get()) {
            (selection, _) if selection.is_empty() => hint.get().then(|| SELECT_FIRST.to_owned()),
            (_, Some(selected)) => Some(selected.sentence()),
            (crate::model::selection::Selection::Ids(ids), None) => Some(format!("{} selected", counted(count(ids.len()), "user"))),
            (_, None) => Some("Counting…".into()),
        })
    };
    let nobody = move || list.picked.with(|picked| picked.selection.is_empty());
    // After what one asked for oneself, once one has typed: nobody wants to hear every log-in, or every letter's list.
    let sorted = StoredValue::new(list.query.with_untracked(|query| query.sort));
    let showing = move || {
        list.shown.with_untracked(|shown| {
            let mut said = ["Showing ", &thousands(shown.matching.users), " of ", &thousands(shown.all.users), "."].concat();
            let Sort { column, descending } = shown.query.sort;
            if sorted.get_value() != shown.query.sort {
                sorted.set_value(shown.query.sort);
                said = [&*said, " Sorted by ", column.title(), if descending { ", descending." } else { ", ascending." }].concat();
            }
            said
        })
    };
    let numbers = RwSignal::new(showing());
    Effect::new(move |_| {
        list.busy.track();
        let timer = set_timeout_with_handle(move || numbers.set(showing()), TYPED).ok();
        on_cleanup(move || {
            if let Some(timer) = timer {
                timer.clear();
            }
        });
    });
    // Without scripts it sends the filters' form, which fetches the list too.
    let refresh = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        live.try_again();
        list.refresh();
    };
    let clear = move |_| {
        browser::pass_focus(&[".refresh"]);
        list.clear_selection();
    };
    let restore = move |_| {
        browser::pass_focus(&[browser::ROWS_STOP, ".refresh"]);
        list.restore();
    };
    view! {
        <div class="action-bar" class:chosen=move || !nobody()>
            <EndMenu hint />
            <button type="submit" form=LIST_FORM class="refresh" on:click=refresh>"Refresh"</button>
            <p class="updated">
                <Connection list />
                {move || list.shown.with(|shown| (!shown.updated.is_empty()).then(|| format!("Updated {}", shown.updated)))}
            </p>
            <p class="selection" role="status">
                <span>{selection}</span>
                <span class="visually-hidden">{move || numbers.get()}</span>
            </p>
            <div class="ways">
                {move || {
                    let users = list.picked.with(|picked| picked.dropped.as_ref().map(|(_, users)| *users))?;
                    let text = users.map_or_else(|| "Restore".to_owned(), |users| format!("Restore {}", thousands(users)));
                    Some(view! { <button type="button" class="quiet restore" on:click=restore>{text}</button> })
                }}
                <Show when=move || !nobody()>
                    <ShowSelected />
                    <button type="button" class="quiet clear" on:click=clear>"Clear"</button>
                </Show>
            </div>
        </div>
    }
}

/// Whether the list follows by itself.
#[component]
fn Connection(list: List) -> impl IntoView {
    let link = Live::take().link;
    let behind = Memo::new(move |_| list.shown.with(|shown| shown.behind));
    move || match link.get() {
        Link::Open | Link::Unknown if behind.get() => {
            Some(view! { <span class="live behind">"Live paused, the list is behind"</span> }.into_any())
        }
        Link::Unknown => None,
        Link::Open => Some(view! { <span class="live open">"Live"</span> }.into_any()),
        Link::Lost(seconds) => {
            let offline = !window().navigator().on_line();
            let what = if offline { "Offline, trying again" } else { "Live paused, reconnecting" };
            Some(view! { <span class="live" class:offline=offline>{format!("{what} in {seconds} s")}</span> }.into_any())
        }
    }
}

/// `2,041 users · 2,377 sessions`; filtered: `12 of 2,041 users · 15 sessions`; `Loading…` before the first list.
pub fn count_line(list: List) -> String {
    list.shown.with(|shown| {
        if shown.updated.is_empty() {
            return "Loading…".into();
        }
        let sessions = counted(shown.matching.sessions, "session");
        if shown.query.active_filters() == 0 {
            return format!("{} · {sessions}", counted(shown.matching.users, "user"));
        }
        let matching = thousands(shown.matching.users);
        format!("{matching} of {} · {sessions}", counted(shown.all.users, "user"))
    })
}

/// The menu button (APG menu button). The menu is a popover, which opens without scripts too; its items are then submit buttons.
#[component]
fn EndMenu(hint: RwSignal<bool>) -> impl IntoView {
    let list = List::take();
    let acts = Acts::take();
    let nobody = move || list.picked.with(|picked| picked.selection.is_empty());
    let disabled = move || (list.alive.get() && nobody()).then_some("true");
    Effect::new(move |_| {
        if !nobody() {
            hint.set(false);
        }
    });
    let press = move |event: web_sys::MouseEvent| {
        if nobody() {
            event.prevent_default();
            hint.set(true);
        }
    };
    // Down and Up open it too.
    let key = move |event: KeyboardEvent| {
        if matches!(&*event.key(), "ArrowDown" | "ArrowUp") {
            event.prevent_default();
            if nobody() {
                hint.set(true);
            } else if let Some(menu) = find("#end-menu") {
                let _ = menu.show_popover();
                stand(if event.key() == "ArrowUp" { "End" } else { "Home" });
            }
        }
    };
    view! {
        <button
            type="button"
            id="end-sessions"
            class="end-sessions"
            popovertarget="end-menu"
            aria-haspopup="menu"
            aria-disabled=disabled
            aria-busy=move || acts.busy.get().then_some("true")
            aria-describedby=move || disabled().map(|_| "select-first")
            on:click=press
            on:keydown=key
        >
            "End Sessions"
            <span class="caret" aria-hidden="true">"▼"</span>
        </button>
        <span id="select-first" hidden>{SELECT_FIRST}</span>
        <div id="end-menu" popover="auto" role="menu" aria-labelledby="end-sessions" on:toggle=opened on:keydown=in_menu>
            <Item act=Act::End help="Immediately logs the user out." />
            <hr role="separator" />
            <Item
                act=Act::EndDisable
                help="Immediately logs the user out and disables their user account, preventing them from being able to log back in."
            />
        </div>
    }
}

#[component]
fn Item(act: Act, help: &'static str) -> impl IntoView {
    let list = List::take();
    let acts = Acts::take();
    let (name, note) = match act {
        Act::End => ("end-name", "end-help"),
        Act::EndDisable => ("disable-name", "disable-help"),
    };
    let choose = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        close_menu();
        list.once_settled(Arc::new(move || acts.begin(act, list.picked.with_untracked(|picked| picked.selection.clone()))));
    };
    view! {
        <button
            type="submit"
            role="menuitem"
            form=PLAN_FORM
            name="act"
            value=act.key()
            class:danger-text=act == Act::EndDisable
            aria-labelledby=name
            aria-describedby=note
            on:click=choose
        >
            <span id=name class="name">{act.title()}</span>
            <small id=note>{help}</small>
        </button>
    }
}

/// By whatever way it opened, the focus goes into the menu.
fn opened(_: Event) {
    if find("#end-menu:popover-open").is_some() && find("#end-menu :focus").is_none() {
        stand("Home");
    }
}

/// To the item that a key leads to. Answers whether it leads to one.
fn stand(key: &str) -> bool {
    let items = find_all("#end-menu [role=menuitem]");
    let here = items.iter().position(|item| item.matches(":focus").unwrap_or(false)).unwrap_or(0);
    let to = match key {
        "ArrowDown" => here + 1,
        "ArrowUp" => here + items.len() - 1,
        "Home" => 0,
        "End" => items.len() - 1,
        _ => return false,
    };
    focus(&items[to % items.len()]);
    true
}

fn in_menu(event: KeyboardEvent) {
    if stand(&event.key()) {
        event.prevent_default();
    } else if event.key() == "Tab" {
        close_menu();
    }
}

/// It gives the focus back to the button.
fn close_menu() {
    if let Some(menu) = find("#end-menu") {
        let _ = menu.hide_popover();
    }
}
