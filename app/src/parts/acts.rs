//! What happens on End and End & Disable: at once, or a plan in the dialog; then the report as a message.

use crate::{
    AppError, api,
    frame::Frame,
    model::{
        account::AccountId,
        event::BatchId,
        plan::{Act, COUNT_ABOVE, Confirmation, EndTarget, Own, Plan, Report},
        selection::Selection,
        session::SessionId,
    },
    parts::{
        browser, failure,
        list::List,
        toasts::{Toasts, Way},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeSet;

/// A plan in the dialog, with the selection that it was made of.
#[derive(Clone)]
pub struct Prepared {
    pub plan: Plan,
    selection: Selection,
    /// Of these, the rows on the screen.
    rows: BTreeSet<AccountId>,
}

/// The acts of the page. What was begun goes on when the page is left: its requests are never aborted.
#[derive(Clone, Copy)]
pub struct Acts {
    list: List,
    toasts: Toasts,
    own: Option<AccountId>,
    /// The dialog is open.
    pub prepared: RwSignal<Option<Prepared>>,
    /// A request is under way.
    pub busy: RwSignal<bool>,
    /// Why the dialog's act was not done.
    pub failed: RwSignal<Option<String>>,
}

impl Acts {
    pub fn new(list: List) -> Self {
        let own = use_context::<Frame>().and_then(|frame| frame.viewer).map(|viewer| viewer.account);
        let (prepared, busy, failed) = (RwSignal::default(), RwSignal::default(), RwSignal::default());
        Self { list, toasts: Toasts::take(), own, prepared, busy, failed }
    }

    /// From the context of the page.
    pub fn take() -> Self {
        expect_context()
    }

    /// End of one user whose row is on screen happens at once; everything else asks first.
    pub fn begin(self, act: Act, selection: Selection) {
        if self.busy.get_untracked() || selection.is_empty() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            match self.at_once(act, &selection) {
                Some(account) => self.end_account(account, selection).await,
                None => self.prepare(act, selection).await,
            }
            self.busy.try_set(false);
        });
    }

    fn at_once(self, act: Act, selection: &Selection) -> Option<AccountId> {
        let Selection::Ids(ids) = selection else { return None };
        let id = ids.first().copied().filter(|_| ids.len() == 1 && act == Act::End)?;
        let own = self.list.line(id)?.row.with_untracked(|row| row.you);
        (!own && browser::row_is_on_screen(id)).then_some(id)
    }

    async fn end_account(self, account: AccountId, selection: Selection) {
        match api::sessions::end(EndTarget::Account(account)).await {
            Ok(report) => self.done(&report, &BTreeSet::from([account]), &selection, &BTreeSet::new()),
            Err(error) => self.not_done(&error),
        }
    }

    /// Ends one session of an account; the panel then reads what is left.
    pub fn end_session(self, session: SessionId, then: impl Fn() + 'static) {
        spawn_local(async move {
            match api::sessions::end(EndTarget::Session(session)).await {
                Ok(report) => {
                    self.toasts.success(report.sentence());
                    then();
                }
                Err(error) => self.not_done(&error),
            }
        });
    }

    async fn prepare(self, act: Act, selection: Selection) {
        let rows = untrack(|| self.list.loaded());
        let rows = rows.into_iter().filter(|row| selection.contains(row.id, row.in_all)).map(|row| row.id).collect();
        let shown = self.list.shown.with_untracked(|shown| shown.query.clone());
        match api::sessions::prepare(act, selection.clone(), shown).await {
            Ok(plan) => {
                self.failed.try_set(None);
                self.prepared.try_set(Some(Prepared { plan, selection, rows }));
            }
            Err(error) => self.not_done(&error),
        }
    }

    /// The dialog's button. More than 10,000 users are done in steps: each commit answers how many are left.
    pub fn commit(self, confirmation: Confirmation) {
        let Some(prepared) = self.prepared.get_untracked() else { return };
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failed.set(None);
        spawn_local(async move {
            let answer = commit_all(&prepared.plan, &confirmation).await;
            self.busy.try_set(false);
            match answer {
                Ok(report) => {
                    let skipped = self.skipped(&prepared.plan, confirmation.also_sis);
                    self.prepared.try_set(None);
                    self.done(&report, &prepared.rows, &prepared.selection, &skipped);
                }
                Err(error) if failure::leave_if_signed_out(&error) => {}
                Err(error) => {
                    self.failed.try_set(Some(error.sentence().to_owned()));
                }
            }
        });
    }

    fn skipped(self, plan: &Plan, also_sis: bool) -> BTreeSet<AccountId> {
        let sis = if plan.sis_skipped && !also_sis { &plan.sis[..] } else { &[] };
        let own = matches!(plan.own, Own::Skipped | Own::OthersEnd).then_some(self.own).flatten();
        sis.iter().map(|named| named.id).chain(own).collect()
    }

    fn done(self, report: &Report, rows: &BTreeSet<AccountId>, acted: &Selection, skipped: &BTreeSet<AccountId>) {
        if report.own_ended {
            // The guard says why, at the log-in page.
            failure::leave_if_signed_out(&AppError::NotSignedIn);
            return;
        }
        let gone: BTreeSet<_> = rows.difference(skipped).copied().collect();
        if !self.list.live.is_disposed() {
            self.list.acted_upon(report.act, &gone, acted, skipped);
        }
        self.tell(report, gone);
    }

    /// The report as a message. `rows` are those on the screen that it took out of the list.
    pub fn tell(self, report: &Report, rows: BTreeSet<AccountId>) {
        let mut ways = Vec::new();
        let batch = report.batch;
        if report.undo && report.disabled <= COUNT_ABOVE {
            ways.push(Way::Act("Undo disable", Callback::new(move |()| self.undo(batch, rows.clone()))));
        }
        if report.undo {
            ways.push(Way::Link("View history", "/history".into()));
        }
        self.toasts.success_with(report.sentence(), ways);
    }

    fn undo(self, batch: BatchId, rows: BTreeSet<AccountId>) {
        spawn_local(async move {
            match api::accounts::undo_disable(batch).await {
                Ok(undone) => {
                    let changed: BTreeSet<_> = undone.changed_since.iter().map(|named| named.id).collect();
                    if !self.list.live.is_disposed() {
                        self.list.mark(Act::End, &rows.difference(&changed).copied().collect());
                    }
                    self.toasts.success(undone.sentence());
                }
                Err(error) => self.toasts.failure(&error),
            }
        });
    }

    fn not_done(self, error: &AppError) {
        if !failure::leave_if_signed_out(error) {
            self.toasts.error(format!("Nothing was ended. {}", error.sentence()));
        }
    }
}

async fn commit_all(plan: &Plan, confirmation: &Confirmation) -> Result<Report, AppError> {
    let mut report = api::sessions::commit(plan.id, confirmation.clone()).await?;
    while report.left > 0 {
        let next = api::sessions::commit(plan.id, confirmation.clone()).await?;
        if next.left >= report.left {
            return Ok(next);
        }
        report = next;
    }
    Ok(report)
}
