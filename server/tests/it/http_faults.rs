//! When something behind the router fails: everything is refused, nothing is told, and it comes back by itself.

use crate::http_world::{PASSWORD, World};
use app::{
    AppError,
    guard::{Admin, Origin, SignedIn},
    model::{
        account::{AccountDetails, AccountId, FoundAccounts, OwnAccount, SaveAccount, Saved},
        event::{BatchId, History},
        plan::{Act, Confirmation, EndTarget, Plan, PlanId, Report, Undone},
        query::Query,
        selection::Selection,
        session::{AccountSessions, Meanwhile, OnScreen, Part, SelectedRows, SessionId, Window},
    },
    store::{Listed, Store, StoreError, Stored},
};
use server::{
    Node,
    auth::token::TokenHash,
    credentials::{Checked, Credentials, NewSession, PasswordHash, SignedInAs, ValidSession},
    store::SqlStore,
    watchers::Watch,
};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

const THERE: u8 = 0;
const AWAY: u8 = 1;
const SILENT: u8 = 2;
const BROKEN: u8 = 3;

/// The real store behind a line that a test cuts.
struct Line {
    store: SqlStore,
    state: Arc<AtomicU8>,
}

impl Line {
    async fn cross(&self) -> Stored<()> {
        match self.state.load(Ordering::Relaxed) {
            THERE => Ok(()),
            AWAY => Err(StoreError::Unavailable),
            BROKEN => panic!("{SECRET}"),
            _ => pending().await,
        }
    }
}

#[async_trait::async_trait]
impl Credentials for Line {
    async fn check(&self, token: &TokenHash, now: i64) -> Stored<Checked> {
        self.cross().await?;
        self.store.check(token, now).await
    }
    async fn check_wide(&self, token: &TokenHash, now: i64) -> Stored<Checked> {
        self.cross().await?;
        self.store.check_wide(token, now).await
    }
    fn touch(&self, session: &ValidSession, now: i64) {
        self.store.touch(session, now);
    }
    fn watch(&self, session: &ValidSession) -> Watch {
        self.store.watch(session)
    }
    fn close_watches(&self) {
        self.store.close_watches();
    }
    async fn find_password_hash(&self, user_name: &str) -> Stored<Option<PasswordHash>> {
        self.cross().await?;
        self.store.find_password_hash(user_name).await
    }
    async fn sign_in(&self, new: NewSession<'_>) -> Stored<SignedInAs> {
        self.cross().await?;
        self.store.sign_in(new).await
    }
    async fn sign_in_failed(&self, account: Option<AccountId>, origin: &Origin, now: i64) -> Stored<()> {
        self.cross().await?;
        self.store.sign_in_failed(account, origin, now).await
    }
    async fn sign_out(&self, session: SessionId, origin: &Origin, now: i64) -> Stored<()> {
        self.cross().await?;
        self.store.sign_out(session, origin, now).await
    }
    async fn refused(&self, who: &SignedIn, what: &str, why: u16) -> Stored<()> {
        self.cross().await?;
        self.store.refused(who, what, why).await
    }
    async fn ready(&self) -> Stored<()> {
        self.cross().await?;
        self.store.ready().await
    }
}

