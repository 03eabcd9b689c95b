//! The list as a file: `GET /sessions.csv?…` with the filters and the order of the page.

use super::{
    Node,
    answer::{Refused, Shown},
    identify::{Identity, within},
};
use crate::{credentials::Checked, csv};
use app::{
    AppError,
    frame::Answer,
    guard::Visitor,
    model::query::{Column, Query},
    store::{Listed, StoreError, Stored},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{self, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Rows that are written at once: whoever reads slowly keeps one such piece waiting, and no transaction.
const ROWS: usize = 2_000;

/// Places for exports at the same time: each holds 24 bytes for every user that it has yet to write.
#[derive(Clone)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(8)))
    }
}

const FULL: &str = "Eight lists are being exported already. Export again in a minute.";

/// Whoever reads nothing for so long has gone, or reads too slowly to get to the end.
const STALLED: Duration = Duration::from_mins(1);

/// What is still to be written.
struct Rest {
    node: Node,
    identity: Identity,
    listed: Arc<Mutex<Option<Rows>>>,
}

/// The rows of an export, and its place among those at the same time, which it gives back when it is stalled.
struct Rows {
    rows: std::vec::IntoIter<Listed>,
    place: Option<OwnedSemaphorePermit>,
}

/// Everybody in the list as filtered, one event.
pub async fn sessions(
    method: Method,
    State(node): State<Node>,
    Extension(visitor): Extension<Visitor>,
    Extension(identity): Extension<Identity>,
    pairs: Result<extract::Query<Vec<(String, String)>>, extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let admin = visitor.admin()?;
    let extract::Query(pairs) = pairs.map_err(|_| AppError::Malformed)?;
    let query = Query::from_pairs(&pairs).map_err(AppError::invalid)?;
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"sessions.csv\"")];
    if method == Method::HEAD {
        return Ok(headers.into_response());
    }
    let Ok(place) = Arc::clone(&node.exports.0).try_acquire_owned() else {
        return Ok(Shown { status: StatusCode::SERVICE_UNAVAILABLE, answer: Answer::Refused(AppError::invalid(FULL)) }.into_response());
    };
    let rows = Arc::clone(&node.store).export(&admin, &query).await?.into_iter();
    let listed = Arc::new(Mutex::new(Some(Rows { rows, place: Some(place) })));
    tokio::spawn(let_go(Arc::downgrade(&listed), STALLED));
    let rest = Rest { node, identity, listed };
    let head = stream::iter([Ok::<_, io::Error>(Bytes::from(csv::start(&Column::ALL.map(Column::title))))]);
    let rows = stream::try_unfold(rest, |rest| async move {
        let cannot_go_on = || io::Error::other("the export cannot go on");
        let piece: Vec<Listed> = match &mut *rest.listed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(listed) => listed.rows.by_ref().take(ROWS).collect(),
            None => return Err(cannot_go_on()),
        };
        if piece.is_empty() {
            return Ok(None);
        }
        let lines = rest.lines(piece).await.map_err(|_| cannot_go_on())?;
        Ok(Some((Bytes::from(lines), rest)))
    });
    Ok((headers, Body::from_stream(stream::StreamExt::chain(head, rows))).into_response())
}

/// Lets the rows go once nobody has taken any for a while.
async fn let_go(listed: Weak<Mutex<Option<Rows>>>, stalled: Duration) {
    let left = |rows: &Option<Rows>| rows.as_ref().map(|listed| listed.rows.len());
    let mut before = None;
    loop {
        let Some(listed) = listed.upgrade() else { return };
        {
            let mut rows = listed.lock().unwrap_or_else(PoisonError::into_inner);
            let now = left(&rows);
            if now == before {
                match &mut *rows {
                    // The last ones are on their way.
                    Some(listed) if now == Some(0) => listed.place = None,
                    rows => *rows = None,
                }
                return;
            }
            before = now;
        }
        drop(listed);
        tokio::time::sleep(stalled).await;
    }
}

impl Rest {
    /// The lines of a piece; none for whoever lost his session or the role meanwhile.
    async fn lines(&self, piece: Vec<Listed>) -> Stored<String> {
        let token = self.identity.token.as_ref().ok_or(StoreError::Internal)?;
        match within(self.node.credentials.check(token, self.node.clock.now())).await? {
            Checked::Valid(session) if session.sis => {}
            _ => return Err(StoreError::Refused(AppError::NotSignedIn)),
        }
        let mut lines = String::new();
        for texts in self.node.store.export_texts(piece).await? {
            csv::line(&mut lines, &texts.each_ref().map(|text| &**text));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::account::AccountId;

    #[tokio::test]
    async fn the_rows_of_an_export_that_nobody_reads_are_let_go() {
        let row = || Listed { account: AccountId(1), created_at: 0, count: 1 };
        let place = Exports::default().0.try_acquire_owned().expect("a place");
        let listed = Arc::new(Mutex::new(Some(Rows { rows: vec![row(), row(), row()].into_iter(), place: Some(place) })));
        let left = || listed.lock().expect("no panic").as_ref().map(|listed| listed.rows.len());
        let watches = tokio::spawn(let_go(Arc::downgrade(&listed), Duration::from_millis(200)));
        for still in (1..3).rev() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            listed.lock().expect("no panic").as_mut().expect("somebody reads").rows.next();
            assert_eq!(left(), Some(still));
        }
        watches.await.expect("no panic");
        assert_eq!(left(), None);
        // And one that was read to its end is no longer watched: whatever its last lines wait for, it does not break off.
        let exports = Exports::default().0;
        let free = exports.available_permits();
        let place = Arc::clone(&exports).try_acquire_owned().expect("a place");
        let listed = Arc::new(Mutex::new(Some(Rows { rows: vec![].into_iter(), place: Some(place) })));
        let_go(Arc::downgrade(&listed), Duration::from_millis(10)).await;
        assert!(listed.lock().expect("no panic").is_some());
        assert_eq!(exports.available_permits(), free, "somebody else may export");
        drop(listed);
        let_go(Weak::new(), Duration::from_mins(1)).await;
    }
}
