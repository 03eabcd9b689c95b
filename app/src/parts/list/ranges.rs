//! Gestures of selecting. A range that begins at a row which is not loaded is the server's to tell; whatever is done meanwhile counts.

use super::List;
use crate::{
    AppError, api,
    model::{
        account::AccountId,
        selection::{Gesture, Loaded},
    },
    parts::{browser, failure, toasts::Press},
};
use leptos::{prelude::*, task::spawn_local};

const TOO_MANY: &str = "More than 200,000 users one by one do not fit. Filter the list and select all that match instead.";
const CHANGED: &str = "Nothing was ended, because other users were selected meanwhile. Choose again.";
const GONE: &str = "That user is no longer in the list, so nothing was selected. Press Refresh and select again.";

/// A gesture as it was made.
#[derive(Clone, Debug)]
struct Made {
    gesture: Gesture,
    at: AccountId,
    /// The loaded rows, in their order.
    rows: Vec<Loaded>,
}

/// A range that the server was asked for, and the gestures that wait for the answer.
#[derive(Clone, Debug, Default)]
pub struct Afar {
    /// Number of the newest range: the answer to an older one is void.
    newest: u32,
    /// In their order; `None`: no answer is waited for.
    waiting: Option<Vec<Made>>,
}

impl Afar {
    fn begin(&mut self) -> u32 {
        self.newest += 1;
        self.waiting = Some(Vec::new());
        self.newest
    }

    /// Takes a gesture that counts after the answer; gives back one that is not to wait, because all that went before is nothing to it.
    fn hold(&mut self, made: Made) -> Option<Made> {
        let Some(waiting) = self.waiting.as_mut().filter(|_| made.gesture != Gesture::Only) else { return Some(made) };
        if made.gesture == Gesture::Range {
            // It takes the place of an older one: a key that is held down asks for many.
            waiting.retain(|made| made.gesture != Gesture::Range);
        }
        waiting.push(made);
        None
    }

    /// The gestures that waited for this answer, unless it is void.
    fn answered(&mut self, number: u32) -> Option<Vec<Made>> {
        self.waiting.take_if(|_| self.newest == number)
    }
}

impl List {
    pub fn follow(self, gesture: Gesture, at: AccountId) {
        self.call_off();
        let rows = untrack(|| self.loaded());
        if let Some(Some(made)) = self.afar().try_update(|afar| afar.hold(Made { gesture, at, rows })) {
            self.carry_out(made);
        }
    }

    fn carry_out(self, Made { gesture, at, rows }: Made) {
        let anchor = self.picked.with_untracked(|picked| picked.anchor);
        match anchor.filter(|anchor| gesture.is_range() && !rows.iter().any(|row| row.id == *anchor)) {
            None => self.pick(gesture == Gesture::Only, |picked| picked.follow(gesture, at, &rows)),
            Some(anchor) => {
                if let Some(number) = self.afar().try_update(Afar::begin) {
                    spawn_local(self.range(number, gesture, anchor, at));
                }
            }
        }
    }

    async fn range(self, number: u32, gesture: Gesture, anchor: AccountId, at: AccountId) {
        let (query, afar) = (self.shown.with_untracked(|shown| shown.query.clone()), self.afar());
        let answer = api::sessions::range(query, anchor, at).await;
        // `None` also where the page is gone.
        let Some(Some(waited)) = afar.try_update(|afar| afar.answered(number)) else { return };
        let taken = answer.and_then(|range| {
            let mut fits = true;
            if range.is_empty() {
                return Err(AppError::invalid(GONE));
            }
            self.pick(false, |picked| fits = picked.take_range(gesture, at, &range));
            if fits { Ok(()) } else { Err(AppError::invalid(TOO_MANY)) }
        });
        if let Err(error) = taken {
            // Nor is anything done with those who were selected before.
            self.take_waiting();
            self.refuse(&error);
        }
        for made in waited {
            if let Some(Some(made)) = afar.try_update(|afar| afar.hold(made)) {
                self.carry_out(made);
            }
        }
        self.show_ticks();
        self.settled();
    }

