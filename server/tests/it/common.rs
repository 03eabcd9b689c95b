//! A store on a file of its own, with people in it and a clock that stands still.

use crate::database::Database;
use app::{
    guard::{Admin, Origin, SignedIn, Visitor},
    model::{
        account::AccountId,
        plan::{Act, Confirmation, Plan, Report},
        query::Query,
        selection::Selection,
        session::SessionId,
    },
    store::{Store as _, StoreError, Stored},
};
use jiff::tz::TimeZone;
use server::{
    activity::Limits,
    auth::token::{Token, TokenHash},
    clock::Clock,
    credentials::{Checked, Credentials as _, NewSession, SignedInAs, Why},
    store::{Actor, Background, Missing, NewAccount, SessionStart, Settings, SqlStore},
};
use std::{path::PathBuf, time::Duration};

/// 03/09/2022 09:20:54 AM in Chicago.
pub const NOW: i64 = 1_646_839_254_000;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

pub const LIMITS: Limits = Limits { idle: HOUR, lifetime: 12 * HOUR };

/// What every account's password hash is, unless a test sets another: the store never verifies one.
pub const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

pub struct World {
    pub store: SqlStore,
    pub clock: Clock,
    /// The directory and its tasks, where the test started them.
    background: Option<Background>,
    pub database: Database,
}

/// Somebody's open browser.
#[derive(Clone)]
pub struct Browser {
    pub token: Token,
    pub session: SessionId,
    pub account: AccountId,
}

