//! What the tool is for, and how its work is done.

use crate::parts::breadcrumb::{ADMINISTRATION, PageHead};
use crate::parts::title::PageTitle;
use leptos::prelude::*;

#[component]
pub fn HelpPage() -> impl IntoView {
    view! {
        <PageTitle text="Help" />
        <div class="page prose">
            <PageHead path=ADMINISTRATION here="Help" title="User Session Manager: help" />
            <section class="card" aria-labelledby="prerequisites">
                <h2 id="prerequisites">"Prerequisites"</h2>
                <p>
                    "You need a Product Security Role of Student Information System (SIS). With any other role you see your own account and your own sessions."
                </p>
            </section>
            <section class="card" aria-labelledby="view">
                <h2 id="view">"View Active User Sessions"</h2>
                <ol>
                    <li>"Open the " <a href="/sessions">"User Session Manager"</a> ". Everybody who is logged in has one row; the newest log-in stands first."</li>
                    <li>"Type into the box under a column header to narrow the list. Upper and lower case and accents make no difference."</li>
                    <li>"Click a column header to sort by it, and again to turn the order around."</li>
                    <li>"Count tells how many sessions a user has. Open the row to see each of them: when it began, from where and in which browser."</li>
                </ol>
                <h3>"What the filters understand"</h3>
                <dl class="facts syntax">
                    <dt><code>"nate"</code></dt>
                    <dd>"contains"</dd>
                    <dt><code>"^nate"</code></dt>
                    <dd>"begins with"</dd>
                    <dt><code>"=nate"</code></dt>
                    <dd>"is exactly"</dd>
                    <dt><code>"!nate"</code></dt>
                    <dd>"does not contain"</dd>
                    <dt><code>"^lab|=kruiz"</code></dt>
                    <dd>"one or the other"</dd>
                    <dt><code>">1"</code> " " <code>"2-5"</code></dt>
                    <dd>"Count: more than one; two to five"</dd>
                    <dt><code>"03/09/2022 09"</code></dt>
                    <dd>"Session Creation Timestamp: that day, in the hour from nine"</dd>
                    <dt><code>"today"</code> " " <code>"last 2h"</code> " " <code>"2am..4am"</code></dt>
                    <dd>"Session Creation Timestamp: since midnight; in the last two hours; between two times"</dd>
                </dl>
            </section>
            <section class="card" aria-labelledby="end">
                <h2 id="end">"End or Disable User Sessions and Accounts"</h2>
                <ol>
                    <li>"Select users by their checkboxes, or use Ctrl+Click to select several. Shift+Click selects everybody in between."</li>
                    <li>
                        "Choose " <strong>"End Sessions"</strong> ", then " <strong>"End"</strong>
                        " to log them out, or " <strong>"End & Disable"</strong>
                        " to log them out and keep them from logging in again. All sessions of the selected users end."
                    </li>
                    <li>
                        "Confirm where you are asked; the sessions of one user in the list end at once. A reason, if you give one, is kept in the "
                        <a href="/history">"History"</a> "."
                    </li>
                </ol>
                <p>
                    "To let a disabled user back in, find the account with " <strong>"Search tools and people"</strong>
                    " (Ctrl+K), uncheck " <strong>"Disabled"</strong> " and choose " <strong>"Save"</strong>
                    ". The password stays as it was; ended sessions stay ended. Nobody can disable the own account or the last one that holds the SIS role."
                </p>
            </section>
        </div>
    }
}