    /// Somebody was to be selected who is not there any more.
    pub fn tell_gone(self) {
        self.refuse(&AppError::invalid(GONE));
    }

    /// The range is not selected, and it is said why.
    fn refuse(self, error: &AppError) {
        if !failure::leave_if_signed_out(error) {
            self.own.with_value(|own| own.toasts).warning(error.sentence().to_owned());
        }
    }

    /// The answer that is waited for, and what waits with it, counts no more. Answers whether there was one.
    pub(super) fn forget_range(self) -> bool {
        let waits = self.afar().with_untracked(|afar| afar.waiting.is_some());
        if waits {
            self.afar().update(|afar| afar.waiting = None);
        }
        waits
    }

    /// Does something with the selection as it is once no range is asked for any more: at once, as a rule.
    pub fn once_settled(self, act: Press) {
        self.own.with_value(|own| own.once_settled).set_value(Some(act));
        self.settled();
    }

    fn settled(self) {
        if untrack(|| !self.is_ranging())
            && let Some(act) = self.take_waiting()
        {
            act();
        }
    }

    /// What waits for a range was chosen for those who were to be selected by then: whoever selects on did not mean the others.
    pub(super) fn call_off(self) {
        if self.take_waiting().is_some() {
            self.refuse(&AppError::invalid(CHANGED));
        }
    }

    fn take_waiting(self) -> Option<Press> {
        self.own.with_value(|own| own.once_settled).try_update_value(Option::take).flatten()
    }

    /// A range is asked for.
    pub fn is_ranging(self) -> bool {
        self.afar().with(|afar| afar.waiting.is_some())
    }

    /// A box that was clicked has changed by itself: those in the page go back to what is selected.
    pub(super) fn show_ticks(self) {
        for tick in browser::find_all(".list-scroll tbody input").into_iter().filter_map(browser::as_input) {
            if let Ok(id) = tick.value().parse() {
                tick.set_checked(untrack(|| self.is_selected(id)));
            }
        }
    }

    fn afar(self) -> RwSignal<Afar> {
        self.own.with_value(|own| own.afar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(gesture: Gesture, at: i64) -> Made {
        Made { gesture, at: AccountId(at), rows: Vec::new() }
    }

    fn gestures(waited: &[Made]) -> Vec<(Gesture, i64)> {
        waited.iter().map(|made| (made.gesture, made.at.0)).collect()
    }

    #[test]
    fn what_is_done_while_a_range_is_asked_for_waits_in_its_order() {
        let mut afar = Afar::default();
        assert!(afar.hold(made(Gesture::Toggle, 1)).is_some(), "nothing is asked for");
        let number = afar.begin();
        for (gesture, at) in [(Gesture::Range, 9), (Gesture::AddRange, 2), (Gesture::Toggle, 3), (Gesture::Range, 4), (Gesture::Range, 5)] {
            assert!(afar.hold(made(gesture, at)).is_none(), "{gesture:?}");
        }
        let waited = afar.answered(number).expect("the newest");
        // The toggle moved the anchor, so the range begins there, and the last one is meant.
        assert_eq!(gestures(&waited), [(Gesture::AddRange, 2), (Gesture::Toggle, 3), (Gesture::Range, 5)]);
        assert!(afar.hold(made(Gesture::Toggle, 6)).is_some(), "nothing is asked for any more");
    }

    #[test]
    fn a_click_does_not_wait_and_an_older_answer_is_void() {
        let mut afar = Afar::default();
        let older = afar.begin();
        assert!(afar.hold(made(Gesture::AddRange, 1)).is_none());
        assert!(afar.hold(made(Gesture::Only, 3)).is_some());
        let newer = afar.begin();
        assert!(afar.answered(older).is_none());
        assert_eq!(gestures(&afar.answered(newer).expect("the newest")), []);
    }
}
