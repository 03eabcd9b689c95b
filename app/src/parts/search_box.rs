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

/// What is typed, and what stands below it.
#[derive(Clone, Copy)]
struct Search {
    input: NodeRef<html::Input>,
    text: RwSignal<String>,
    tools: Memo<Vec<Hit>>,
    people: RwSignal<People>,
    open: RwSignal<bool>,
    /// The line that the keyboard stands on, counted from the first tool.
    active: RwSignal<Option<usize>>,
}

impl Search {
    fn new() -> Self {
        let text = RwSignal::new(String::new());
        Self {
            input: NodeRef::new(),
            text,
            tools: Memo::new(move |_| text.with(|text| tools::matching(text)).into_iter().map(Hit::from).collect()),
            people: RwSignal::default(),
            open: RwSignal::new(false),
            active: RwSignal::new(None),
        }
    }

    /// Asks at each key, and drops the request of the key before.
    fn keep_asking(self) {
        Effect::new(move |_| {
            let text = self.text.with(|text| text.trim().to_owned());
            self.active.set(None);
            if text.is_empty() {
                self.people.set(People::default());
            } else {
                spawn_local_scoped_with_cancellation(self.ask(text));
            }
        });
    }

    async fn ask(self, text: String) {
        let answer = match accounts::search(text.clone(), PEOPLE).await {
            Ok(found) => People { text, hits: found.accounts.into_iter().map(Hit::from).collect(), total: found.total, failure: None },
            Err(error) if failure::leave_if_signed_out(&error) => return,
            Err(error) => People { text, failure: Some(error.sentence().to_owned()), ..People::default() },
        };
        // A person picked before stands elsewhere now, or nowhere; the tools stay in their places.
        self.active.update(|active| *active = active.filter(|at| *at < self.tools.with_untracked(Vec::len)));
        self.people.set(answer);
    }

    /// Takes what was typed before the page was alive.
    fn take_typed(self) {
        Effect::new(move |_| {
            if let Some(input) = self.input.get()
                && !input.value().is_empty()
            {
                self.text.set(input.value());
                self.open.set(document().active_element().is_some_and(|focused| focused.is_same_node(Some(&input))));
            }
        });
    }

