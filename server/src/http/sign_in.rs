//! Sign-in and sign-out: plain forms, so that a password never passes through the pages' code.

use super::{
    Node,
    answer::{Refused, Shown},
    cookies::{self, Tokens},
    fields::Fields,
    identify::{Identity, within},
    peer::Peer,
    way,
};
use crate::{
    auth::{
        password::{Password, Verified},
        token::Token,
    },
    credentials::{Checked, NewSession, SignedInAs, Why},
    metrics,
};
use app::{
    AppError,
    frame::Answer,
    guard::Origin,
    model::{account::AccountId, query::encode},
};
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};

/// One sentence for every reason, so that it gives nothing away.
const FAILED: &str = "The user name or the password is not right, or this account cannot log in.";

/// The form, or the password in it: said before anything is looked up, computed or written.
const TOO_LONG: &str = "The user name or the password is too long.";

/// `POST /sign-in`: a new session in place of the browser's earlier one, and on to `next`.
pub async fn sign_in(
    State(node): State<Node>,
    Extension(identity): Extension<Identity>,
    Peer(origin): Peer,
    fields: Result<Fields, Refused>,
) -> Result<Response, Refused> {
    let fields = match fields {
        Err(Refused(AppError::TooLarge)) => return Ok(again(StatusCode::PAYLOAD_TOO_LARGE, "", "/", TOO_LONG)),
        fields => fields?,
    };
    let next = way::onward(fields.text("next"), &node.config.apps).unwrap_or("/");
    let user_name = fields.text("user_name");
    let tried = try_sign_in(&node, &identity, &origin, user_name, fields.text("password")).await;
    metrics::sign_in(match &tried {
        Ok(_) => "done",
        Err(Failed::Credentials(_) | Failed::TooLong) => "refused",
        Err(Failed::Server(_)) => "failed",
    });
    match tried {
        Ok(tokens) => Ok((AppendHeaders(cookies::session(&node.config, &tokens)), Redirect::to(next)).into_response()),
        Err(Failed::Credentials(account)) => {
            node.credentials.sign_in_failed(account, &origin, identity.now).await?;
            Ok(again(StatusCode::UNAUTHORIZED, user_name, next, FAILED))
        }
        Err(Failed::TooLong) => Ok(again(StatusCode::PAYLOAD_TOO_LARGE, user_name, next, TOO_LONG)),
        Err(Failed::Server(busy @ AppError::Busy)) => Ok(again(StatusCode::SERVICE_UNAVAILABLE, user_name, next, busy.sentence())),
        Err(Failed::Server(error)) => Err(error.into()),
    }
}

/// `POST /sign-out`: the session is over before the answer goes out.
pub async fn sign_out(
    State(node): State<Node>,
    Extension(identity): Extension<Identity>,
    Peer(origin): Peer,
) -> Result<impl IntoResponse, Refused> {
    if let Checked::Valid(session) = &identity.found {
        node.credentials.sign_out(session.session, &origin, identity.now).await?;
    }
    // Not "cookies": that would wipe those of sibling applications too.
    let storage = [("clear-site-data", "\"storage\"")];
    Ok((AppendHeaders(cookies::no_session(&node.config)), storage, Redirect::to("/sign-in")))
}

/// `/sign-in?why=…&next=…`; neither where there is nothing to say.
pub fn sign_in_address(next: &str, why: Option<Why>) -> String {
    let why = match why {
        Some(Why::Ended) => Some("why=ended".to_owned()),
        Some(Why::Elsewhere) => Some("why=elsewhere".to_owned()),
        Some(Why::TimedOut) => Some("why=timeout".to_owned()),
        Some(Why::SignedOut) | None => None,
    };
    let next = (next != "/").then(|| format!("next={}", encode(next)));
    let query: Vec<_> = why.into_iter().chain(next).collect();
    if query.is_empty() { "/sign-in".into() } else { format!("/sign-in?{}", query.join("&")) }
}

/// Why nobody was signed in.
enum Failed {
    /// Wrong, unknown, disabled, without a password: the same for the person. The account, where there is one, for the event.
    Credentials(Option<AccountId>),
    /// Whatever the account: no password is so long.
    TooLong,
    Server(AppError),
}

impl<E: Into<AppError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Server(error.into())
    }
}

/// One verification, whoever asks. Where the hash changed meanwhile (an upgrade, a new password), once more.
async fn try_sign_in(node: &Node, identity: &Identity, origin: &Origin, user_name: &str, password: &str) -> Result<Tokens, Failed> {
    let Some(password) = Password::new(password) else { return Err(Failed::TooLong) };
    let mut account = None;
    for _ in 0..2 {
        let found = within(node.credentials.find_password_hash(user_name)).await?;
        account = found.as_ref().map(|found| found.account);
        let hash = found.filter(|found| !found.disabled).and_then(|found| found.hash);
        let verified = node.passwords.verify(password.clone(), hash.clone()).await?;
        let (Some(account), Some(hash), Verified::Yes { upgraded }) = (account, hash, verified) else { break };
        let tokens = new_tokens(node.config.cookie_domain.is_some()).map_err(|error| {
            tracing::error!(%error, "no random bytes for a session token");
            AppError::Internal
        })?;
        let new = NewSession {
            account,
            verified_hash: &hash,
            upgraded_hash: upgraded.as_deref(),
            token: tokens.main.hash(),
            wide_token: tokens.wide.as_ref().map(Token::hash),
            ip: &origin.ip,
            user_agent: &origin.user_agent,
            replaces: identity.token,
            now: identity.now,
        };
        match node.credentials.sign_in(new).await? {
            SignedInAs::Session(_) => return Ok(tokens),
            SignedInAs::Refused => break,
            SignedInAs::HashChanged => {}
        }
    }
    Err(Failed::Credentials(account))
}

fn new_tokens(wide: bool) -> Result<Tokens, getrandom::Error> {
    Ok(Tokens { main: Token::new()?, wide: if wide { Some(Token::new()?) } else { None } })
}

/// The log-in page once more, with a sentence.
fn again(status: StatusCode, user_name: &str, next: &str, error: &str) -> Response {
    let answer = Answer::SignIn { user_name: user_name.to_owned(), next: next.to_owned(), error: error.to_owned() };
    Shown { status, answer }.into_response()
}
