//! *Search tools and people*, at the top of every page of an administrator.
//!
//! Follows the combobox pattern of the ARIA practices (list with manual selection), with the role that the box has of its own,
//! `searchbox`: the popup is announced by a live line instead of `aria-expanded`, which that role does not know.

use crate::{
    api::accounts,
    model::{
        account::Found,
        query::encode,
        text::{count, counted},
    },
    parts::{account_state::AccountState, failure, tools},
};
use leptos::{ev, html, prelude::*, task::spawn_local_scoped_with_cancellation};
use web_sys::{HtmlElement, KeyboardEvent};

/// People that the popup shows at most.
const PEOPLE: u32 = 8;

/// One line of the popup, ready to show.
#[derive(Clone, PartialEq, Eq)]
struct Hit {
    name: String,
    beside: String,
    href: String,
    /// The account, where it is one.
    account: Option<Found>,
}

impl From<tools::Tool> for Hit {
    fn from(tool: tools::Tool) -> Self {
        Self { name: tool.name.into(), beside: tool.path.into(), href: tool.href.into(), account: None }
    }
}

impl From<Found> for Hit {
    fn from(found: Found) -> Self {
        Self { name: found.user_name.clone(), beside: found.name.clone(), href: format!("/accounts/{}", found.id), account: Some(found) }
    }
}

/// What the server answered to which text.
#[derive(Clone, Default, PartialEq, Eq)]
struct People {
    text: String,
    hits: Vec<Hit>,
    total: u32,
    failure: Option<String>,
}

