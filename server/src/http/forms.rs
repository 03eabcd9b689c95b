//! Plain forms, for people without JavaScript and before it is ready: each calls the command that its server function calls.

use super::{
    Node,
    answer::{Refused, Shown},
    cookies,
    fields::Fields,
    way,
};
use app::{
    AppError,
    frame::Answer,
    guard::{Admin, Visitor},
    model::{
        account::{AccountId, SaveAccount, Saved},
        event::BatchId,
        plan::{self, Act, Confirmation, EndTarget, PlanId, Report},
        selection::Selection,
    },
    store::Stored,
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use std::sync::Arc;

/// What a form answers.
type Answered = Result<Response, Refused>;

/// `POST /sessions/plan`: turns the ticked rows into a plan and shows the confirm page.
pub async fn plan(State(node): State<Node>, Extension(visitor): Extension<Visitor>, fields: Fields) -> Result<Shown, Refused> {
    let admin = visitor.admin()?;
    let act = match fields.text("act") {
        "end" => Act::End,
        "end_disable" => Act::EndDisable,
        _ => return Err(AppError::Malformed.into()),
    };
    let shown = fields.query()?;
    let ids = fields.ids("id")?;
    let selection = if fields.text("all") == "1" {
        Selection::AllMatching { query: shown.clone(), except: fields.ids("except")?, also: ids }
    } else {
        Selection::Ids(ids)
    };
    let plan = node.store.prepare(&admin, act, &selection, &shown).await?;
    let back = way::own(fields.text("next")).map_or_else(|| shown.address(), str::to_owned);
    Ok(Shown { status: StatusCode::OK, answer: Answer::Plan { plan, back } })
}

/// `POST /sessions/commit`: commits a plan to its last account and goes back to the list as it was filtered.
pub async fn commit(State(node): State<Node>, Extension(visitor): Extension<Visitor>, fields: Fields) -> Answered {
    let admin = visitor.admin()?;
    let plan = fields.number("plan")?;
    let confirmation = Confirmation {
        reason: fields.text("reason").to_owned(),
        count: count(fields.text("count"))?,
        also_sis: fields.text("also_sis") == "1",
    };
    let report = commit_all(&node, admin, plan, confirmation.checked()?).await?;
    Ok(go_on(&node, &report, &list_with_report(&fields, report.batch)))
}

/// `POST /sessions/end`: ends one session, one's own or, for SIS holders, any.
pub async fn end(State(node): State<Node>, Extension(visitor): Extension<Visitor>, fields: Fields) -> Answered {
    let who = visitor.signed_in()?;
    let report = node.store.end(&who, EndTarget::Session(fields.number("session")?)).await?;
    let start = if who.sis { "/sessions" } else { "/me" };
    let next = way::own(fields.text("next")).unwrap_or(start);
    // User Account Information tells what was done.
    let next = if next.starts_with("/accounts/") { with_report(next, report.batch) } else { next.to_owned() };
    Ok(go_on(&node, &report, &next))
}

/// `POST /accounts/undo-disable`: enables what one act disabled; the list says what became of it.
pub async fn undo_disable(State(node): State<Node>, Extension(visitor): Extension<Visitor>, fields: Fields) -> Answered {
    let admin = visitor.admin()?;
    let undone = node.store.undo_disable(&admin, fields.number("batch_id")?).await?;
    Ok(Redirect::to(&list_with_report(&fields, undone.batch)).into_response())
}

/// `POST /accounts/{id}`: Save of User Account Information.
pub async fn save_account(
    State(node): State<Node>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Answered {
    let admin = visitor.admin()?;
    let id: AccountId = id.parse().map_err(|_| AppError::NotFound)?;
    let save = SaveAccount {
        id,
        version: fields.number("version")?,
        disabled: fields.ticked("disabled")?,
        reason: plan::reason(fields.text("reason"))?,
    };
    let saved = match node.store.save_account(&admin, &save).await? {
        Saved::Disabled { .. } => "disabled",
        Saved::Enabled => "enabled",
        Saved::Unchanged => "unchanged",
    };
    Ok(Redirect::to(&format!("/accounts/{id}?saved={saved}")).into_response())
}

/// `POST /theme`: `light`, `dark`, or anything else for the system's; back to the page whose menu it was chosen in.
pub async fn theme(State(node): State<Node>, headers: HeaderMap, fields: Fields) -> impl IntoResponse {
    let url = &node.config.public_url;
    let theme = ["light", "dark"].into_iter().find(|theme| *theme == fields.text("theme"));
    let back = Redirect::to(way::back(&headers, url).unwrap_or("/"));
    (AppendHeaders([(SET_COOKIE, cookies::set_theme(url, theme))]), back)
}

/// The page of the list that the form came from, with the report of an act.
fn list_with_report(fields: &Fields, batch: BatchId) -> String {
    let list = way::own(fields.text("next")).filter(|next| *next == "/sessions" || next.starts_with("/sessions?"));
    with_report(list.unwrap_or("/sessions"), batch)
}

/// A page's address that asks it for the report of an act.
fn with_report(page: &str, batch: BatchId) -> String {
    format!("{page}{}done={batch}", if page.contains('?') { '&' } else { '?' })
}

/// The number of users as typed; people type it as it is shown, with commas.
fn count(text: &str) -> Result<Option<u32>, AppError> {
    let digits = text.trim().replace(',', "");
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| AppError::invalid("Type the number of users in digits, then confirm again."))
}

/// Commits step by step, each at its own time, to the end even where the browser goes away meanwhile. Where a later step fails, what was
/// done is told, and how many are left.
async fn commit_all(node: &Node, admin: Admin, plan: PlanId, confirmation: Confirmation) -> Result<Report, AppError> {
    let (store, clock) = (Arc::clone(&node.store), node.clock.clone());
    let all = tokio::spawn(async move {
        let mut report = store.commit(&admin, plan, &confirmation).await?;
        while report.left > 0 {
            match store.commit(&admin.clone().at(clock.now()), plan, &confirmation).await {
                Ok(further) => report = further,
                Err(_) => break,
            }
        }
        Stored::Ok(report)
    });
    Ok(all.await.map_err(|_| AppError::Internal)??)
}

/// To the next page, or out where the act ended one's own session.
fn go_on(node: &Node, report: &Report, next: &str) -> Response {
    if report.own_ended {
        return (AppendHeaders(cookies::no_session(&node.config)), Redirect::to("/sign-in")).into_response();
    }
    Redirect::to(next).into_response()
}
