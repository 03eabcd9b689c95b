//! `GET /live`: what an open page is told, as server-sent events. `list`: the list is another; `ended`: the session is over.
//!
//! The page asks for what has changed by itself: an event says that there is something, not what.

use super::{
    Node,
    answer::Refused,
    identify::{Identity, within},
    origin,
};
use crate::{
    credentials::Checked,
    watchers::{News, Watch},
};
use app::AppError;
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt as _, stream};
use std::{convert::Infallible, time::Duration};

/// How soon a connection that nobody reads any more is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// For everybody with a session. A session that is over is told so at once, once; without one there is nothing to tell: 401.
pub async fn live(State(node): State<Node>, Extension(identity): Extension<Identity>, headers: HeaderMap) -> Result<Response, Refused> {
    if !origin::may_listen(&headers, &node.config.public_url) {
        return Err(AppError::CrossSite.into());
    }
    let session = match identity.found {
        Checked::Valid(session) => Some(session),
        Checked::Over(_) => None,
        Checked::Unknown => return Ok(StatusCode::UNAUTHORIZED.into_response()),
    };
    let (Some(session), Some(token)) = (session, identity.token) else { return Ok(told(stream::empty(), true)) };
    // First told, then looked: an end between the two would else be missed.
    let watch = node.credentials.watch(&session);
    match within(node.credentials.check(&token, node.clock.now())).await? {
        Checked::Valid(now) if now.sis == session.sis => Ok(told(news(watch), false)),
        // The role changed in between: the page opens the stream anew, as what its person is by now.
        Checked::Valid(_) => Ok(told(stream::empty(), false)),
        Checked::Over(_) => Ok(told(stream::empty(), true)),
        Checked::Unknown => Ok(StatusCode::UNAUTHORIZED.into_response()),
    }
}

fn news(watch: Watch) -> impl Stream<Item = News> {
    stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let news = watch.next().await?;
        Some((news, (news != News::Over).then_some(watch)))
    })
}

fn told(news: impl Stream<Item = News> + Send + 'static, over: bool) -> Response {
    let news = stream::iter(over.then_some(News::Over)).chain(news).map(|news| {
        Ok::<_, Infallible>(Event::default().data(match news {
            News::List => "list",
            News::Over => "ended",
        }))
    });
    // nginx would else keep the events back.
    ([("x-accel-buffering", "no")], Sse::new(news).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))).into_response()
}
