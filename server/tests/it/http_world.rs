//! A node with a database of its own, its people, and browsers that speak to it through the real router.

use crate::database::{Database, Row};
use app::model::{account::AccountId, session::SessionId};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Request, header},
};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use leptos::config::LeptosOptions;
use server::{
    Exports, Node,
    activity::Limits,
    auth::{
        password::{Password, Passwords},
        token::Token,
    },
    clock::Clock,
    config::{Apps, BackgroundPaths, Config, Networks, Place, PublicUrl},
    credentials::{Credentials, NewSession, SignedInAs},
    router,
    store::{Actor, Background, Missing, NewAccount, Settings, SqlStore},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tower::{ServiceExt as _, service_fn};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// 2026-03-09 15:00 UTC.
pub const START: i64 = 1_773_068_400_000;

/// A running node. Its clock stands still until a test moves it.
pub struct World {
    pub node: Node,
    pub store: SqlStore,
    pub clock: Clock,
    pub router: Router,
    /// Holds the SIS role; so does `deputy`.
    pub admin: AccountId,
    pub teacher: AccountId,
    pub database: Database,
    hash: String,
    /// Of every node.
    stores: Vec<SqlStore>,
    _backgrounds: Vec<Background>,
}

/// Requests to two nodes, one after the other.
fn in_turn(nodes: [Router; 2]) -> Router {
    let turn = Arc::new(AtomicUsize::new(0));
    Router::new().fallback_service(service_fn(move |request| {
        let node = nodes[turn.fetch_add(1, Ordering::Relaxed) % 2].clone();
        node.oneshot(request)
    }))
}

impl World {
    /// On `http://127.0.0.1:3000`, with the accounts `admin`, `deputy` and `teacher`.
    pub async fn new() -> Self {
        Self::with_step(10_000).await
    }

    /// Plans are carried out in steps of so many accounts.
    pub async fn with_step(step: usize) -> Self {
        Self::at(PublicUrl { https: false, host: "127.0.0.1:3000".into() }, step, 1, |_| {}).await
    }

    /// Behind `https://sessions.example.org`.
    pub async fn https() -> Self {
        Self::at(PublicUrl { https: true, host: "sessions.example.org".into() }, 10_000, 1, |_| {}).await
    }

    /// The same, with other options; on a database server two nodes, which take turns.
    pub async fn told(options: impl FnOnce(&mut Config)) -> Self {
        Self::at(PublicUrl { https: true, host: "sessions.example.org".into() }, 10_000, 2, options).await
    }

    async fn at(public_url: PublicUrl, step: usize, nodes: usize, options: impl FnOnce(&mut Config)) -> Self {
        let database = Database::new().await;
        let mut config = Config {
            listen: "127.0.0.1:3000".parse().expect("an address"),
            public_url,
            time_zone: TimeZone::get("America/New_York").expect("a time zone"),
            limits: Limits { idle: 3_600_000, lifetime: 12 * 3_600_000 },
            site_name: "Demo District".into(),
            trusted_proxies: Networks::default(),
            apps: Apps::default(),
            background_paths: BackgroundPaths::default(),
            cookie_domain: None,
        };
        options(&mut config);
        // The machine that runs the tests may be busy.
        let settings = Settings { step, patience: Duration::from_secs(10), ..Settings::new(config.time_zone.clone(), config.limits) };
        let (config, clock) = (Arc::new(config), Clock::fixed(START));
        let start = async || {
            let store = SqlStore::open(database.place(), Missing::Create, settings.clone()).await.expect("a database");
            let background = store.start(clock.clone());
            store.loaded().await;
            let node = Node {
                config: Arc::clone(&config),
                store: Arc::new(store.clone()),
                credentials: Arc::new(store.clone()),
                passwords: Passwords::new(),
                exports: Exports::default(),
                clock: clock.clone(),
                leptos: site(&database.folder),
            };
            (store, background, node)
        };
        let (store, background, node) = start().await;
        let (mut backgrounds, mut stores) = (vec![background], vec![store.clone()]);
        let hash = password(PASSWORD).hash().expect("a hash");
        let mut one = router(node.clone());
        if nodes > 1 && matches!(database.place(), Place::Server(_)) {
            let (store, background, other) = start().await;
            stores.push(store);
            backgrounds.push(background);
            one = in_turn([one, router(other)]);
        }
        let nobody = AccountId(0);
        let mut world =
            Self { node, store, clock, router: one, admin: nobody, teacher: nobody, database, hash, stores, _backgrounds: backgrounds };
        world.admin = world.person("admin", "Admin", "Ada", true).await;
        world.person("deputy", "Deputy", "Dan", true).await;
        world.teacher = world.person("teacher", "Teacher", "Tess", false).await;
        world
    }

    /// Every node writes the activity that it has noted.
    pub async fn write_activity(&self) {
        for store in &self.stores {
            store.write_activity(&self.clock).await.expect("written");
        }
    }

    /// The same world answered by another node, such as one with a failing part.
    pub fn answered_by(&mut self, node: Node) {
        self.router = router(node.clone());
        self.node = node;
    }

    pub async fn account(&self, new: NewAccount) -> AccountId {
        self.store.create_account(Actor::CommandLine, new, self.clock.now()).await.expect("a new account")
    }

    pub async fn person(&self, user_name: &str, last_name: &str, first_name: &str, sis: bool) -> AccountId {
        self.account(NewAccount {
            user_name: user_name.into(),
            last_name: last_name.into(),
            first_name: first_name.into(),
            password_hash: Some(self.hash()),
            sis,
            ..NewAccount::default()
        })
        .await
    }

    pub async fn disable(&self, account: AccountId) {
        self.store.disable(Actor::CommandLine, account, "", self.clock.now()).await.expect("disabled");
    }

    /// Of [`PASSWORD`]; one for all, because computing it is slow.
    pub fn hash(&self) -> String {
        self.hash.clone()
    }

    /// A browser that nobody uses.
    pub fn stranger(&self) -> Browser {
        let url = &self.node.config.public_url;
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(&*url.host).expect("a host"));
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        Browser { router: self.router.clone(), headers, peer: None, token: None, wide_token: None, session: None }
    }

    /// A browser with a new session of that user: as after the log-in, without the slow password.
    pub async fn signed_in(&self, user_name: &str) -> Browser {
        let found = self.store.find_password_hash(user_name).await.expect("the store").expect("an account");
        let token = Token::new().expect("random bytes");
        let wide_token = self.node.config.cookie_domain.as_ref().map(|_| Token::new().expect("random bytes"));
        let new = NewSession {
            account: found.account,
            verified_hash: found.hash.as_deref().expect("a password"),
            upgraded_hash: None,
            token: token.hash(),
            wide_token: wide_token.as_ref().map(Token::hash),
            ip: "10.4.1.22",
            user_agent: "",
            replaces: None,
            now: self.clock.now(),
        };
        let Ok(SignedInAs::Session(session)) = self.store.sign_in(new).await else { panic!("{user_name} cannot sign in") };
        let cookie = format!("{}={}", self.node.config.public_url.cookie_name(), token.cookie_value());
        Browser { token: Some(token), wide_token, session: Some(session), ..self.stranger().with_cookie(&cookie) }
    }

    /// Reads the database beside the product.
    pub async fn rows<T: Row>(&self, sql: &'static str) -> Vec<T> {
        self.database.rows(sql).await
    }

    /// Events so far.
    pub async fn events(&self) -> i64 {
        self.rows::<(i64,)>("select count(*) from events").await[0].0
    }
}

