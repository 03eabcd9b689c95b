//! What happens by itself: activity is written, sessions time out, the write-ahead log is folded into the database.

use crate::{clock::Clock, store::SqlStore};
use std::time::Duration;
use tokio::sync::watch;

/// A time-out is in the list at most this much (and the feed's time) after its deadline.
const EVERY: Duration = Duration::from_millis(500);

/// How long others have the writer between two rounds, however many are asked for.
const PAUSE: Duration = Duration::from_millis(50);

/// Rounds between two checkpoints.
const CHECKPOINT_EVERY: u32 = 4;

/// Goes round until told to stop. What a round could not do the next one does: the store has logged why, once.
pub(crate) async fn run(store: SqlStore, mut stop: watch::Receiver<bool>, clock: Clock) {
    let mut is_well = true;
    for round in 1_u32.. {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = due(&store, is_well) => {}
        }
        is_well = store.keep_up(&clock, round.is_multiple_of(CHECKPOINT_EVERY), !is_well).await;
    }
}

/// Waits for the next round: sooner where a check has refused a session whose time-out is not written, as long as the database takes it.
async fn due(store: &SqlStore, is_well: bool) {
    let every = tokio::time::sleep(EVERY);
    tokio::time::sleep(PAUSE).await;
    tokio::select! {
        () = every => {}
        () = store.timed_out(), if is_well => {}
    }
}
