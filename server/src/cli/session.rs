//! `usm session …`: who is signed in, and out with them.

use super::{
    Usage,
    database::{self, said},
    options::{Database, Zone},
    output,
};
use crate::{
    clock::Clock,
    directory::Directory,
    store::{Actor, SqlStore},
};
use app::model::{
    account::AccountId,
    filter::{self, wall::Wall},
    plan,
    query::{Column, Query},
    selection::Selection,
    session::{Row, WINDOW_ROWS, Window},
    text::{counted, thousands},
};
use clap::ValueEnum;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List who is signed in
    List(ListArgs),
    /// End sessions; who is signed in again afterwards has logged in again
    End(EndArgs),
}

/// The filters of the Session List, in its language: `^lab` begins with, `=nate` is, `!` negates, `|` means or.
#[derive(clap::Args)]
struct Filters {
    /// Only user names that match: part of it, ^beginning, =whole, !not, one|other
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    user_name: String,
    /// Only last names that match
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    last_name: String,
    /// Only first names that match
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    first_name: String,
    /// Only who has a session from then: '<6am', 'last 2h', '03/09/2022 09'
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    created: String,
    /// Only who has so many sessions: 3, '>1', 2-5
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    count: String,
}

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    zone: Zone,
}

#[derive(clap::Args)]
pub struct EndArgs {
    #[command(flatten)]
    filters: Filters,
    /// Everybody: instead of filters
    #[arg(long)]
    all: bool,
    /// Leave out who holds this role
    #[arg(long, value_name = "ROLE", value_enum, ignore_case = true, default_value = "SIS")]
    except_role: ExceptRole,
    /// Only say whose sessions would end
    #[arg(long)]
    dry_run: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    zone: Zone,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExceptRole {
    #[value(name = "SIS")]
    Sis,
    #[value(name = "none")]
    None,
}

impl Filters {
    fn query(self) -> anyhow::Result<Query> {
        let filters = [self.user_name, self.last_name, self.first_name, self.created, self.count];
        Query { filters, ..Query::default() }.checked().map_err(Usage::error)
    }
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args).await,
        Command::End(args) => end(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let query = args.filters.query()?;
    database::with(&args.database, args.zone.get(), async |store, clock| {
        let (directory, now) = load(store, clock).await?;
        let listed = Listed::of(&directory, &query, now);
        output::print(&format!("{}{}{}\n", listed.understood(), listed.table(), listed.totals(&query)))
    })
    .await
}

async fn end(args: EndArgs) -> anyhow::Result<()> {
    let query = args.filters.query()?;
    match (query.active_filters(), args.all) {
        (0, false) => return Err(Usage::error("Say whose sessions: by a filter such as --user-name '^lab', or everybody's by --all.")),
        (1.., true) => return Err(Usage::error("Filters and --all exclude each other; leave one out.")),
        (1.., false) if leave_nobody_out(&query, &args.zone) => {
            return Err(Usage::error("These filters leave nobody out; give one such as --user-name '^lab', or say --all instead."));
        }
        _ => {}
    }
    let reason = plan::reason(&args.reason).map_err(|error| database::refused(&error))?;
    database::with(&args.database, args.zone.get(), async |store, clock| {
        let (directory, now) = load(store, clock).await?;
        let mut listed = Listed::of(&directory, &query, now);
        let spared = |row: &mut Row| args.except_role == ExceptRole::Sis && directory.account(row.id).is_some_and(|account| account.sis);
        let left_out: Vec<_> = listed.rows.extract_if(.., spared).map(|row| row.user_name.text).collect();
        let mut said_last = String::new();
        if !left_out.is_empty() {
            said_last = format!("Left out, because they hold the role SIS: {}.\n", output::printable(&left_out.join(", ")));
        }
        if args.dry_run {
            return output::print(&format!("{}{}{said_last}Nothing was ended: this was a dry run.\n", listed.understood(), listed.table()));
        }
        let accounts = listed.rows.iter().map(|row| row.id).collect();
        let ended = store.end_accounts(Actor::CommandLine, accounts, &reason, clock.now()).await.map_err(said)?;
        output::print(&format!("Ended {} of {}.\n{said_last}", counted(ended.sessions, "session"), counted(ended.users, "user")))
    })
    .await
}

/// An operator with nothing behind it, as an empty variable leaves it, would otherwise end everybody.
fn leave_nobody_out(query: &Query, zone: &Zone) -> bool {
    filter::Filters::new(query, &Wall::new(&zone.get()), Clock::system(0).now()).leave_nobody_out()
}

/// The list as it is now: also time-outs that no running server has written yet.
async fn load(store: &SqlStore, clock: &Clock) -> anyhow::Result<(Directory, i64)> {
    let now = clock.now();
    store.end_timed_out(now).await.map_err(said)?;
    Ok((store.load_directory(now).await.map_err(said)?, now))
}

/// Everybody who matches.
struct Listed {
    rows: Vec<Row>,
    last: Window,
}

impl Listed {
    fn of(directory: &Directory, query: &Query, now: i64) -> Self {
        let mut rows = Vec::new();
        for offset in (0..).step_by(WINDOW_ROWS as usize) {
            let mut window = directory.window(query, &Selection::default(), now, AccountId(0), offset, WINDOW_ROWS);
            rows.append(&mut window.rows);
            if offset.saturating_add(WINDOW_ROWS) >= window.matching.users {
                return Self { rows, last: window };
            }
        }
        unreachable!("a list has an end")
    }

    /// What the filters were understood to mean, where that is not plain.
    fn understood(&self) -> String {
        let meanings = Column::ALL.into_iter().zip(&self.last.understood);
        meanings.filter_map(|(column, meaning)| Some(format!("{}: {}\n", column.title(), output::printable(meaning.as_ref()?)))).collect()
    }

    fn table(&self) -> String {
        let cells = |row: &Row| [&row.user_name, &row.last_name, &row.first_name, &row.created].map(|cell| cell.text.clone());
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let [user_name, last_name, first_name, created] = cells(row);
                [user_name, last_name, first_name, created, row.count.to_string()]
            })
            .collect();
        output::table(Column::ALL.map(Column::title), &rows)
    }

    /// `12 of 2,041 users · 15 sessions`
    fn totals(&self, query: &Query) -> String {
        let (matching, all) = (self.last.matching, self.last.all);
        let of = if query.active_filters() == 0 { String::new() } else { format!("{} of ", thousands(matching.users)) };
        format!("{of}{} · {}", counted(all.users, "user"), counted(matching.sessions, "session"))
    }
}