/// A built site with the least that is served of one.
fn site(folder: &TempDir) -> LeptosOptions {
    let package = folder.path().join("site/pkg");
    std::fs::create_dir_all(&package).expect("a folder");
    for (name, content) in [("usm.js", "plain"), ("usm.js.br", "brotli"), ("usm.js.gz", "gzip")] {
        std::fs::write(package.join(name), content).expect("a file");
    }
    std::fs::write(folder.path().join("site/favicon.svg"), "<svg/>").expect("a file");
    std::fs::write(folder.path().join("site/secret"), "secret").expect("a file");
    let hashes = folder.path().join("hash.txt");
    std::fs::write(&hashes, "js: h1\nwasm: h2\ncss: h3\n").expect("a file");
    LeptosOptions::builder()
        .output_name("usm")
        .site_root(folder.path().join("site").to_str().expect("a plain path").to_owned())
        .hash_files(true)
        .hash_file(hashes.to_str().expect("a plain path").into())
        .build()
}

pub fn password(text: &str) -> Password {
    Password::new(text).expect("short enough")
}

/// A hash with parameters that the product no longer uses.
pub fn old_hash(password: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).expect("parameters"));
    argon2.hash_password(password.as_bytes()).expect("a hash").to_string()
}

/// A browser at our own page: it sends `Sec-Fetch-Site: same-origin`.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    headers: HeaderMap,
    peer: Option<IpAddr>,
    token: Option<Token>,
    wide_token: Option<Token>,
    /// Its session, where it was made by [`World::signed_in`].
    pub session: Option<SessionId>,
}

