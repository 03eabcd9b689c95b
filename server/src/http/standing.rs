//! How the session of an open page stands, which the page asks by itself (`HEAD /live`), and *Stay logged in* (`POST /live`), which is
//! activity and answers the same.
//!
//! 204: it stands; `Usm-Again` says in how many seconds to ask again, `Usm-Time-Out` at what time it will be over, once it is time to
//! warn. 205: the page is to be loaded anew. (Browsers write a 401 to the console.) The browser's clock is asked for nothing.

use super::{Node, answer::Refused, identify::Identity, origin};
use crate::{credentials::Checked, show};
use app::{AppError, frame::Viewer};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};

/// In seconds: between two looks, at most, since a stream can be lost without a word; and while there is a warning, which activity
/// elsewhere takes back.
const SELDOM: i64 = 60;
const OFTEN: i64 = 3;

/// `HEAD /live`: no activity.
pub async fn ask(
    State(node): State<Node>,
    Extension(identity): Extension<Identity>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    if !origin::may_listen(&headers, &node.config.public_url) {
        return Err(AppError::CrossSite.into());
    }
    Ok(standing(&node, identity, &uri, false))
}

/// `POST /live`: the layer has noted the activity, which is not written yet.
pub async fn stay(State(node): State<Node>, Extension(identity): Extension<Identity>, uri: Uri) -> Response {
    standing(&node, identity, &uri, true)
}

fn standing(node: &Node, Identity { now, found, .. }: Identity, uri: &Uri, active: bool) -> Response {
    let Checked::Valid(session) = found else { return StatusCode::RESET_CONTENT.into_response() };
    let viewer = Viewer { account: session.account, user_name: session.user_name, sis: session.sis };
    if uri.query().is_some() && *uri != *viewer.session_address() {
        return StatusCode::RESET_CONTENT.into_response();
    }
    let limits = node.config.limits;
    let over_at = if active { session.expires_at.min(now + limits.idle) } else { session.idle_expires_at };
    let left = over_at - now;
    // Where the session is too old activity helps no more, and there is nothing to choose.
    let unwarned = if over_at < session.expires_at { left - limits.warning() } else { i64::MAX };
    if unwarned > 0 {
        return (StatusCode::NO_CONTENT, [("usm-again", seconds(unwarned, SELDOM))]).into_response();
    }
    let over_at = show::minute(over_at, &node.config.time_zone);
    (StatusCode::NO_CONTENT, [("usm-again", seconds(left, OFTEN)), ("usm-time-out", over_at)]).into_response()
}

/// Milliseconds as whole seconds, at least one.
fn seconds(ms: i64, most: i64) -> String {
    (ms / 1_000 + 1).clamp(1, most).to_string()
}
