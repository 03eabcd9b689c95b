//! The address follows what is asked for, through the router: it must know where it is, or the next way on would not count as one.

use super::List;
use crate::parts::list_address;
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use std::time::Duration;

/// Browsers refuse more than 100 changes in 30 seconds, and the router takes no refusal.
const REST: Duration = Duration::from_millis(350);

impl List {
    /// Puts each address in place of the one before, without a step in the history; while text is typed, with rests.
    pub(super) fn keep_address(self) {
        let (navigate, location) = (use_navigate(), use_location());
        let search = location.search.get_untracked();
        let resting = RwSignal::new(false);
        Effect::new(move |put: Option<String>| {
            let address = self.query.with(|query| query.address_from(self.top().get()));
            list_address::remember(&address);
            let elsewhere = location.pathname.with_untracked(|path| path != "/sessions");
            if resting.get() || elsewhere {
                return put.unwrap_or_default();
            }
            // At first an address may say what is not the list's: the act that led here.
            if put.map_or_else(|| search.contains("done="), |put| put != address) {
                let options = NavigateOptions { resolve: false, replace: true, scroll: false, ..NavigateOptions::default() };
                self.note_put(&address);
                navigate(&address, options);
                resting.set(true);
                set_timeout(
                    move || {
                        resting.try_set(false);
                    },
                    REST,
                );
            }
            address
        });
    }
}
