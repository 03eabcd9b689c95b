//! The list as a file: `GET /sessions.csv?…` with the filters and the order of the page.

use super::{
    Node,
    answer::Refused,
    identify::{Identity, within},
};
use crate::{credentials::Checked, csv};
use app::{
    AppError,
    guard::Visitor,
    model::query::Query,
    store::{Listed, StoreError, Stored},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{self, State},
    http::{Method, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use std::{array, io, sync::Arc};

/// Rows that are written at once: whoever reads slowly keeps one such piece waiting, and no transaction.
const ROWS: usize = 2_000;

const HEAD: [&str; 5] = ["User Name", "Last Name", "First Name", "Session Creation Timestamp", "Count"];

/// What is still to be written.
struct Rest {
    node: Node,
    identity: Identity,
    listed: std::vec::IntoIter<Listed>,
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
    let query = Query::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value))).map_err(AppError::invalid)?;
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"sessions.csv\"")];
    if method == Method::HEAD {
        return Ok(headers.into_response());
    }
    let listed = Arc::clone(&node.store).export(&admin, &query).await?;
    let rest = Rest { node, identity, listed: listed.into_iter() };
    let head = stream::iter([Ok::<_, io::Error>(Bytes::from(csv::start(&HEAD)))]);
    let rows = stream::try_unfold(rest, |mut rest| async move {
        let piece: Vec<Listed> = rest.listed.by_ref().take(ROWS).collect();
        if piece.is_empty() {
            return Ok(None);
        }
        let lines = rest.lines(piece).await.map_err(|_| io::Error::other("the export cannot go on"))?;
        Ok(Some((Bytes::from(lines), rest)))
    });
    Ok((headers, Body::from_stream(stream::StreamExt::chain(head, rows))).into_response())
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
            csv::line(&mut lines, &array::from_fn::<_, 5, _>(|column| &*texts[column]));
        }
        Ok(lines)
    }
}
