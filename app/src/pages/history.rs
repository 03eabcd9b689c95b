//! What was done to whom, by whom and why.

use crate::parts::title::PageTitle;
use crate::{
    api::history,
    model::{
        event::{BatchId, History},
        text::{counted, thousands},
    },
    parts::{
        breadcrumb::{ADMINISTRATION, PageHead},
        served::answered,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn HistoryPage() -> impl IntoView {
    // The page guard has refused what is no act.
    let batch = use_query_map().with_untracked(|query| query.get("batch")?.parse().ok());
    view! {
        <PageTitle text="History" />
        <div class="page wide">
            <PageHead path=ADMINISTRATION here="History" />
            {answered(history::list(batch), |history| view! { <Events history /> })}
        </div>
    }
}

#[component]
fn Events(history: History) -> impl IntoView {
    let History { events, of_act } = history;
    if events.is_empty() {
        return view! { <p class="empty">"Nothing has happened yet."</p> }.into_any();
    }
    let shown = events.len();
    let newest = match of_act {
        None => format!("The newest {shown} events, the last one first."),
        Some(all) if all as usize > shown => {
            format!("The newest {shown} of the {} events of this act, the last one first. ", thousands(all))
        }
        Some(all) => format!("{} of this act, the last one first. ", counted(all, "event")),
    };
    let whole = of_act.map(|_| view! { <a href="/history">"Whole history"</a> });
    // A batch is undone as a whole: the button stands only at its first line that disabled somebody.
    let mut last = None;
    let rows = events.into_iter().map(|event| {
        let offers = event.undo && last != Some(event.batch);
        if event.undo {
            last = Some(event.batch);
        }
        view! {
            <tr>
                <td class="time">{event.at}</td>
                <td class="action" id=format!("event-{}", event.seq)>{event.action}</td>
                <td class="target">{target(event.target_id.map(|id| format!("/accounts/{id}")), event.target)}</td>
                <td>{event.actor}</td>
                <td>{event.detail}</td>
                <td class="reason">{event.reason}</td>
                <td class="undo">{offers.then(|| view! { <UndoDisable batch=event.batch seq=event.seq /> })}</td>
            </tr>
        }
    });
    view! {
        <p class="count">{newest}{whole}</p>
        <div class="card flush">
            <table class="table events">
                <caption class="visually-hidden">"History"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"User Name"</th>
                        <th scope="col">"By"</th>
                        <th scope="col">"Details"</th>
                        <th scope="col">"Reason"</th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn target(href: Option<String>, name: String) -> impl IntoView {
    match href {
        Some(href) => view! { <a href=href>{name}</a> }.into_any(),
        None => name.into_any(),
    }
}

#[component]
fn UndoDisable(batch: BatchId, seq: i64) -> impl IntoView {
    view! {
        <form method="post" action="/accounts/undo-disable">
            <input type="hidden" name="batch_id" value=batch.0 />
            <button aria-describedby=format!("event-{seq}")>"Undo disable"</button>
        </form>
    }
}