/// The box and its popup. Without scripts it is a form that leads to the accounts found.
#[component]
pub fn SearchBox() -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let text = RwSignal::new(String::new());
    let people = RwSignal::new(People::default());
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let tools = Memo::new(move |_| text.with(|text| tools::matching(text)).into_iter().map(Hit::from).collect::<Vec<_>>());
    let shown = move || open.get() && text.with(|text| !text.trim().is_empty());
    let answered = move || text.with(|text| people.with(|people| people.text == text.trim()));
    let hits = move || tools.with(Vec::len) + people.with(|people| people.hits.len() + usize::from(people.total > 0));

    // Each key drops the request of the key before.
    Effect::new(move |_| {
        let text = text.with(|text| text.trim().to_owned());
        active.set(None);
        if text.is_empty() {
            people.set(People::default());
            return;
        }
        spawn_local_scoped_with_cancellation(async move {
            let answer = match accounts::search(text.clone(), PEOPLE).await {
                Ok(found) => People { text, hits: found.accounts.into_iter().map(Hit::from).collect(), total: found.total, failure: None },
                Err(error) if failure::leave_if_signed_out(&error) => return,
                Err(error) => People { text, failure: Some(error.sentence().to_owned()), ..People::default() },
            };
            // A person picked before stands elsewhere now, or nowhere; the tools stay in their places.
            active.update(|active| *active = active.filter(|at| *at < tools.with_untracked(Vec::len)));
            people.set(answer);
        });
    });
    // What was typed before the page was alive.
    Effect::new(move |_| {
        if let Some(input) = input.get()
            && !input.value().is_empty()
        {
            text.set(input.value());
            open.set(document().active_element().is_some_and(|focused| focused.is_same_node(Some(&input))));
        }
    });
    let shortcut = window_event_listener(ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key() && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            if let Some(input) = input.get_untracked() {
                // Fails only for an element that cannot take it.
                let _ = input.focus();
                input.select();
            }
        }
    });
    on_cleanup(move || shortcut.remove());

    let step = move |forward: bool| {
        open.set(true);
        let count = hits();
        active.update(|active| {
            *active = match (*active, forward) {
                _ if count == 0 => None,
                (None, true) => Some(0),
                (None, false) => Some(count - 1),
                (Some(at), true) => Some((at + 1) % count),
                (Some(at), false) => Some((at + count - 1) % count),
            };
        });
        if let Some(option) = active.get_untracked().and_then(option) {
            option.scroll_into_view_with_bool(false);
        }
    };
    let on_key = move |event: KeyboardEvent| match &*event.key() {
        // What an input method takes is no key of the popup.
        _ if event.is_composing() => {}
        "ArrowDown" => {
            event.prevent_default();
            step(true);
        }
        "ArrowUp" => {
            event.prevent_default();
            step(false);
        }
        "Enter" => {
            // With nothing picked, the form leads to everybody found.
            if let Some(option) = active.get_untracked().and_then(option) {
                event.prevent_default();
                option.click();
            }
        }
        // The first closes the popup, the next clears the box, as the browser does by itself.
        "Escape" if shown() => {
            event.prevent_default();
            open.set(false);
            active.set(None);
        }
        _ => {}
    };
    let leave = move |_| {
        text.set(String::new());
        open.set(false);
        if let Some(input) = input.get_untracked() {
            input.set_value("");
        }
    };
    let message = move || match people.with(|people| people.failure.clone()) {
        _ if !shown() => String::new(),
        Some(sentence) if answered() => sentence,
        _ if hits() > 0 => String::new(),
        _ if answered() => "No tool and nobody matches.".into(),
        _ => "Searching…".into(),
    };
    let announced = move || if shown() && answered() && hits() > 0 { counted(count(hits()), "result") } else { String::new() };
    let option_view = move |at: usize, hit: Hit| {
        view! {
            <a role="option" id=option_id(at) href=hit.href tabindex="-1" aria-selected=move || (active.get() == Some(at)).to_string()>
                <span class="name">{hit.name}</span>
                <span class="beside">{hit.beside}</span>
                {hit.account.map(|found| view! { <AccountState found=&found /> })}
            </a>
        }
    };
    let people_views = move || {
        let first = tools.with(Vec::len);
        let People { text, hits, total, .. } = people.get();
        let all = first + hits.len();
        let everybody = Hit {
            name: format!("All {}", counted(total, "account")),
            beside: format!("{} “{text}”", if total == 1 { "that matches" } else { "that match" }),
            href: format!("/accounts?q={}", encode(&text)),
            account: None,
        };
        (total > 0).then(|| {
            view! {
                <div role="group" aria-label="People">
                    <span class="group" aria-hidden="true">"People"</span>
                    {hits.into_iter().enumerate().map(|(at, hit)| option_view(first + at, hit)).collect_view()}
                    {option_view(all, everybody)}
                </div>
            }
        })
    };
    let tool_views = move || {
        let tools = tools.get();
        (!tools.is_empty()).then(|| {
            view! {
                <div role="group" aria-label="Tools">
                    <span class="group" aria-hidden="true">"Tools"</span>
                    {tools.into_iter().enumerate().map(|(at, hit)| option_view(at, hit)).collect_view()}
                </div>
            }
        })
    };

    view! {
        <search class="search-box">
            <form action="/accounts">
                <input
                    type="search"
                    name="q"
                    node_ref=input
                    aria-label="Search tools and people"
                    placeholder="Search tools and people"
                    autocomplete="off"
                    spellcheck="false"
                    enterkeyhint="search"
                    aria-autocomplete="list"
                    aria-controls="search-results"
                    aria-keyshortcuts="Control+K"
                    aria-activedescendant=move || active.get().filter(|_| shown()).map(option_id)
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        open.set(true);
                    }
                    on:focus=move |_| open.set(true)
                    on:blur=move |_| open.set(false)
                    on:keydown=on_key
                />
                <kbd aria-hidden="true">"Ctrl+K"</kbd>
            </form>
            // Pressing the mouse must not take the focus from the box, or the popup would close before the click.
            <div class="popup" hidden=move || !shown() on:mousedown=|event| event.prevent_default()>
                <div id="search-results" role="listbox" aria-label="Tools and people" hidden=move || hits() == 0 on:click=leave>
                    {tool_views}
                    {people_views}
                </div>
                <p class="message" aria-live="polite">{message}</p>
            </div>
            <p class="visually-hidden" aria-live="polite">{announced}</p>
        </search>
    }
}

fn option_id(at: usize) -> String {
    format!("search-result-{at}")
}

fn option(at: usize) -> Option<HtmlElement> {
    use leptos::wasm_bindgen::JsCast;
    document().get_element_by_id(&option_id(at))?.dyn_into().ok()
}