#[tokio::test]
async fn fs_01_a_database_that_is_away_or_silent_lets_nobody_in_and_says_so_within_a_second() {
    let mut world = World::new().await;
    let state = Arc::new(AtomicU8::new(THERE));
    let line = Line { store: world.store.clone(), state: state.clone() };
    world.answered_by(Node { credentials: Arc::new(line), ..world.node.clone() });
    let admin = world.signed_in("admin").await;
    assert_eq!(admin.get("/sessions").await.status, 200);

    for fault in [AWAY, SILENT] {
        state.store(fault, Ordering::Relaxed);
        let start = Instant::now();
        let page = admin.get("/sessions").await;
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!((page.status, page.header("retry-after")), (503, "2"));
        assert!(page.body.contains(AppError::Unavailable.sentence()) && !page.body.contains("Ada"));
        let start = Instant::now();
        let answer = admin.api("sessions/own", "{}").await;
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!((answer.status, answer.json::<AppError>()), (503, AppError::Unavailable));
        assert!(!answer.headers.contains_key("set-cookie"), "the session may be alive");
        for (method, address) in [("POST", "/sessions/end"), ("POST", "/sign-out"), ("GET", "/"), ("GET", "/nowhere")] {
            let answer = admin.send(method, address, Some("application/x-www-form-urlencoded"), "session=1".into()).await;
            assert_eq!(answer.status, 503, "{method} {address}");
        }
        let start = Instant::now();
        assert_eq!(world.stranger().log_in("admin", PASSWORD).await.status, 503);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(world.stranger().get("/readyz").await.status, 503);
        assert_eq!(world.stranger().get("/healthz").await.status, 200);
        assert_eq!(world.stranger().get("/sign-in").await.status, 200, "this page needs no database");

        state.store(THERE, Ordering::Relaxed);
        assert_eq!(admin.get("/sessions").await.status, 200);
        assert_eq!(world.stranger().get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn fwd_06_a_database_that_is_away_or_silent_or_a_defect_is_never_a_yes() {
    let mut world = World::told(|config| config.cookie_domain = Some("example.org".into())).await;
    let state = Arc::new(AtomicU8::new(THERE));
    let line = Line { store: world.store.clone(), state: state.clone() };
    world.answered_by(Node { credentials: Arc::new(line), ..world.node.clone() });
    let main = world.signed_in("teacher").await;
    let wide = main.clone().at_another_host();
    for (fault, status) in [(AWAY, 503), (SILENT, 503), (BROKEN, 500)] {
        state.store(fault, Ordering::Relaxed);
        for browser in [&main, &wide] {
            let answer = browser.get("/auth/verify").await;
            assert_eq!(answer.status, status);
            let again = if status == 503 { Some("2") } else { None };
            assert_eq!(answer.headers.get("retry-after").map(|after| after.to_str().expect("ASCII")), again);
            assert!(!answer.headers.contains_key("remote-user") && !answer.headers.contains_key("set-cookie"));
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.body.contains("select"), "{}", answer.body);
        }
        assert_eq!(world.stranger().get("/auth/verify").await.status, 401, "nobody costs no look at the database");
        state.store(THERE, Ordering::Relaxed);
        assert_eq!((main.get("/auth/verify").await.status, wide.get("/auth/verify").await.status), (200, 200));
    }
}

/// Events get no further number: SQLite answers as for a disk without room, `SQLITE_FULL`.
const FILL: &str = "update sqlite_sequence set seq = 9223372036854775807 where name = 'events'";
const MAKE_ROOM: &str = "update sqlite_sequence set seq = (select max(seq) from events) where name = 'events'";

#[tokio::test]
async fn fs_01_a_full_disk_refuses_every_write_holds_up_no_check_and_heals() {
    let world = World::new().await;
    let (admin, teacher) = (world.signed_in("admin").await, world.signed_in("teacher").await);
    let plan = r#"{"act":"end_disable","selection":{"ids":[3]},"shown":{"filters":["","","","",""]}}"#;
    let plan: Plan = admin.api("sessions/plan", plan).await.json();
    let commit = format!("plan={}", plan.id);
    let end = format!("session={}", teacher.session.expect("a session"));
    let mut beside = world.database.sqlite().await;
    sqlx::query(FILL).execute(&mut beside).await.expect("full");
    let before = world.events().await;
    // The second time on the connection that was opened after the first failure.
    for _ in 0..2 {
        assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 503);
        assert_eq!(world.stranger().log_in("teacher", "wrong").await.status, 503);
        for (browser, address, form) in [
            (&admin, "/sessions/end", &*end),
            (&admin, "/sessions/commit", &commit),
            (&admin, "/accounts/3", "version=1&disabled=on"),
            (&teacher, "/sign-out", ""),
        ] {
            let answer = browser.post(address, form).await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{address}");
            assert!(!answer.headers.contains_key("set-cookie"), "{address}");
        }
        assert_eq!((teacher.get("/me").await.status, admin.get("/sessions").await.status), (200, 200), "who only reads is not held up");
    }
    assert_eq!(world.events().await, before);
    assert_eq!(world.rows::<(i64,)>("select id from accounts where disabled_at is not null").await, []);

    sqlx::query(MAKE_ROOM).execute(&mut beside).await.expect("room");
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 303);
    assert_eq!(admin.post("/sessions/commit", &commit).await.status, 303);
    assert_eq!(teacher.get("/me").await.status, 303);
    assert_eq!(world.stranger().log_in("teacher", PASSWORD).await.status, 401);
}