    /// Ctrl+K leads here from anywhere.
    fn keep_shortcut(self) {
        let shortcut = window_event_listener(ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key() && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                if let Some(input) = self.input.get_untracked() {
                    // Fails only for an element that cannot take it.
                    let _ = input.focus();
                    input.select();
                }
            }
        });
        on_cleanup(move || shortcut.remove());
    }

    fn is_shown(self) -> bool {
        self.open.get() && self.text.with(|text| !text.trim().is_empty())
    }

    fn is_answered(self) -> bool {
        self.text.with(|text| self.people.with(|people| people.text == text.trim()))
    }

    /// Lines of the popup.
    fn hits(self) -> usize {
        self.tools.with(Vec::len) + self.people.with(|people| people.hits.len() + usize::from(people.total > 0))
    }

    fn press(self, event: &KeyboardEvent) {
        match &*event.key() {
            // What an input method takes is no key of the popup.
            _ if event.is_composing() => {}
            "ArrowDown" => {
                event.prevent_default();
                self.step(true);
            }
            "ArrowUp" => {
                event.prevent_default();
                self.step(false);
            }
            "Enter" => {
                // With nothing picked, the form leads to everybody found.
                if let Some(option) = self.active.get_untracked().and_then(option) {
                    event.prevent_default();
                    option.click();
                }
            }
            // The first closes the popup, the next clears the box, as the browser does by itself.
            "Escape" if untrack(|| self.is_shown()) => {
                event.prevent_default();
                self.open.set(false);
                self.active.set(None);
            }
            _ => {}
        }
    }

    fn step(self, forward: bool) {
        self.open.set(true);
        let hits = untrack(|| self.hits());
        self.active.update(|active| {
            *active = match (*active, forward) {
                _ if hits == 0 => None,
                (None, true) => Some(0),
                (None, false) => Some(hits - 1),
                (Some(at), true) => Some((at + 1) % hits),
                (Some(at), false) => Some((at + hits - 1) % hits),
            };
        });
        if let Some(option) = self.active.get_untracked().and_then(option) {
            option.scroll_into_view_with_bool(false);
        }
    }

    fn clear(self) {
        self.text.set(String::new());
        self.open.set(false);
        if let Some(input) = self.input.get_untracked() {
            input.set_value("");
        }
    }

    /// In place of lines.
    fn message(self) -> String {
        match self.people.with(|people| people.failure.clone()) {
            _ if !self.is_shown() => String::new(),
            Some(sentence) if self.is_answered() => sentence,
            _ if self.hits() > 0 => String::new(),
            _ if self.is_answered() => "No tool and nobody matches.".into(),
            _ => "Searching…".into(),
        }
    }

    fn announced(self) -> String {
        let is_found = self.is_shown() && self.is_answered() && self.hits() > 0;
        if is_found { counted(count(self.hits()), "result") } else { String::new() }
    }

    fn tools_view(self) -> impl IntoView {
        let tools = self.tools.get();
        (!tools.is_empty()).then(|| self.group_view("Tools", 0, tools))
    }

    fn people_view(self) -> impl IntoView {
        let People { text, mut hits, total, .. } = self.people.get();
        (total > 0).then(|| {
            hits.push(Hit {
                name: format!("All {}", counted(total, "account")),
                beside: format!("{} “{text}”", if total == 1 { "that matches" } else { "that match" }),
                href: format!("/accounts?q={}", encode(&text)),
                account: None,
            });
            self.group_view("People", self.tools.with(Vec::len), hits)
        })
    }

    /// `first`: which line of the popup the first one is.
    fn group_view(self, label: &'static str, first: usize, hits: Vec<Hit>) -> impl IntoView {
        view! {
            <div role="group" aria-label=label>
                <span class="group" aria-hidden="true">{label}</span>
                {(first..).zip(hits).map(|(at, hit)| self.hit_view(at, hit)).collect_view()}
            </div>
        }
    }

    fn hit_view(self, at: usize, hit: Hit) -> impl IntoView {
        let is_active = move || (self.active.get() == Some(at)).to_string();
        view! {
            <a role="option" id=option_id(at) href=hit.href tabindex="-1" aria-selected=is_active>
                <span class="name">{hit.name}</span>
                <span class="beside">{hit.beside}</span>
                {hit.account.map(|found| view! { <AccountState found=&found /> })}
            </a>
        }
    }
}

/// The box and its popup. Without scripts it is a form that leads to the accounts found.
#[component]
pub fn SearchBox() -> impl IntoView {
    let search = Search::new();
    search.keep_asking();
    search.take_typed();
    search.keep_shortcut();
    view! {
        <search class="search-box">
            <form action="/accounts">
                <input
                    type="search"
                    name="q"
                    node_ref=search.input
                    aria-label="Search tools and people"
                    placeholder="Search tools and people"
                    autocomplete="off"
                    spellcheck="false"
                    enterkeyhint="search"
                    aria-autocomplete="list"
                    aria-controls="search-results"
                    aria-keyshortcuts="Control+K"
                    aria-activedescendant=move || search.active.get().filter(|_| search.is_shown()).map(option_id)
                    on:input=move |event| {
                        search.text.set(event_target_value(&event));
                        search.open.set(true);
                    }
                    on:focus=move |_| search.open.set(true)
                    on:blur=move |_| search.open.set(false)
                    on:keydown=move |event| search.press(&event)
                />
                <kbd aria-hidden="true">"Ctrl+K"</kbd>
            </form>
            // Pressing the mouse must not take the focus from the box, or the popup would close before the click.
            <div class="popup" hidden=move || !search.is_shown() on:mousedown=|event| event.prevent_default()>
                <div
                    id="search-results"
                    role="listbox"
                    aria-label="Tools and people"
                    hidden=move || search.hits() == 0
                    on:click=move |_| search.clear()
                >
                    {move || search.tools_view()}
                    {move || search.people_view()}
                </div>
                <p class="message" aria-live="polite">{move || search.message()}</p>
            </div>
            <p class="visually-hidden" aria-live="polite">{move || search.announced()}</p>
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