/// How often the store is raced; over HTTP a twentieth of it, at least 100 times. `cargo xtask soak` has time for more.
pub fn rounds() -> usize {
    std::env::var("USM_RACE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

pub fn settings() -> Settings {
    let time_zone = TimeZone::get("America/Chicago").expect("a zone");
    // The machine that runs the tests may be busy.
    Settings { patience: Duration::from_secs(10), ..Settings::new(time_zone, LIMITS) }
}

impl World {
    /// An empty database.
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let database = Database::new().await;
        let store = SqlStore::open(database.place(), Missing::Create, settings).await.expect("a new database");
        Self { store, clock: Clock::fixed(NOW), background: None, database }
    }

    /// An empty database whose directory follows.
    pub async fn started() -> Self {
        let mut world = Self::new().await;
        world.start().await;
        world
    }

    pub async fn start(&mut self) {
        self.background = Some(self.store.start(self.clock.clone()));
        self.store.loaded().await;
    }

    /// Stops what [`World::start`] started, and closes the file.
    pub async fn stop(&mut self) {
        self.background.take().expect("a started store").stop().await;
    }

    /// Of a test that is about SQLite.
    pub fn path(&self) -> PathBuf {
        self.database.path()
    }

    /// A second handle on the same database, as the command line opens it.
    pub async fn command_line(&self) -> SqlStore {
        SqlStore::open(self.database.place(), Missing::Refuse, settings()).await.expect("the same database")
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        self.database.number(sql).await
    }

    pub async fn alter(&self, sql: &'static str) {
        self.database.alter(sql).await;
    }

    pub async fn account(&self, user_name: &str) -> AccountId {
        self.create(user_name, false).await
    }

    pub async fn sis_account(&self, user_name: &str) -> AccountId {
        self.create(user_name, true).await
    }

    async fn create(&self, user_name: &str, sis: bool) -> AccountId {
        let new = NewAccount {
            user_name: user_name.into(),
            last_name: "Test".into(),
            first_name: "Fake".into(),
            password_hash: Some(HASH.into()),
            sis,
            ..NewAccount::default()
        };
        self.store.create_account(Actor::CommandLine, new, self.clock.now()).await.expect("a new account")
    }

    /// Signs in; panics where that is refused.
    pub async fn sign_in(&self, account: AccountId) -> Browser {
        self.try_sign_in(account).await.expect("an account that can log in")
    }

    pub async fn try_sign_in(&self, account: AccountId) -> Result<Browser, SignedInAs> {
        self.try_sign_in_with(account, HASH, None).await
    }

    pub async fn try_sign_in_with(&self, account: AccountId, verified_hash: &str, replaces: Option<&Token>) -> Result<Browser, SignedInAs> {
        let token = Token::new().expect("random bytes");
        let new = NewSession {
            account,
            verified_hash,
            upgraded_hash: None,
            token: token.hash(),
            wide_token: None,
            ip: "10.4.1.22",
            user_agent: CHROME,
            replaces: replaces.map(Token::hash),
            now: self.clock.now(),
        };
        match self.store.sign_in(new).await.expect("an answer") {
            SignedInAs::Session(session) => Ok(Browser { token, session, account }),
            other => Err(other),
        }
    }

    pub async fn check(&self, token: &Token) -> Checked {
        self.store.check(&token.hash(), self.clock.now()).await.expect("an answer")
    }

    pub async fn is_valid(&self, browser: &Browser) -> bool {
        matches!(self.check(&browser.token).await, Checked::Valid(_))
    }

    /// Why a session is over; panics where it is not.
    pub async fn why(&self, browser: &Browser) -> Why {
        match self.check(&browser.token).await {
            Checked::Over(why) => why,
            other => panic!("{other:?}"),
        }
    }

    pub async fn signed_in(&self, browser: &Browser) -> SignedIn {
        let Checked::Valid(valid) = self.check(&browser.token).await else { panic!("a valid session") };
        let origin = Origin { ip: "10.4.1.23".into(), user_agent: CHROME.into() };
        SignedIn {
            session: valid.session,
            account: valid.account,
            user_name: valid.user_name,
            sis: valid.sis,
            now: self.clock.now(),
            origin,
        }
    }

    /// Creates a holder of the SIS role and signs him in.
    pub async fn admin(&self, user_name: &str) -> Admin {
        let account = self.sis_account(user_name).await;
        let browser = self.sign_in(account).await;
        self.as_admin(&browser).await
    }

    pub async fn as_admin(&self, browser: &Browser) -> Admin {
        Visitor::SignedIn(self.signed_in(browser).await).admin().expect("the SIS role")
    }
}

pub const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.51 Safari/537.36";

/// An event as it stands in the log.
#[derive(Debug)]
pub struct Logged {
    pub at: i64,
    pub batch: i64,
    pub actor_kind: String,
    pub actor_account: Option<i64>,
    pub target_account: Option<i64>,
    pub target_name: String,
    pub target_session: Option<i64>,
    pub reason: String,
    pub result: String,
    pub detail: serde_json::Value,
    pub ip: Option<String>,
}

impl Logged {
    /// The ids of the sessions that it ended.
    pub fn sessions(&self) -> Vec<i64> {
        self.detail["sessions"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_i64).collect()
    }
}

impl World {
    /// The events of one kind, oldest first.
    pub async fn events(&self, action: &str) -> Vec<Logged> {
        type Row = (i64, i64, String, Option<i64>, Option<i64>, String, Option<i64>, String, String, String, Option<String>, String);
        let events = "
            select
              at, batch_id, actor_kind, actor_account, target_account, target_name, target_session, reason, result,
              cast(detail as text), ip, action
            from events
            left join event_origins on event_origins.seq = events.seq
            order by events.seq";
        let logged = |row: Row| Logged {
            at: row.0,
            batch: row.1,
            actor_kind: row.2,
            actor_account: row.3,
            target_account: row.4,
            target_name: row.5,
            target_session: row.6,
            reason: row.7,
            result: row.8,
            detail: serde_json::from_str(&row.9).expect("JSON"),
            ip: row.10,
        };
        let rows = self.database.rows::<Row>(events).await.into_iter();
        rows.filter(|row| row.11 == action).map(logged).collect()
    }
}

impl World {
    /// What the dialog shows for these accounts, beside the whole list.
    pub async fn plan(&self, admin: &Admin, act: Act, accounts: &[AccountId]) -> Stored<Plan> {
        let selection = Selection::Ids(accounts.iter().copied().collect());
        crate::store_follow::in_step(&self.store).await;
        self.store.prepare(admin, act, &selection, &Query::default()).await
    }

    /// Prepares and commits with nothing ticked.
    pub async fn act(&self, admin: &Admin, act: Act, accounts: &[AccountId]) -> Stored<Report> {
        let plan = self.plan(admin, act, accounts).await?;
        self.store.commit(admin, plan.id, &Confirmation::default()).await
    }

    /// So many accounts at once, `lab0001` and so on.
    pub async fn lab(&self, number: usize) -> Vec<AccountId> {
        let new =
            (1..=number).map(|n| NewAccount { user_name: format!("lab{n:04}"), password_hash: Some(HASH.into()), ..NewAccount::default() });
        self.store.create_accounts(Actor::CommandLine, new.collect(), self.clock.now()).await.expect("new accounts")
    }

    /// One session for each account, begun in one act.
    pub async fn sign_all_in(&self, accounts: &[AccountId]) {
        let starts = accounts.iter().map(|account| start(*account, self.clock.now()));
        let begun = self.store.begin_demo_sessions(starts.collect()).await.expect("begun");
        assert!(begun.iter().all(Option::is_some));
    }
}

/// A sign-in with the password that every account has, from nowhere.
pub fn new_session(account: AccountId, token: TokenHash) -> NewSession<'static> {
    NewSession {
        account,
        verified_hash: HASH,
        upgraded_hash: None,
        token,
        wide_token: None,
        ip: "",
        user_agent: "",
        replaces: None,
        now: NOW,
    }
}

/// A session whose token nobody knows.
pub fn start(account: AccountId, at: i64) -> SessionStart {
    SessionStart {
        account,
        token: Token::new().expect("random bytes").hash(),
        created_at: at,
        last_seen_at: at,
        ip: "10.4.1.22".into(),
        user_agent: CHROME.into(),
    }
}

/// The sentence of a refusal; panics on anything else.
pub fn sentence<T: std::fmt::Debug>(answer: Stored<T>) -> String {
    match answer {
        Err(StoreError::Refused(error)) => error.sentence().to_owned(),
        other => panic!("{other:?}"),
    }
}
