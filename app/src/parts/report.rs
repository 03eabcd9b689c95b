//! What an act without scripts did, on the page after its redirect; and what is done of one that is under way, on any.

use crate::{model::plan::Report, parts::acts::Acts};
use leptos::prelude::*;

/// Stands where messages stand. With scripts it becomes one of them.
#[component]
pub fn ReportNote(report: Report, back: String) -> impl IntoView {
    let acts = Acts::take();
    let shown = RwSignal::new(true);
    let mut told = Some(report.clone());
    Effect::new(move |_| {
        shown.set(false);
        if let Some(report) = told.take() {
            acts.resume(report);
        }
    });
    let undo = report.undo.then(|| {
        view! {
            <form method="post" action="/accounts/undo-disable">
                <input type="hidden" name="batch_id" value=report.batch.0 />
                <input type="hidden" name="next" value=back.clone() />
                <button>"Undo disable"</button>
            </form>
        }
    });
    let go_on = report.plan.map(|plan| {
        view! {
            <form method="post" action="/sessions/commit">
                <input type="hidden" name="plan" value=plan.0 />
                <input type="hidden" name="next" value=back.clone() />
                <button>"Go on"</button>
            </form>
        }
    });
    view! {
        <div class="toasts" hidden=move || !shown.get()>
            <div class="toast" role="status">
                <p>{report.sentence()}</p>
                {go_on}
                {undo}
                <a href=report.batch.history()>"View history"</a>
                <a class="close" href=back aria-label="Close message"><span aria-hidden="true">"×"</span></a>
            </div>
        </div>
    }
}
