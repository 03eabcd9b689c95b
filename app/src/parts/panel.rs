//! The panel at the right: the single sessions of the active row.

use crate::{
    AppError, api,
    model::{
        account::AccountId,
        plan::Act,
        selection::Selection,
        session::AccountSessions,
        text::{count, joined},
    },
    parts::{acts::Acts, browser, failure, list::List},
};
use leptos::{html, prelude::*, task::spawn_local_scoped_with_cancellation};
use std::collections::BTreeSet;

/// Follows the active row while it is open. Not modal; on narrow screens it covers the list.
#[component]
pub fn Panel() -> impl IntoView {
    let list = List::take();
    let answer = RwSignal::new(None::<Result<AccountSessions, AppError>>);
    let show = move |sessions: AccountSessions| {
        let ids = |sessions: &AccountSessions| sessions.sessions.iter().map(|session| session.id).collect::<Vec<_>>();
        let shown = answer.get_untracked().and_then(Result::ok);
        if shown.as_ref() != Some(&sessions) {
            // The same sessions stay the same elements: only what they show is newer.
            if shown.is_none_or(|shown| ids(&shown) != ids(&sessions)) {
                keep_focus();
            }
            answer.set(Some(Ok(sessions)));
        }
    };
    Effect::new(move |before: Option<Option<AccountId>>| {
        list.reads.track();
        let account = if list.panel.get() { list.active.get() } else { None };
        if before.flatten() != account {
            keep_focus();
            answer.set(None);
        }
        if let Some(account) = account {
            spawn_local_scoped_with_cancellation(async move {
                let sessions = api::sessions::of(account).await;
                match sessions {
                    Ok(found) => {
                        let act = if found.disabled { Act::EndDisable } else { Act::End };
                        list.learn_count(account, count(found.sessions.len()), act);
                        show(found);
                    }
                    Err(error) if failure::leave_if_signed_out(&error) => {}
                    Err(error) => {
                        keep_focus();
                        answer.set(Some(Err(error)));
                    }
                }
            });
        }
        account
    });
    // What a look at the rows brings of it.
    Effect::new(move |_| {
        if let Some(sessions) = list.in_panel.get().filter(|sessions| list.active.get_untracked() == Some(sessions.id)) {
            show(sessions);
        }
    });
    let close = move |_| list.close_panel();
    let place = NodeRef::<html::Aside>::new();
    Effect::new(move |_| {
        // On narrow screens it covers everything: the keyboard must not stay behind it.
        if let Some(panel) = place.get()
            && panel.offset_width() >= document().document_element().map_or(0, |page| page.client_width())
        {
            browser::focus(&panel);
        }
    });
    let label = move || {
        let line = list.active.get().and_then(|id| list.line(id));
        line.map(|line| format!("Sessions of {}", line.row.with(|row| row.user_name.text.clone())))
    };
    view! {
        <Show when=move || list.has_panel()>
            <aside
                class="panel"
                node_ref=place
                tabindex="-1"
                aria-label=label
                on:click:capture=browser::once
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        list.close_panel();
                    }
                }
            >
                <button type="button" class="quiet close" aria-label="Close panel" on:click=close>
                    <span aria-hidden="true">"×"</span>
                </button>
                {move || match answer.get() {
                    None => view! { <p class="panel-note">"Loading…"</p> }.into_any(),
                    Some(Err(error)) => view! { <p class="panel-note" role="alert">{error.sentence().to_owned()}</p> }.into_any(),
                    Some(Ok(sessions)) => view! { <Sessions sessions /> }.into_any(),
                }}
            </aside>
        </Show>
    }
}

#[component]
fn Sessions(sessions: AccountSessions) -> impl IntoView {
    let acts = Acts::take();
    let id = sessions.id;
    let only = move || Selection::Ids(BTreeSet::from([id]));
    let number = sessions.sessions.len();
    let end_all = (number > 0).then(|| {
        view! {
            <div class="panel-acts">
                <button type="button" on:click=move |_| acts.begin(Act::End, only())>{format!("End all {number}")}</button>
                <button type="button" class="danger-text" on:click=move |_| acts.begin(Act::EndDisable, only())>"End & Disable…"</button>
            </div>
        }
    });
    let lines = sessions.sessions.into_iter().map(|session| {
        let end = if session.current {
            view! { <span class="you">"This session"</span> }.into_any()
        } else {
            let label = format!("End session of {}", session.created);
            let end = move |_| acts.end_session(session.id);
            view! { <button type="button" aria-label=label on:click=end>"End"</button> }.into_any()
        };
        view! {
            <li>
                <p class="panel-created">{session.created}{end}</p>
                <p class="panel-note">{joined([session.activity, session.ip])}</p>
                <p class="panel-note">{session.browser}</p>
            </li>
        }
    });
    view! {
        <h2>{sessions.user_name}</h2>
        <p class="panel-name">{sessions.name}{sessions.you.then(|| view! { <span class="you">"You"</span> })}</p>
        {end_all}
        <p><a href=format!("/accounts/{id}")>"View account"</a></p>
        {(number == 0).then(|| view! { <p class="panel-note">"No active sessions."</p> })}
        {sessions.disabled.then(|| view! { <p class="panel-note">"The account is disabled."</p> })}
        <ul class="panel-sessions">{lines.collect_view()}</ul>
    }
}

/// Before what it shows is replaced: the focus stays in the panel, where the button that had it goes.
fn keep_focus() {
    if browser::find(".panel :focus:not(.close)").is_some() {
        browser::pass_focus(&[".panel"]);
    }
}
