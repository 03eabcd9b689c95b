//! What sign-in and the session check ask of the store: the only door to hashes, and no business of the pages.

use crate::{auth::token::TokenHash, watchers::Watch};
use app::{
    guard::Origin,
    model::{account::AccountId, session::SessionId},
    store::Stored,
};

/// A session as the check finds it by its token's hash.
#[derive(Clone, Debug)]
pub enum Checked {
    /// It would authenticate now.
    Valid(ValidSession),
    /// The token was a session's, which is over.
    Over(Why),
    /// No such token.
    Unknown,
}

/// A session that authenticates.
#[derive(Clone, Debug)]
pub struct ValidSession {
    pub session: SessionId,
    pub account: AccountId,
    pub user_name: String,
    /// `Nathan Miller`; empty where the account has no names.
    pub name: String,
    /// Holds the SIS role.
    pub sis: bool,
    /// The stored time of the last activity, UTC milliseconds: what a touch compares with.
    pub last_seen_at: i64,
    /// When it is over without activity, and whatever the activity, UTC milliseconds.
    pub idle_expires_at: i64,
    pub expires_at: i64,
}

/// Why a session is over, as the log-in page says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Ended by an administrator, or the account was disabled: both read the same.
    Ended,
    /// Ended elsewhere by its owner, by a password change, or replaced.
    Elsewhere,
    /// Idle too long, or too old.
    TimedOut,
    /// Signed out by its owner: no note.
    SignedOut,
}

/// The password hash of an account, for one verification.
#[derive(Clone)]
pub struct PasswordHash {
    pub account: AccountId,
    pub user_name: String,
    /// PHC string; `None` where no password is set.
    pub hash: Option<String>,
    pub disabled: bool,
}

/// A sign-in whose password was verified.
#[derive(Clone)]
pub struct NewSession<'a> {
    pub account: AccountId,
    /// The hash that was verified: the sign-in happens only while it is the account's.
    pub verified_hash: &'a str,
    /// Replaces the stored hash where its parameters were old.
    pub upgraded_hash: Option<&'a str>,
    pub token: TokenHash,
    /// The weaker token that goes to the hosts of the cookie domain; only [`Credentials::check_wide`] takes it.
    pub wide_token: Option<TokenHash>,
    pub ip: &'a str,
    pub user_agent: &'a str,
    /// The token that the browser sent with the log-in form: its session ends with this one's start.
    pub replaces: Option<TokenHash>,
    pub now: i64,
}

/// What became of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedInAs {
    Session(SessionId),
    /// The account is disabled or deleted.
    Refused,
    /// Still enabled, but the hash is another now: verify once more.
    HashChanged,
}

/// Sign-in, the session check, and what else touches a secret.
#[async_trait::async_trait]
pub trait Credentials: Send + Sync + 'static {
    /// One indexed look-up in the database, never in a cache. Decides by the stored times and the account's holds.
    async fn check(&self, token: &TokenHash, now: i64) -> Stored<Checked>;
    /// The same by a session's wide token: what forward auth asks for another host, and nothing else.
    async fn check_wide(&self, token: &TokenHash, now: i64) -> Stored<Checked>;
    /// Notes activity of a session; written later, never for an ended one. No await, no database.
    fn touch(&self, session: &ValidSession, now: i64);
    /// From here on the page that asks is told of its session's end, and of changes of the list where it holds the SIS role.
    fn watch(&self, session: &ValidSession) -> Watch;
    /// Lets all open pages go, for a node that stops.
    fn close_watches(&self);
    /// By user name (folded: NFKC, case). `None` for an unknown one.
    async fn find_password_hash(&self, user_name: &str) -> Stored<Option<PasswordHash>>;
    /// Starts a session; its first statement is the conditional update of the account.
    async fn sign_in(&self, new: NewSession<'_>) -> Stored<SignedInAs>;
    /// Writes the event of a failed sign-in. An unknown user name is not stored: people type passwords there.
    async fn sign_in_failed(&self, account: Option<AccountId>, origin: &Origin, now: i64) -> Stored<()>;
    /// Ends the session as signed out; durable before it returns.
    async fn sign_out(&self, session: SessionId, origin: &Origin, now: i64) -> Stored<()>;
    /// Writes the event of an unsafe request of a signed-in visitor that was refused: `what` is method and path, `why` the status.
    async fn refused(&self, who: &app::guard::SignedIn, what: &str, why: u16) -> Stored<()>;
    /// The database answers (`/readyz`) and the directory follows.
    async fn ready(&self) -> Stored<()>;
}
