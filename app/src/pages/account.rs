//! User Account Information: whether somebody can log in, from where they are, and what was done.

use crate::parts::title::PageTitle;
use crate::{
    AppError,
    api::{accounts, sessions},
    model::{
        account::{AccountDetails, AccountId, CAN_LOG_IN, NO_PASSWORD},
        event::EventLine,
        plan::{Act, REASON_CHARS, Report},
        session::SessionLine,
        text::{count, counted, isolated, joined, thousands},
    },
    parts::{
        breadcrumb::{ADMINISTRATION, Crumb, PageHead},
        served::answered,
        session_lines::SessionLines,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

#[component]
pub fn AccountPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get_str("id").and_then(|id| id.parse::<AccountId>().ok()));
    let done = use_query_map().with_untracked(|query| query.get_str("done").and_then(|batch| batch.parse().ok()));
    let details = async move {
        let details = accounts::details(id.ok_or(AppError::NotFound)?).await?;
        let report = match done {
            Some(batch) => sessions::find_report(batch).await?,
            None => None,
        };
        Ok((details, report))
    };
    view! {
        <PageTitle text="User Account Information" />
        <div class="page">
            {answered(details, |(details, report)| view! { <Account details report /> })}
        </div>
    }
}

#[component]
fn Account(details: AccountDetails, report: Option<Report>) -> impl IntoView {
    let AccountDetails { id, sessions, history, .. } = details.clone();
    let path = [&ADMINISTRATION[..], &[Crumb::Page("User Account Information", "/accounts")]].concat();
    view! {
        <PageTitle text=isolated(&details.user_name).into_owned() />
        <PageHead path here=details.user_name.clone() />
        {saved(&details).or_else(|| report.map(|report| format!("{}.", report.sentence()))).map(|sentence| view! { <DoneNote sentence /> })}
        <div class="columns">
            <Information details />
            <div class="stack">
                <Sessions id sessions />
                <History history />
            </div>
        </div>
    }
}

/// What Save did, after its redirect. Only where the account is as the address says: links are kept, and accounts change.
fn saved(details: &AccountDetails) -> Option<String> {
    let name = isolated(&details.user_name);
    match (use_query_map().with_untracked(|query| query.get("saved")).as_deref(), details.disabled) {
        (Some("enabled"), false) if details.status == NO_PASSWORD => Some(format!("{name} is enabled again, but has no password set.")),
        (Some("enabled"), false) => Some(format!("{name} can log in again with the same password.")),
        (Some("disabled"), true) => Some(format!("{name} is logged out and cannot log in until Disabled is unchecked.")),
        (Some("unchanged"), _) => Some("There was nothing to save.".into()),
        _ => None,
    }
}

#[component]
fn DoneNote(sentence: String) -> impl IntoView {
    view! { <p class="note success" role="status">{sentence} " " <a href="/sessions">"Back to the Session List"</a></p> }
}

#[component]
fn Information(details: AccountDetails) -> impl IntoView {
    let AccountDetails { id, user_name, name, sis, status, last_sign_in, disabled, version, locked, sessions, .. } = details;
    let consequence = match (disabled, sessions.len()) {
        (true, _) => format!("Saving lets {} log in again.", isolated(&user_name)),
        (false, 0) => format!("Saving keeps {} from logging in.", isolated(&user_name)),
        (false, active) => format!("Saving ends {}.", counted(count(active), "active session")),
    };
    let can_log_in = status == CAN_LOG_IN;
    let free = locked.is_none();
    view! {
        <section class="card" aria-labelledby="information">
            <h2 id="information">"User Account Information"</h2>
            <p class="log-in-status" class:disabled=disabled class:online=can_log_in>
                <span class="visually-hidden">"Log-in status: "</span>
                <span>{status}</span>
            </p>
            <dl class="facts">
                <dt>"Last log-in"</dt>
                <dd>{last_sign_in.unwrap_or_else(|| "Never".into())}</dd>
                <dt>"User Name"</dt>
                <dd>{user_name}</dd>
                <dt>"Name"</dt>
                <dd>{if name.is_empty() { "–".into() } else { name }}</dd>
                <dt>"Product Security Role"</dt>
                <dd>{if sis { "Student Information System (SIS)" } else { "None" }}</dd>
            </dl>
            // The style shows the consequence and the reason once the box differs from what is saved: with and without scripts.
            <form class="account-form" method="post" action=format!("/accounts/{id}") data-saved=if disabled { "disabled" } else { "enabled" }>
                <input type="hidden" name="version" value=version />
                <label class="check">
                    <input
                        type="checkbox"
                        name="disabled"
                        value="1"
                        checked=disabled
                        disabled=!free
                        autocomplete="off"
                        aria-describedby=if free { None } else { Some("locked") }
                    />
                    "Disabled"
                </label>
                {locked.map(|sentence| view! { <p id="locked" class="hint">{sentence}</p> })}
                {free
                    .then(|| {
                        view! {
                            <div class="consequence">
                                <p class="hint">{consequence}</p>
                                <label for="reason">"Reason"</label>
                                <input id="reason" name="reason" maxlength=REASON_CHARS autocomplete="off" aria-describedby="reason-hint" />
                                <p id="reason-hint" class="hint">"Kept in the history, optional."</p>
                            </div>
                            <button class="primary">"Save"</button>
                        }
                    })}
            </form>
        </section>
    }
}

#[component]
fn Sessions(id: AccountId, sessions: Vec<SessionLine>) -> impl IntoView {
    let count = sessions.len();
    let list = if count == 0 {
        view! { <p class="empty">"Not logged in."</p> }.into_any()
    } else {
        view! { <SessionLines sessions next=format!("/accounts/{id}") /> }.into_any()
    };
    // Over the confirm page, which ends exactly what it names.
    let end_all = (count > 1).then(|| {
        view! {
            <form class="end-all" method="post" action="/sessions/plan">
                <input type="hidden" name="act" value=Act::End.key() />
                <input type="hidden" name="id" value=id.0 />
                <input type="hidden" name="next" value=format!("/accounts/{id}") />
                <button>"End all " {shown(count)}</button>
            </form>
        }
    });
    view! {
        <section class="card" aria-labelledby="active-sessions">
            <h2 id="active-sessions">"Active sessions (" {shown(count)} ")"</h2>
            {list}
            {end_all}
        </section>
    }
}

fn shown(things: usize) -> String {
    thousands(count(things))
}

#[component]
fn History(history: Vec<EventLine>) -> impl IntoView {
    let nothing = history.is_empty().then(|| view! { <p class="empty">"Nothing has happened yet."</p> });
    view! {
        <section class="card" aria-labelledby="account-history">
            <h2 id="account-history">"History"</h2>
            <ol class="event-lines">
                {history.into_iter().map(|event| view! {
                    <li>
                        <span class="time">{event.at}</span>
                        <span class="action">{event.action}</span>
                        <span class="details">
                            {joined([event.actor, event.detail, event.reason].map(|text| isolated(&text).into_owned()))}
                        </span>
                    </li>
                }).collect_view()}
            </ol>
            {nothing}
        </section>
    }
}
