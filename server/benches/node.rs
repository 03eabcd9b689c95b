//! A node as those see it who ask it: session checks for each second of its processors, log-ins, ends, open pages.
//!
//! `cargo bench -p server --bench node -- URL` on a database that `usm demo` made and that nobody serves. It prints a line for each
//! question: what, what was measured, what is asked, with tabs between. Whoever asks shares the machine with the node. `cargo xtask bench`
//! puts the lines into `docs/benchmarks.md`.

#[allow(dead_code, reason = "of the tests of the command line, which need more of it")]
#[path = "../tests/cli/proxies/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "of the tests of the command line, which need more of it")]
#[path = "../tests/cli/world.rs"]
mod world;

use anyhow::{Context as _, Result, ensure};
use app::{model::account::AccountId, store::StoreError};
use jiff::tz::TimeZone;
use proxy::{Kind, Proxy, place};
use server::{
    activity::Limits,
    auth::{
        password::{Password, Passwords},
        token::Token,
    },
    config::{DatabaseUrl, Place},
    demo::chance::Chance,
    store::{Actor, Missing, SessionStart, Settings, SqlStore},
};
use std::{
    collections::VecDeque,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Runtime,
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use world::{Server, World};

const SESSIONS: u32 = 10_000;
const CONNECTIONS: usize = 64;
const FOR: Duration = Duration::from_secs(10);
const LOG_INS: usize = 16;
/// People who come and go, and have no cookie that is used.
const CHANGING: u32 = 500;
const PASSWORD: &str = "correct horse";
const SITE: &str = "sessions.example.org";
const APP: &str = "app.example.org";

fn main() -> Result<()> {
    let url = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let url = url.context("name a database that `usm demo` made: cargo bench -p server --bench node -- sqlite://PATH/usm.db")?;
    let database = DatabaseUrl::from(&*url).place().map_err(anyhow::Error::msg)?;
    let runtime = Runtime::new()?;
    let people = Arc::new(runtime.block_on(People::new(&database))?);
    let world = World::new();
    // As at the top of nginx.conf; and nobody times out meanwhile.
    let options = ["--public-url", "https://sessions.example.org", "--trusted-proxies", "127.0.0.1", "--cookie-domain", "example.org"];
    let options = [&options[..], &["--apps", APP, "--idle-timeout", "12h", "--session-lifetime", "24h"]].concat();
    let serve = || world.serve_at(&place(), &options, &[("USM_DATABASE_URL", &*url)]);
    let ceiling = runtime.block_on(ceiling())?;
    let node = serve();
    runtime.block_on(ready(&node.address))?;

    let checks = runtime.block_on(checks(&node.address, SITE, "/auth/verify", &people, || seconds(node.id())))?;
    println!("P11 session checks per second of the node's processors\t{checks:.0}\t{}", at_least(15_000.0, checks, ""));
    let application = runtime.block_on(application())?;
    let proxy = Proxy::new(Kind::Nginx, &world, &node.address, &application);
    let behind = checks_behind(&runtime, &proxy, &world, &node, &people)?;
    println!("P12 requests behind nginx per second of its and the node's processors\t{behind:.0}\t{}", at_least(8_000.0, behind, ""));
    drop(proxy);
    for Asked { what, served, seen, most } in runtime.block_on(amid_changes(&node, &database, &people))? {
        println!(
            "Amid 1,000 changes a second by another process: {what}, ms\t{}, client {:.1}\t{}",
            served.spread(),
            seen.at(50),
            served.at_most(f64::from(most))
        );
    }
    let (log_ins, meanwhile) = runtime.block_on(log_ins(&node.address, &people))?;
    println!(
        "P14 log-ins a second, of {ceiling:.1} that the processors can hash\t{log_ins:.1} ({:.0} %)\t{}",
        100.0 * log_ins / ceiling,
        at_least(85.0, 100.0 * log_ins / ceiling, " %")
    );
    println!("P14 session checks meanwhile, 500 a second, ms\t{}\t{}", meanwhile.spread(), meanwhile.at_most(20.0));

    // The pages are open at another node, where there can be one.
    let other = matches!(database, Place::Server(_)).then(serve);
    let (pages, where_) = other.as_ref().map_or((&node, "the same node"), |other| (other, "another node"));
    runtime.block_on(ready(&pages.address))?;
    let before = anonymous_kib(pages.id())?;
    let mut told = runtime.block_on(open_pages(&pages.address, &people))?;
    let grown = anonymous_kib(pages.id())?.saturating_sub(before);
    println!("Memory of {SESSIONS} open pages, KiB each\t{:.1}\t–", f64::from(grown) / f64::from(SESSIONS));
    let (answered, left) = runtime.block_on(ends(&node.address, &pages.address, &people, &mut told))?;
    println!("P6 End until it is answered, and the next check on {where_} refused, ms\t{}\t{}", answered.spread(), answered.at_most(15.0));
    println!(
        "P6 End until the open page on {where_} is told, of {SESSIONS}, ms\t{}\t{}",
        left.spread(),
        left.at_most(if other.is_some() { 250.0 } else { 100.0 })
    );
    Ok(())
}

/// Who is logged in, by their cookies.
struct People {
    pupils: Vec<(AccountId, String)>,
    admin: String,
    changing: Vec<AccountId>,
    /// User names of accounts with the password.
    passwords: Vec<String>,
    /// How many there are, logged in or not.
    accounts: usize,
}

/// The database, beside the node.
async fn store(place: &Place) -> Result<SqlStore> {
    let limits = Limits { idle: 12 * 3_600_000, lifetime: 24 * 3_600_000 };
    let settings = Settings { patience: Duration::from_mins(1), ..Settings::new(TimeZone::UTC, limits) };
    Ok(SqlStore::open(place, Missing::Refuse, settings).await?)
}

/// A session whose activity was last written up to a minute ago: some checks are due to be written, as in a running school.
fn start(account: AccountId, token: &Token, now: i64) -> SessionStart {
    let (ip, user_agent) = ("10.4.1.22".into(), "bench".into());
    let last_seen_at = now - account.0 * 7_919 % 60_000;
    SessionStart { account, token: token.hash(), created_at: last_seen_at, last_seen_at, ip, user_agent }
}

fn failed(error: StoreError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

impl People {
    async fn new(place: &Place) -> Result<Self> {
        let store = store(place).await?;
        let now = store.clock().await.map_err(failed)?.now();
        let accounts = store.list_accounts(now).await.map_err(failed)?;
        let admin = accounts.iter().find(|account| account.sis && !account.disabled).context("an administrator")?.id;
        let wanted = SESSIONS as usize + LOG_INS + CHANGING as usize;
        let pupils: Vec<_> = accounts.iter().filter(|account| !account.sis && !account.disabled).take(wanted).collect();
        ensure!(pupils.len() == wanted, "only {} accounts", pupils.len());
        let hash = Password::new(PASSWORD).and_then(|password| password.hash().ok()).context("a hash")?;
        let (with_password, pupils) = pupils.split_at(LOG_INS);
        let (changing, pupils) = pupils.split_at(CHANGING as usize);
        for account in with_password {
            store.set_password(Actor::CommandLine, account.id, hash.clone(), now).await.map_err(failed)?;
        }
        let mut cookies = Vec::with_capacity(SESSIONS as usize + 1);
        let all: Vec<_> = pupils.iter().map(|account| account.id).chain([admin]).collect();
        for some in all.chunks(2_000) {
            let mut starts = Vec::with_capacity(some.len());
            for &account in some {
                let token = Token::new()?;
                cookies.push((account, format!("__Host-usm={}", token.cookie_value())));
                starts.push(start(account, &token, now));
            }
            let begun = store.begin_demo_sessions(starts).await.map_err(failed)?;
            ensure!(begun.iter().all(Option::is_some), "somebody is disabled");
        }
        store.close().await;
        let (_, admin) = cookies.pop().context("the administrator")?;
        let passwords = with_password.iter().map(|account| account.user_name.clone()).collect();
        let changing = changing.iter().map(|account| account.id).collect();
        Ok(Self { pupils: cookies, admin, changing, passwords, accounts: accounts.len() })
    }

    fn cookie(&self, chance: &mut Chance) -> &str {
        let at = chance.below(u32::try_from(self.pupils.len()).unwrap_or(1)) as usize;
        &self.pupils[at].1
    }
}

/// A connection that is kept.
struct Client {
    address: String,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Client {
    fn new(address: &str) -> Self {
        Self { address: address.into(), stream: None, read: Vec::new() }
    }

    /// The status; whoever was sent away because the connection is old comes again.
    async fn ask(&mut self, request: &str) -> Result<u16> {
        for _ in 0..3 {
            if self.stream.is_none() {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                self.stream = Some(stream);
            }
            if let Some(status) = self.exchange(request).await {
                return Ok(status);
            }
            self.stream = None;
        }
        anyhow::bail!("{} answers nothing", self.address)
    }

    async fn exchange(&mut self, request: &str) -> Option<u16> {
        let stream = self.stream.as_mut()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        self.read.clear();
        let (head, length) = loop {
            if stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
            let text = String::from_utf8_lossy(&self.read);
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length =
                    head.to_ascii_lowercase().split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
                break (head.to_owned(), length.unwrap_or(0_usize));
            }
        };
        while self.read.len() < head.len() + 4 + length {
            if stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
        head.split(' ').nth(1)?.parse().ok()
    }
}

fn get(host: &str, path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n")
}

fn post(path: &str, kind: &str, cookie: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {SITE}\r\nOrigin: https://{SITE}\r\nCookie: {cookie}\r\nContent-Type: application/{kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

async fn ready(address: &str) -> Result<()> {
    let mut client = Client::new(address);
    for _ in 0..600 {
        if client.ask(&get(SITE, "/readyz", "")).await? == 200 {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{address} is not ready")
}

/// Requests with the cookies of random people over 64 connections, for each second that the processors worked for it.
async fn checks(address: &str, host: &str, path: &str, people: &Arc<People>, seconds: impl Fn() -> Result<f64>) -> Result<f64> {
    let (done, stops) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS as u64 {
        let (done, stops, people) = (Arc::clone(&done), Arc::clone(&stops), Arc::clone(people));
        let (address, host, path) = (address.to_owned(), host.to_owned(), path.to_owned());
        clients.spawn(async move {
            let (mut chance, mut client) = (Chance::new(client), Client::new(&address));
            while !stops.load(Ordering::Relaxed) {
                let status = client.ask(&get(&host, &path, people.cookie(&mut chance))).await?;
                ensure!(status == 200, "{status}");
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    sleep(Duration::from_secs(2)).await;
    let (worked, before) = (seconds()?, done.load(Ordering::Relaxed));
    sleep(FOR).await;
    let (worked, asked) = (seconds()? - worked, done.load(Ordering::Relaxed) - before);
    stops.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(f64::from(asked) / worked)
}

fn checks_behind(runtime: &Runtime, proxy: &Proxy, world: &World, node: &Server, people: &Arc<People>) -> Result<f64> {
    let proxies: u32 = fs::read_to_string(world.path("nginx.pid"))?.trim().parse()?;
    let both = || Ok(seconds(node.id())? + seconds(proxies)?);
    runtime.block_on(checks(&proxy.address, APP, "/", people, both))
}

/// The application behind the proxy: it says yes to everything. Its own work is not counted.
async fn application() -> Result<String> {
    let listener = tokio::net::TcpListener::bind(place()).await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = Vec::new();
                while stream.read_buf(&mut read).await.is_ok_and(|length| length > 0) {
                    if read.ends_with(b"\r\n\r\n") {
                        read.clear();
                        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Ok(address)
}

/// A question to the list.
struct Asked {
    what: &'static str,
    /// What the server took, by its own clock.
    served: Times,
    /// What whoever asked waited for.
    seen: Times,
    /// Milliseconds asked for.
    most: u32,
}

/// The list, asked while another process begins 500 sessions a second and ends as many.
async fn amid_changes(node: &Server, place: &Place, people: &Arc<People>) -> Result<Vec<Asked>> {
    let store = store(place).await?;
    let stops = Arc::new(AtomicBool::new(false));
    let accounts = people.changing.clone();
    let (beside, ended) = (store.clone(), Arc::clone(&stops));
    let writer = tokio::spawn(async move {
        let (clock, mut chance) = (beside.clock().await.map_err(failed)?, Chance::new(7));
        let (mut turns, mut waiting, mut done) = (interval(Duration::from_millis(50)), VecDeque::new(), 0);
        let began = Instant::now();
        while !ended.load(Ordering::Relaxed) {
            turns.tick().await;
            let now = clock.now();
            let come: Vec<_> = (0..25).map(|_| accounts[chance.below(CHANGING) as usize]).collect();
            let starts = come.iter().map(|account| Ok(start(*account, &Token::new()?, now))).collect::<Result<Vec<_>>>()?;
            beside.begin_demo_sessions(starts).await.map_err(failed)?;
            waiting.push_back(come);
            if waiting.len() > 20 {
                let go = waiting.pop_front().unwrap_or_default();
                done += beside.end_accounts(Actor::CommandLine, go, "", now).await.map_err(failed)?.sessions;
            }
        }
        Ok::<_, anyhow::Error>(f64::from(done) / began.elapsed().as_secs_f64())
    });
    sleep(Duration::from_secs(2)).await;
    let mut client = Client::new(&node.address);
    let mut asked = Vec::new();
    let middle = people.accounts / 2;
    for (what, filters, sort, offset, most) in [
        ("first window", r#"["","","","",""]"#, "-created", 0, 2),
        ("few match", r#"["natetest","","","",""]"#, "-created", 0, 20),
        ("one letter, half match", r#"["a","","","",""]"#, "-created", 0, 20),
        ("timestamp, any text", r#"["","","",":5",""]"#, "-created", 0, 20),
        ("order last_name, window in the middle", r#"["","","","",""]"#, "last_name", middle, 25),
        ("order created, window in the middle", r#"["","","","",""]"#, "created", middle, 25),
    ] {
        let body = format!(r#"{{"query":{{"filters":{filters},"sort":"{sort}"}},"offset":{offset},"limit":200}}"#);
        let request = post("/api/sessions/list", "json", &people.admin, &body);
        let (mut seen, logged) = (Vec::new(), node.logged().len());
        for turn in 0..520 {
            let began = Instant::now();
            let status = client.ask(&request).await?;
            ensure!(status == 200, "{status}");
            if turn >= 20 {
                seen.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            sleep(Duration::from_millis(5)).await;
        }
        let served: Vec<f64> = node.logged()[logged..].iter().filter_map(|line| took(line)).skip(20).collect();
        ensure!(served.len() >= 490, "{} of 500 answers in the log", served.len());
        asked.push(Asked { what, served: Times::from(served), seen: Times::from(seen), most });
    }
    stops.store(true, Ordering::Relaxed);
    let rate = writer.await??;
    ensure!(rate > 400.0, "only {rate:.0} sessions a second were ended: these are not 1,000 changes");
    store.close().await;
    Ok(asked)
}

/// Milliseconds that the server took for an answer with the list, where a line of its log is of one.
fn took(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("path=\"/api/sessions/list\" status=200 duration_ms=")?;
    rest.split(' ').next()?.parse().ok()
}

/// What is asked of a rate, and how it stands to that.
fn at_least(least: f64, measured: f64, unit: &str) -> String {
    format!("≥ {least}{unit}: {}", verdict(least / measured))
}

fn verdict(times: f64) -> String {
    if times <= 1.0 { "met".to_owned() } else { format!("missed, {times:.2} ×") }
}

/// Verifications a second that the processors can do, and do nothing else.
async fn ceiling() -> Result<f64> {
    let (passwords, done, stops) = (Passwords::new(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let hash = Password::new(PASSWORD).and_then(|password| password.hash().ok()).context("a hash")?;
    let mut verifying = JoinSet::new();
    for _ in 0..8 {
        let (passwords, hash, done, stops) = (passwords.clone(), hash.clone(), Arc::clone(&done), Arc::clone(&stops));
        verifying.spawn(async move {
            while !stops.load(Ordering::Relaxed) {
                let Some(password) = Password::new(PASSWORD) else { return };
                if passwords.verify(password, Some(hash.clone())).await.is_ok() {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    sleep(Duration::from_secs(1)).await;
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    sleep(FOR / 2).await;
    let rate = f64::from(done.load(Ordering::Relaxed) - before) / began.elapsed().as_secs_f64();
    stops.store(true, Ordering::Relaxed);
    while verifying.join_next().await.is_some() {}
    Ok(rate)
}

/// Log-ins a second of eight people at once, and how long session checks take meanwhile, 500 a second.
async fn log_ins(address: &str, people: &Arc<People>) -> Result<(f64, Times)> {
    let (done, stops) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let mut logging_in = JoinSet::new();
    for number in 0..8 {
        let (address, people, done, stops) = (address.to_owned(), Arc::clone(people), Arc::clone(&done), Arc::clone(&stops));
        logging_in.spawn(async move {
            let mut client = Client::new(&address);
            for turn in 0.. {
                if stops.load(Ordering::Relaxed) {
                    break;
                }
                let name = &people.passwords[(number + 8 * turn) % LOG_INS];
                let form = format!("user_name={name}&password=correct+horse");
                let status = client.ask(&post("/sign-in", "x-www-form-urlencoded", "", &form)).await?;
                ensure!(status == 303, "{name}: {status}");
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    sleep(Duration::from_secs(1)).await;
    let mut checking = JoinSet::new();
    for number in 0..10_u64 {
        let (address, people, stops) = (address.to_owned(), Arc::clone(people), Arc::clone(&stops));
        checking.spawn(async move {
            let (mut chance, mut client, mut times) = (Chance::new(number), Client::new(&address), Vec::new());
            let mut turns = interval(Duration::from_millis(20));
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !stops.load(Ordering::Relaxed) {
                // From when it was due: what waited for the one before has waited.
                let due = turns.tick().await;
                ensure!(client.ask(&get(SITE, "/auth/verify", people.cookie(&mut chance))).await? == 200);
                times.push(due.elapsed().as_secs_f64() * 1_000.0);
            }
            Ok(times)
        });
    }
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    sleep(FOR).await;
    let rate = f64::from(done.load(Ordering::Relaxed) - before) / began.elapsed().as_secs_f64();
    stops.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    while let Some(checked) = checking.join_next().await {
        times.extend(checked??);
    }
    while let Some(logged_in) = logging_in.join_next().await {
        logged_in??;
    }
    Ok((rate, Times::from(times)))
}

/// Opens a page of everybody; tells whose was told that it is over, and when.
async fn open_pages(address: &str, people: &Arc<People>) -> Result<mpsc::UnboundedReceiver<(usize, Instant)>> {
    let (tell, told) = mpsc::unbounded_channel();
    let mut opening = JoinSet::new();
    for (at, (_, cookie)) in people.pupils.iter().enumerate() {
        let (tell, cookie, address) = (tell.clone(), cookie.clone(), address.to_owned());
        if opening.len() >= CONNECTIONS
            && let Some(opened) = opening.join_next().await
        {
            opened??;
        }
        opening.spawn(async move {
            let mut stream = TcpStream::connect(&address).await?;
            stream.write_all(get(SITE, "/live", &cookie).as_bytes()).await?;
            let mut read = Vec::new();
            while !read.windows(4).any(|end| end == b"\r\n\r\n") {
                ensure!(stream.read_buf(&mut read).await? > 0, "no stream");
            }
            ensure!(read.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&read));
            tokio::spawn(async move {
                while stream.read_buf(&mut read).await.is_ok_and(|length| length > 0) {
                    if read.windows(5).any(|text| text == b"ended") {
                        let _ = tell.send((at, Instant::now()));
                        return;
                    }
                }
            });
            Ok(())
        });
    }
    while let Some(opened) = opening.join_next().await {
        opened??;
    }
    Ok(told)
}

/// Ends one after the other: until it is answered and the next check refused, and until the open page is told.
async fn ends(
    address: &str,
    other: &str,
    people: &Arc<People>,
    told: &mut mpsc::UnboundedReceiver<(usize, Instant)>,
) -> Result<(Times, Times)> {
    let (mut client, mut checker) = (Client::new(address), Client::new(other));
    let (mut answered, mut left) = (Vec::new(), Vec::new());
    for turn in 0..300 {
        let at = turn * 31 % people.pupils.len();
        let (account, cookie) = &people.pupils[at];
        let body = format!(r#"{{"target":{{"account":{account}}}}}"#);
        let began = Instant::now();
        let status = client.ask(&post("/api/sessions/end", "json", &people.admin, &body)).await?;
        ensure!(status == 200, "{status}");
        ensure!(checker.ask(&get(SITE, "/auth/verify", cookie)).await? == 401, "an ended session was let in");
        answered.push(began.elapsed().as_secs_f64() * 1_000.0);
        let (who, when) = tokio::time::timeout(Duration::from_secs(5), told.recv()).await?.context("a page")?;
        ensure!(who == at, "another page was told");
        left.push(when.duration_since(began).as_secs_f64() * 1_000.0);
        sleep(Duration::from_millis(20)).await;
    }
    Ok((Times::from(answered), Times::from(left)))
}

/// Seconds that the processors worked for a process.
fn seconds(process: u32) -> Result<f64> {
    let told = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = told.rsplit_once(") ").context("a status")?.1.split(' ').collect();
    // Linux counts hundredths.
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// Memory of a process that no file backs.
fn anonymous_kib(process: u32) -> Result<u32> {
    let told = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = told.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("a line")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Milliseconds, ascending.
struct Times(Vec<f64>);

impl Times {
    fn from(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    fn at(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    fn spread(&self) -> String {
        let [median, most, nearly_all, lowest, highest] = [50, 95, 99, 0, 100].map(|percent| self.at(percent));
        format!("{median:.1} · {most:.1} · {nearly_all:.1} ({lowest:.1}–{highest:.1})")
    }

    /// What is asked of the 99th percentile, and how it stands to that.
    fn at_most(&self, most: f64) -> String {
        format!("99th ≤ {most}: {}", verdict(self.at(99) / most))
    }
}