/// A store full of defects.
struct Broken;

const SECRET: &str = "select password_hash from accounts; /var/lib/usm.db; v0.1.0";

#[async_trait::async_trait]
impl Store for Broken {
    async fn list(&self, _: &Admin, _: &Query, _: &Selection, _: Part) -> Stored<Window> {
        panic!("{SECRET}")
    }
    async fn look(&self, _: &Admin, _: &Query, _: &Selection, _: OnScreen) -> Stored<Meanwhile> {
        panic!("{SECRET}")
    }
    async fn selected(&self, _: &Admin, _: &Selection, _: &Query) -> Stored<SelectedRows> {
        panic!("{SECRET}")
    }
    async fn range(&self, _: &Admin, _: &Query, _: AccountId, _: AccountId) -> Stored<Vec<AccountId>> {
        panic!("{SECRET}")
    }
    async fn export(&self, _: &Admin, _: &Query) -> Stored<Vec<Listed>> {
        panic!("{SECRET}")
    }
    async fn export_texts(&self, _: Vec<Listed>) -> Stored<Vec<[String; 5]>> {
        panic!("{SECRET}")
    }
    async fn sessions_of(&self, _: &Admin, _: AccountId) -> Stored<Option<AccountSessions>> {
        panic!("{SECRET}")
    }
    async fn prepare(&self, _: &Admin, _: Act, _: &Selection, _: &Query) -> Stored<Plan> {
        panic!("{SECRET}")
    }
    async fn commit(&self, _: &Admin, _: PlanId, _: &Confirmation) -> Stored<Report> {
        panic!("{SECRET}")
    }
    async fn report(&self, _: &Admin, _: BatchId) -> Stored<Option<Report>> {
        panic!("{SECRET}")
    }
    async fn unfinished(&self, _: &Admin) -> Stored<Option<Report>> {
        panic!("{SECRET}")
    }
    async fn end(&self, _: &SignedIn, _: EndTarget) -> Stored<Report> {
        panic!("{SECRET}")
    }
    async fn undo_disable(&self, _: &Admin, _: BatchId) -> Stored<Undone> {
        panic!("{SECRET}")
    }
    async fn search_accounts(&self, _: &Admin, _: &str, _: u32) -> Stored<FoundAccounts> {
        panic!("{SECRET}")
    }
    async fn account(&self, _: &Admin, _: AccountId) -> Stored<Option<AccountDetails>> {
        panic!("{SECRET}")
    }
    async fn save_account(&self, _: &Admin, _: &SaveAccount) -> Stored<Saved> {
        panic!("{SECRET}")
    }
    async fn history(&self, _: &Admin, _: Option<BatchId>, _: Option<i64>, _: u32) -> Stored<Option<History>> {
        panic!("{SECRET}")
    }
    async fn own_account(&self, _: &SignedIn) -> Stored<OwnAccount> {
        panic!("{SECRET}")
    }
}

#[tokio::test]
async fn fs_02_a_panic_is_a_plain_500_that_tells_nothing_and_harms_nobody_else() {
    let mut world = World::new().await;
    let sound = world.router.clone();
    world.answered_by(Node { store: Arc::new(Broken), ..world.node.clone() });
    let admin = world.signed_in("admin").await;
    let answers = [
        admin.api("sessions/own", "{}").await,
        admin.get("/accounts/1").await,
        admin.post("/sessions/end", "session=1").await,
        admin.post("/sessions/plan", "act=end&id=1").await,
        admin.post("/sessions/commit", "plan=1").await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains(AppError::Internal.sentence()) || answer.body == r#""internal""#, "{}", answer.body);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
    for address in ["/me", "/sessions", "/history", "/accounts?q=a"] {
        let start = Instant::now();
        let page = admin.get(address).await;
        assert!(start.elapsed() < Duration::from_secs(2), "{address}");
        assert_eq!(page.status, 500, "{address}");
        assert!(!page.body.contains("select"), "{address}");
    }
    for answer in answers {
        for told in ["select", "/var/lib", "v0.1.0", "panicked", ".rs:"] {
            assert!(!answer.body.contains(told), "{}", answer.body);
        }
    }
    world.router = sound;
    assert_eq!(world.signed_in("admin").await.get("/me").await.status, 200);
}
