//! How long the directory takes to answer, in the server and without HTTP, and how long plain SQL takes on the same file.
//!
//! `cargo bench -p server --bench directory -- PATH/usm.db` prints a line for each question: what, the directory's times and SQL's in
//! milliseconds, with tabs between. `cargo xtask bench` does it at three sizes and puts the lines into `docs/benchmarks.md`.

use anyhow::{Context as _, Result};
use app::{
    model::{
        account::AccountId,
        pasted,
        query::{Query, Sort},
        selection::Selection,
        session::{Part, SessionId},
    },
    store::StoreError,
};
use jiff::tz::TimeZone;
use server::config::Place;
use server::{
    activity::Limits,
    directory::{AccountEntry, Change, Directory, SessionEntry},
    store::{Missing, Settings, SqlStore},
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::{
    env,
    hint::black_box,
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const WINDOW: u32 = 200;
const WARM_UP: usize = 20;
const TURNS: usize = 200;
/// SQL may take ten seconds for one turn.
const SQL_TURNS: usize = 5;
const SQL_AT_MOST: Duration = Duration::from_secs(2);

/// A filter as typed, and as somebody would write it in SQL: of rows, and of groups.
struct Filter {
    name: &'static str,
    typed: [&'static str; 5],
    rows: &'static str,
    groups: &'static str,
}

const NONE: Filter = filter("", ["", "", "", "", ""], "true");

const FILTERS: [Filter; 13] = [
    filter("few match", ["natetest", "", "", "", ""], "user_name like '%natetest%'"),
    filter("one letter, half match", ["a", "", "", "", ""], "user_name like '%a%'"),
    filter("two letters, a third matches", ["", "an", "", "", ""], "last_name like '%an%'"),
    filter("ten letters, nobody", ["", "", "qwertzuiop", "", ""], "first_name like '%qwertzuiop%'"),
    filter("begins with", ["^m", "", "", "", ""], "user_name like 'm%'"),
    filter("or, negated", ["", "!smith|^jo", "", "", ""], "not (last_name like '%smith%' or last_name like 'jo%')"),
    filter("timestamp, an hour", ["", "", "", "last 2h", ""], "sessions.created_at >= (select max(at) from events) - 7200000"),
    filter(
        "timestamp, any text",
        ["", "", "", ":5", ""],
        "strftime('%m/%d/%Y %I:%M:%S %p', sessions.created_at / 1000, 'unixepoch') like '%:5%'",
    ),
    Filter { groups: "count(*) > 1", ..filter("count", ["", "", "", "", ">1"], "true") },
    Filter {
        groups: "count(*) > 1",
        ..filter("several columns", ["e", "an", "a", "", ">1"], "user_name like '%e%' and last_name like '%an%' and first_name like '%a%'")
    },
    filter(
        "any of five letters",
        ["a|e|i|o|u", "", "", "", ""],
        "(user_name like '%a%' or user_name like '%e%' or user_name like '%i%' or user_name like '%o%' or user_name like '%u%')",
    ),
    filter(
        "one letter, the last minutes",
        ["a", "", "", "last 5m", ""],
        "user_name like '%a%' and sessions.created_at >= (select max(at) from events) - 300000",
    ),
    filter(
        "texts and a timestamp",
        ["e", "an", "", ":5", ""],
        "user_name like '%e%' and last_name like '%an%'
          and strftime('%m/%d/%Y %I:%M:%S %p', sessions.created_at / 1000, 'unixepoch') like '%:5%'",
    ),
];

const fn filter(name: &'static str, typed: [&'static str; 5], rows: &'static str) -> Filter {
    Filter { name, typed, rows, groups: "true" }
}

const SORTS: [&str; 8] = ["user_name", "-user_name", "last_name", "-first_name", "created", "-created", "count", "-count"];

fn main() -> Result<()> {
    let path = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let path = path.context("name a database that `usm demo` made: cargo bench -p server --bench directory -- PATH/usm.db")?;
    let zone = TimeZone::get("America/Chicago")?;
    let runtime = Runtime::new()?;
    let settings = Settings::new(zone.clone(), Limits { idle: 0, lifetime: 0 });
    let store = runtime.block_on(SqlStore::open(&Place::File((&path).into()), Missing::Refuse, settings))?;
    let now = runtime.block_on(store.clock()).map_err(unanswered)?.now();
    let (accounts, sessions) = runtime.block_on(store.load_directory(now)).map_err(unanswered)?.contents();
    // A load has the sessions of one account side by side. As they began they are scattered, as they are after a day.
    let directory = Directory::new(&zone, now, accounts, sessions);
    let sql = runtime.block_on(SqliteConnection::connect(&format!("sqlite://{path}?mode=ro")))?;
    let mut bench = Bench { directory, now, runtime, sql };

    let middle = bench.users() / 2;
    bench.ask("P1 first window", &NONE, "-created", 0)?;
    for filter in &FILTERS {
        bench.ask(&format!("P2 filter: {}", filter.name), filter, "-created", 0)?;
    }
    for sort in SORTS {
        bench.ask(&format!("P3 order {sort}, window in the middle"), &NONE, sort, middle)?;
    }
    bench.ask_amid_changes()
}

fn unanswered(error: StoreError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

struct Bench {
    directory: Directory,
    /// UTC milliseconds.
    now: i64,
    runtime: Runtime,
    sql: SqliteConnection,
}

impl Bench {
    fn users(&self) -> u32 {
        self.directory.window(&Query::default(), &Selection::default(), self.now, AccountId(0), Part::new(0, 1)).all.users
    }

    fn ask(&mut self, name: &str, filter: &Filter, sort: &str, offset: u32) -> Result<()> {
        let sort = Sort::try_from(sort.to_owned()).map_err(anyhow::Error::msg)?;
        let query = Query { filters: filter.typed.map(str::to_owned), sort };
        let ours = Times::of(WARM_UP, TURNS, Duration::MAX, || {
            black_box(self.directory.window(&query, &Selection::default(), self.now, AccountId(0), Part::new(offset, WINDOW)));
            Ok(())
        })?;
        let [rows, totals] = statements(filter, sort, offset);
        let theirs = Times::of(0, SQL_TURNS, SQL_AT_MOST, || {
            self.runtime.block_on(async {
                black_box(sqlx::query(AssertSqlSafe(&*rows)).fetch_all(&mut self.sql).await?);
                black_box(sqlx::query(AssertSqlSafe(&*totals)).fetch_all(&mut self.sql).await?);
                Ok(())
            })
        })?;
        println!("{name}\t{}\t{}", ours.spread(), theirs.at(50));
        Ok(())
    }
}

/// A change of the list, a thousand times a second: somebody logs in, somebody else leaves.
fn changes(number: i64, now: i64) -> [Change; 2] {
    // Ids beyond those of the file.
    let session = |number: i64| SessionId((1 << 40) + number);
    let start = SessionEntry { id: session(number), account: AccountId(number % 5_000 + 1), created_at: now + number };
    [Change::Started(start), Change::Ended(vec![session(number - 2_000)])]
}

impl Bench {
    /// Every filter, every order, and a pasted list of 500 names.
    fn questions(&self, middle: u32) -> Result<Vec<(String, Query, u32)>> {
        let filtered = |filters: [&str; 5]| Query { filters: filters.map(str::to_owned), ..Query::default() };
        let mut questions = vec![("P1 first window".to_owned(), Query::default(), 0)];
        questions.extend(FILTERS.map(|filter| (filter.name.to_owned(), filtered(filter.typed), 0)));
        for order in SORTS {
            let sort = Sort::try_from(order.to_owned()).map_err(anyhow::Error::msg)?;
            questions.push((format!("P3 order {order}, window in the middle"), Query { sort, ..Query::default() }, middle));
        }
        let rows = (0..500).step_by(100).flat_map(|place| {
            let offset = middle / 500 * place;
            self.directory.window(&Query::default(), &Selection::default(), self.now, AccountId(0), Part::new(offset, 100)).rows
        });
        let names: Vec<_> = rows.map(|row| row.user_name.text).collect();
        let list = pasted::list(&names.join("\n")).context("a list")?;
        anyhow::ensure!(list.taken == 500, "{} names", list.taken);
        questions.push(("a pasted list of 500 names".to_owned(), filtered([&list.filter, "", "", "", ""]), 0));
        Ok(questions)
    }

    /// The same questions while the directory follows a thousand changes a second, ten at a time, as the feed applies them; with every
    /// fifth batch somebody is renamed.
    fn ask_amid_changes(self) -> Result<()> {
        let middle = self.users() / 2;
        let questions = self.questions(middle)?;
        let (directory, now, stop) = (RwLock::new(self.directory), self.now, AtomicBool::new(false));
        thread::scope(|scope| {
            let following = scope.spawn(|| {
                let (mut number, mut with_name) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let mut news: Vec<_> = (number..number + 5).flat_map(|number| changes(number, now)).collect();
                    let mut directory = directory.write().expect("no panic");
                    let renamed = (number % 25 == 0).then(|| directory.account(AccountId(number % 5_000 + 1))).flatten();
                    let is_renamed = renamed.is_some();
                    news.extend(renamed.map(|entry| Change::Account(AccountEntry { last_name: format!("Renamed {number}"), ..entry })));
                    let applies = Instant::now();
                    directory.apply(&news, now);
                    drop(directory);
                    if is_renamed {
                        with_name.push(milliseconds(applies));
                    }
                    number += 5;
                    thread::sleep(Duration::from_millis(10).saturating_sub(began.elapsed()));
                }
                Times::from(with_name)
            });
            let asked = questions.into_iter().try_for_each(|(what, query, offset)| {
                let ours = Times::of(WARM_UP, TURNS, Duration::MAX, || {
                    let directory = directory.read().expect("no panic");
                    black_box(directory.window(&query, &Selection::default(), now, AccountId(0), Part::new(offset, WINDOW)));
                    Ok(())
                })?;
                println!("Amid 1,000 changes a second: {what}\t{}\t–", ours.spread());
                Ok(())
            });
            stop.store(true, Ordering::Relaxed);
            let with_name = following.join().expect("no panic");
            println!("A batch of changes with a renamed account\t{}\t–", with_name.spread());
            asked
        })
    }
}

/// The window, and the exact totals.
fn statements(filter: &Filter, sort: Sort, offset: u32) -> [String; 2] {
    let listed = format!(
        "select accounts.id, user_name, last_name, first_name, max(sessions.created_at) as created, count(*) as count
        from accounts join sessions on sessions.account_id = accounts.id
        where sessions.ended_at is null and {}
        group by accounts.id having {}",
        filter.rows, filter.groups
    );
    let (column, direction) = (sort.column.key(), if sort.descending { "desc" } else { "asc" });
    [
        format!("{listed} order by {column} {direction} limit {WINDOW} offset {offset}"),
        format!("select count(*), sum(count) from ({listed})"),
    ]
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// How long each turn took, in milliseconds, ascending.
struct Times(Vec<f64>);

impl Times {
    /// No further turn begins after `at_most`.
    fn of(warm_up: usize, turns: usize, at_most: Duration, mut ask: impl FnMut() -> Result<()>) -> Result<Self> {
        (0..warm_up).try_for_each(|_| ask())?;
        let mut times = Vec::with_capacity(turns);
        let first = Instant::now();
        while times.len() < turns && (times.is_empty() || first.elapsed() < at_most) {
            let began = Instant::now();
            ask()?;
            times.push(milliseconds(began));
        }
        Ok(Self::from(times))
    }

    fn from(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    fn spread(&self) -> String {
        format!("{} · {} · {} ({}–{})", self.at(50), self.at(95), self.at(99), self.at(0), self.at(100))
    }

    /// A percentile as shown.
    fn at(&self, percent: usize) -> String {
        match self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)] {
            time @ ..0.1 => format!("{time:.3}"),
            time @ ..1.0 => format!("{time:.2}"),
            time @ ..10.0 => format!("{time:.1}"),
            time => format!("{time:.0}"),
        }
    }
}