impl Browser {
    pub fn with_cookie(self, cookie: &str) -> Self {
        self.with_header("cookie", cookie)
    }

    /// With one header more, or another value of it.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header name");
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The same browser at the node that answers now.
    pub fn through(self, world: &World) -> Self {
        Self { router: world.router.clone(), ..self }
    }

    /// From that address; without it, from no socket at all.
    pub fn with_peer(mut self, address: &str) -> Self {
        self.peer = Some(address.parse().expect("an address"));
        self
    }

    pub fn wide_value(&self) -> String {
        self.wide_token.as_ref().expect("a session of a node with a cookie domain").cookie_value()
    }

    /// What the browser sends to another host of the cookie domain.
    pub fn at_another_host(self) -> Self {
        let cookie = format!("__Secure-usm-wide={}", self.wide_value());
        self.with_cookie(&cookie)
    }

    /// Without saying where the request comes from.
    pub fn without_site(self) -> Self {
        self.without_header("sec-fetch-site")
    }

    pub fn token(&self) -> &Token {
        self.token.as_ref().expect("a session made by `signed_in`")
    }

    pub async fn get(&self, address: &str) -> Answer {
        self.send("GET", address, None, Body::empty()).await
    }

    /// Sends an encoded form.
    pub async fn post(&self, address: &str, form: &str) -> Answer {
        self.send("POST", address, Some("application/x-www-form-urlencoded"), Body::from(form.to_owned())).await
    }

    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.post(address, &app::model::query::encode_pairs(&pairs)).await
    }

    pub async fn log_in(&self, user_name: &str, password: &str) -> Answer {
        self.post_form("/sign-in", &[("user_name", user_name), ("password", password), ("next", "")]).await
    }

    /// Calls a server function.
    pub async fn api(&self, function: &str, json: &str) -> Answer {
        self.send("POST", &format!("/api/{function}"), Some("application/json"), Body::from(json.to_owned())).await
    }

    /// An answer whose body is still to be read.
    pub async fn answer(&self, method: &str, address: &str, body: Body) -> axum::response::Response {
        self.router.clone().oneshot(self.request(method, address, body)).await.expect("the router never fails")
    }

    fn request(&self, method: &str, address: &str, body: Body) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(address).body(body).expect("a request");
        *request.headers_mut() = self.headers.clone();
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 4711)));
        }
        request
    }

    pub async fn send(&self, method: &str, address: &str, content_type: Option<&str>, body: Body) -> Answer {
        let mut request = self.request(method, address, body);
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().expect("a content type"));
        }
        let (head, body) = self.router.clone().oneshot(request).await.expect("the router never fails").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header's value, `""` where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
    }

    /// Everything the answer sets, as a `Cookie` header.
    pub fn cookies(&self) -> String {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().expect("ASCII"));
        cookies.map(|cookie| cookie.split(';').next().expect("a cookie")).collect::<Vec<_>>().join("; ")
    }

    /// The nonce that the policy names.
    pub fn nonce(&self) -> String {
        let policy = self.header("content-security-policy");
        policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).expect("a nonce").0.to_owned()
    }

    /// Takes out what differs in every answer.
    pub fn without_nonce(&mut self) {
        self.body = self.body.replace(&self.nonce(), "…");
        self.headers.remove(header::CONTENT_SECURITY_POLICY);
    }

    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The session that the answer's cookie holds, as a `Cookie` header.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }
}
