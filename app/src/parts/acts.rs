//! What happens on End and End & Disable: at once, or a plan in the dialog; then the report as a message.

use crate::{
    AppError, api,
    frame::Frame,
    model::{
        account::AccountId,
        event::BatchId,
        plan::{Act, Confirmation, EndTarget, Own, Plan, PlanId, Report},
        selection::Selection,
        session::SessionId,
    },
    parts::{
        browser, failure,
        list::List,
        live::Live,
        toasts::{Press, Toasts, Way},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const STILL_BUSY: &str = "This did not begin, because another act is still under way. Choose again when it is done.";

/// Before a step that was not answered is tried again: a database that is busy or starts anew is back by then.
const TRIED_AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// A plan in the dialog, and whom it was made of.
#[derive(Clone)]
pub struct Prepared {
    pub plan: Plan,
    of: Acted,
}

/// Whom an act was about, as far as the page knows.
#[derive(Clone, Default)]
struct Acted {
    selection: Selection,
    /// Of these, the rows on the screen.
    rows: BTreeSet<AccountId>,
    /// Of these, who is left out.
    skipped: BTreeSet<AccountId>,
}

/// What somebody asked for.
#[derive(Clone, PartialEq)]
enum Asked {
    Users(Act, Selection),
    Session(SessionId),
}

/// The acts of the page. What was begun goes on when the page is left: its requests are never aborted.
#[derive(Clone, Copy)]
pub struct Acts {
    list: List,
    toasts: Toasts,
    live: Live,
    own: Option<AccountId>,
    /// The dialog is open.
    pub prepared: RwSignal<Option<Prepared>>,
    /// A request is under way.
    pub busy: RwSignal<bool>,
    /// What the newest request is for; `None` for the dialog's.
    asked: StoredValue<Option<Asked>>,
    /// Why the dialog's act was not done.
    pub failed: RwSignal<Option<String>>,
    /// Whether the last request that failed did what it asked is not known.
    unknown: RwSignal<bool>,
}

impl Acts {
    pub fn new(list: List) -> Self {
        let own = use_context::<Frame>().and_then(|frame| frame.viewer).map(|viewer| viewer.account);
        let (prepared, busy, failed, unknown) =
            (RwSignal::default(), RwSignal::<bool>::default(), RwSignal::default(), RwSignal::default());
        let toasts = Toasts::take();
        on_cleanup(move || toasts.close_errors());
        let live = Live::take();
        Effect::new(move |before: Option<bool>| {
            let busy = busy.get();
            if before.unwrap_or(false) != busy {
                live.hold(busy);
            }
            busy
        });
        on_cleanup(move || {
            if busy.try_get_untracked() == Some(true) {
                live.hold(false);
            }
        });
        Self { list, toasts, live, own, prepared, busy, asked: StoredValue::default(), failed, unknown }
    }

    /// From the context of the page.
    pub fn take() -> Self {
        expect_context()
    }

    /// End of one user whose row is on screen happens at once; everything else asks first.
    pub fn begin(self, act: Act, selection: Selection) {
        if !selection.is_empty() {
            self.ask(Asked::Users(act, selection));
        }
    }

    /// Ends one session of an account; the panel then reads what is left.
    pub fn end_session(self, session: SessionId) {
        self.ask(Asked::Session(session));
    }

    fn ask(self, asked: Asked) {
        if !self.starts(Some(&asked)) {
            return;
        }
        spawn_local(async move {
            let done = match &asked {
                Asked::Users(act, selection) => match self.at_once(*act, selection) {
                    Some(account) => self.end_account(account, selection).await,
                    None => self.prepare(*act, selection).await,
                },
                Asked::Session(session) => self.end_one(*session).await,
            };
            self.busy.try_set(false);
            if let Err(error) = done {
                self.not_done(&error, move || self.ask(asked.clone()));
            }
        });
    }

    /// One request at a time: a double click is one act, and whoever asks for another is told to wait. Nothing starts from a page that is
    /// gone.
    fn starts(self, asked: Option<&Asked>) -> bool {
        match self.busy.try_get_untracked() {
            Some(false) => {
                self.busy.set(true);
                self.asked.set_value(asked.cloned());
                true
            }
            Some(true) => {
                if asked.is_some() && self.asked.with_value(|under_way| under_way.as_ref() != asked) {
                    self.toasts.error_with(STILL_BUSY, Vec::new());
                }
                false
            }
            None => false,
        }
    }

    fn at_once(self, act: Act, selection: &Selection) -> Option<AccountId> {
        let Selection::Ids(ids) = selection else { return None };
        let id = ids.first().copied().filter(|_| ids.len() == 1 && act == Act::End)?;
        let own = self.list.line(id)?.row.with_untracked(|row| row.you);
        (!own && browser::row_is_on_screen(id)).then_some(id)
    }

    async fn end_account(self, account: AccountId, selection: &Selection) -> Result<(), AppError> {
        let report = api::sessions::end(EndTarget::Account(account)).await?;
        self.done(&report, &Acted { selection: selection.clone(), rows: BTreeSet::from([account]), ..Acted::default() });
        Ok(())
    }

    async fn end_one(self, session: SessionId) -> Result<(), AppError> {
        let report = api::sessions::end(EndTarget::Session(session)).await?;
        self.toasts.success(report.sentence());
        self.list.reads.try_update(|reads| *reads += 1);
        Ok(())
    }

    async fn prepare(self, act: Act, selection: &Selection) -> Result<(), AppError> {
        let rows = untrack(|| self.list.loaded());
        let rows = rows.into_iter().filter(|row| selection.contains(row.id, row.in_all)).map(|row| row.id).collect();
        let shown = self.list.shown.with_untracked(|shown| shown.query.clone());
        let plan = api::sessions::prepare(act, selection.clone(), shown).await?;
        self.failed.try_set(None);
        let of = Acted { selection: selection.clone(), rows, ..Acted::default() };
        self.prepared.try_set(Some(Prepared { plan, of }));
        Ok(())
    }

    /// The dialog's button. The dialog closes with the first answer: what it asks is confirmed then.
    pub fn commit(self, confirmation: Confirmation) {
        let Some(prepared) = self.prepared.get_untracked() else { return };
        if !self.starts(None) {
            return;
        }
        self.failed.set(None);
        spawn_local(async move {
            let Prepared { plan, of } = prepared;
            let acted = Acted { skipped: self.skipped(&plan, confirmation.also_sis), ..of };
            let answer = api::sessions::commit(plan.id, confirmation).await;
            self.busy.try_set(false);
            let error = match answer {
                Ok(report) => {
                    self.prepared.try_set(None);
                    return self.go_on(report, Arc::new(acted));
                }
                Err(AppError::NotFound) => AppError::invalid("This was prepared in another session. Select the users and choose again."),
                Err(error) => error,
            };
            if error == AppError::NotSignedIn || self.prepared.try_with_untracked(Option::is_none) != Some(false) {
                // There is no dialog any more that would say it.
                return self.failed_to("Nothing was ended", &error, None);
            }
            self.learn(&error);
            self.failed.try_set(Some(error.sentence().to_owned()));
        });
    }

    /// More than 10,000 users are done in steps: each commit answers how many are left. Whichever pages ask for them, each is done once.
    fn go_on(self, mut report: Report, acted: Arc<Acted>) {
        let Some(plan) = report.plan else { return self.done(&report, &acted) };
        let going = self.toasts.going(&report);
        self.live.hold(true);
        spawn_local(async move {
            let mut error = None;
            while error.is_none() && report.left > 0 {
                match next_step(plan).await {
                    Ok(further) if further.left < report.left => {
                        going.done.set(further.done);
                        report = further;
                    }
                    Ok(_) => error = Some(AppError::Internal),
                    Err(failed) => error = Some(failed),
                }
            }
            self.toasts.close(going.id);
            match error {
                None => self.done(&report, &acted),
                Some(AppError::NotSignedIn) => leave(&report.sentence()),
                Some(AppError::Unavailable) => self.stopped(report, acted, "The database does not answer."),
                Some(error) => self.stopped(report, acted, error.sentence()),
            }
            self.live.hold(false);
        });
    }

    /// Says what is done of a plan, and offers the rest.
    fn stopped(self, report: Report, acted: Arc<Acted>, why: &str) {
        if !self.list.alive.is_disposed() {
            self.list.refresh();
        }
        let text = [&report.sentence(), ". ", why].concat();
        self.toasts.stopped(text, Way::Act("Go on", Arc::new(move || self.go_on(report.clone(), acted.clone()))));
    }

    /// The report that a page begins with: what is left of a plan is gone on with, since it was confirmed.
    pub fn resume(self, report: Report) {
        let acted = Arc::default();
        match report.plan {
            None => self.tell(&report, BTreeSet::new()),
            Some(_) if report.going => self.go_on(report, acted),
            Some(_) => self.stopped(report, acted, "It stopped a while ago."),
        }
    }

    fn skipped(self, plan: &Plan, also_sis: bool) -> BTreeSet<AccountId> {
        let sis = if plan.sis_skipped && !also_sis { &plan.sis[..] } else { &[] };
        let own = matches!(plan.own, Own::Skipped | Own::OthersEnd).then_some(self.own).flatten();
        sis.iter().map(|named| named.id).chain(own).collect()
    }

    fn done(self, report: &Report, acted: &Acted) {
        if report.own_ended {
            return leave(&report.sentence());
        }
        self.list.picked.update(|picked| {
            picked.selection.leave(&acted.selection, &acted.skipped);
            picked.dropped = None;
        });
        self.unknown.try_set(false);
        let gone: BTreeSet<_> = acted.rows.difference(&acted.skipped).copied().collect();
        if !self.list.alive.is_disposed() {
            if acted.selection.is_empty() {
                // Begun on another page: nobody knows which rows it took out of this one.
                self.list.refresh();
            } else {
                self.list.acted_upon(report.act, &gone);
            }
        }
        self.tell(report, gone);
    }

    /// The report as a message. `rows` are those on the screen that it took out of the list.
    pub fn tell(self, report: &Report, rows: BTreeSet<AccountId>) {
        let mut ways = Vec::new();
        let batch = report.batch;
        if report.undo {
            ways.push(Way::Act("Undo disable", Arc::new(move || self.undo(batch, rows.clone()))));
        }
        if report.disabled > 0 || report.ended_users > 1 {
            ways.push(Way::Link("View history", batch.history()));
        }
        self.toasts.success_with(report.sentence(), ways);
    }

    fn undo(self, batch: BatchId, rows: BTreeSet<AccountId>) {
        spawn_local(async move {
            match api::accounts::undo_disable(batch).await {
                Ok(undone) => {
                    let changed: BTreeSet<_> = undone.changed_since.iter().map(|named| named.id).collect();
                    if !self.list.alive.is_disposed() {
                        self.list.mark_anew(Act::End, &rows.difference(&changed).copied().collect());
                    }
                    self.toasts.success(undone.sentence());
                }
                Err(error) => self.failed_to("Nobody was enabled", &error, Some(Arc::new(move || self.undo(batch, rows.clone())))),
            }
        });
    }

    fn learn(self, error: &AppError) {
        self.unknown.try_set(matches!(error, AppError::OutcomeUnknown | AppError::Unreachable));
    }

    fn not_done(self, error: &AppError, again: impl Fn() + Send + Sync + 'static) {
        let again = (!self.busy.is_disposed()).then(|| Arc::new(again) as Press);
        self.failed_to("Nothing was ended", error, again);
    }

    /// Why something was not done, with the way to try again; `nothing` is said only where that is certain.
    fn failed_to(self, nothing: &str, error: &AppError, again: Option<Press>) {
        if *error == AppError::NotSignedIn {
            // Of the try before.
            let unknown = self.unknown.try_get_untracked() == Some(true);
            return leave(if unknown { "It is not known whether this was done: the history tells." } else { "Nothing was done." });
        }
        self.learn(error);
        let sentence = error.sentence();
        let text = match error {
            // It says so itself, or nobody knows.
            AppError::Unavailable | AppError::OutcomeUnknown | AppError::Unreachable | AppError::Internal => sentence.to_owned(),
            _ => format!("{nothing}. {sentence}"),
        };
        self.toasts.error_with(text, again.map(|again| Way::Act("Try again", again)).into_iter().collect());
    }
}

/// Does the next step of a plan that was confirmed. Whatever became of one that was not answered, each is done once.
async fn next_step(plan: PlanId) -> Result<Report, AppError> {
    for pause in TRIED_AGAIN {
        match api::sessions::commit(plan, Confirmation::default()).await {
            Err(AppError::Unavailable | AppError::OutcomeUnknown | AppError::Unreachable) => browser::wait(pause).await,
            answer => return answer,
        }
    }
    api::sessions::commit(plan, Confirmation::default()).await
}

/// The session is over: the server says why at the log-in page, with a note of what was done.
fn leave(note: &str) {
    Toasts::keep(note);
    failure::leave_if_signed_out(&AppError::NotSignedIn);
}
