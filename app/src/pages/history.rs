//! What was done to whom, by whom and why.

use crate::parts::title::PageTitle;
use crate::{
    api::history,
    model::{
        event::{BatchId, History},
        query::encode_pairs,
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
    let asked = use_query_map().get_untracked();
    let batch: Option<BatchId> = asked.get("batch").and_then(|batch| batch.parse().ok());
    let before: Option<i64> = asked.get("before").and_then(|before| before.parse().ok());
    view! {
        <PageTitle text="History" />
        <div class="page wide">
            <PageHead path=ADMINISTRATION here="History" />
            {answered(history::list(batch, before), move |history| view! { <Events history batch is_newest=before.is_none() /> })}
        </div>
    }
}

#[component]
fn Events(history: History, batch: Option<BatchId>, is_newest: bool) -> impl IntoView {
    let History { events, of_act, older } = history;
    if events.is_empty() && is_newest {
        return view! { <p class="empty">"Nothing has happened yet."</p> }.into_any();
    }
    let shown = events.len();
    let which = if is_newest { "newest" } else { "next" };
    let newest = match of_act {
        None => format!("The {which} {shown} events, the last one first."),
        Some(all) if all as usize > shown => {
            format!("The {which} {shown} of the {} events of this act, the last one first. ", thousands(all))
        }
        Some(all) => format!("{} of this act, the last one first. ", counted(all, "event")),
    };
    let whole = of_act.map(|_| view! { <a href="/history">"Whole history"</a> });
    let newer = (!is_newest).then(|| view! { <a href=address(batch, None)>"Newest"</a> });
    let last = events.last().map(|event| event.seq).filter(|_| older);
    let older = last.map(|seq| view! { <a href=address(batch, Some(seq))>"Older"</a> });
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
        <nav class="pages" aria-label="Pages">{newer}{older}</nav>
    }
    .into_any()
}

/// Of everything or of one act, the events before one.
fn address(batch: Option<BatchId>, before: Option<i64>) -> String {
    let pairs = [("batch", batch.map(|batch| batch.to_string())), ("before", before.map(|before| before.to_string()))];
    let pairs: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if pairs.is_empty() { "/history".into() } else { format!("/history?{}", encode_pairs(&pairs)) }
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
