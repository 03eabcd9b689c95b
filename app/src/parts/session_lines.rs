//! The active sessions of one account, each with *End*.

use crate::model::{session::SessionLine, text::joined};
use leptos::prelude::*;

/// One form a session, which leads back to `next`.
#[component]
pub fn SessionLines(
    sessions: Vec<SessionLine>,
    /// The page that this stands on.
    next: String,
) -> impl IntoView {
    view! {
        <ul class="session-lines">
            {sessions.into_iter().map(|line| view! {
                <li>
                    <div class="when">
                        <strong id=format!("session-{}", line.id)>{line.created}</strong>
                        {line.current.then(|| view! { <span class="badge">"This session"</span> })}
                    </div>
                    <div class="details">{joined([line.activity, line.ip, line.browser])}</div>
                    <form method="post" action="/sessions/end">
                        <input type="hidden" name="session" value=line.id.0 />
                        <input type="hidden" name="next" value=next.clone() />
                        <button aria-describedby=format!("session-{}", line.id)>"End"</button>
                    </form>
                </li>
            }).collect_view()}
        </ul>
    }
}
