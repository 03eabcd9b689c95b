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
    store::{Actor, Ended, SqlStore},
};
use app::{
    model::{
        account::AccountId,
        filter::{self, wall::Wall},
        plan,
        query::{Column, Query},
        selection::Selection,
        session::{Part, Window},
        text::{counted, thousands},
    },
    store,
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
        output::print(&format!("{}{}{}\n", listed.understood(), listed.table(&directory), listed.totals(&query)))
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
        let holds_sis = |row: &store::Listed| directory.account(row.account).is_some_and(|account| account.sis);
        let spared = |row: &mut store::Listed| args.except_role == ExceptRole::Sis && holds_sis(row);
        let left_out: Vec<_> = listed.rows.extract_if(.., spared).collect();
        let left_out: Vec<_> = texts(&directory, &left_out).map(|[user_name, ..]| user_name).collect();
        let mut said_last = String::new();
        if !left_out.is_empty() {
            said_last = format!("Left out, because they hold the role SIS: {}.\n", output::printable(&left_out.join(", ")));
        }
        if args.dry_run {
            return output::print(&format!(
                "{}{}{said_last}Nothing was ended: this was a dry run.\n",
                listed.understood(),
                listed.table(&directory)
            ));
        }
        let accounts: Vec<_> = listed.rows.iter().map(|row| row.account).collect();
        let ended = store.end_accounts(Actor::CommandLine, accounts, &reason, clock.now()).await.map_err(said)?;
        let Ended { users, sessions, stopped } = ended;
        output::print(&format!("Ended {} of {}.\n{said_last}", counted(sessions, "session"), counted(users, "user")))?;
        stopped.map_or(Ok(()), |error| Err(said(error).context("The rest was not ended; run the command again")))
    })
    .await
}

/// An operator with nothing behind it, as an empty variable leaves it, would otherwise end everybody.
fn leave_nobody_out(query: &Query, zone: &Zone) -> bool {
    filter::Filters::new(query, &Wall::new(&zone.get()), Clock::system(0).now()).leave_nobody_out()
}

/// The list as it is now: without those who have timed out, also where no running server has written that yet.
async fn load(store: &SqlStore, clock: &Clock) -> anyhow::Result<(Directory, i64)> {
    let now = clock.now();
    Ok((store.load_directory(now).await.map_err(said)?, now))
}

/// Everybody who matches, in the list's order.
struct Listed {
    rows: Vec<store::Listed>,
    /// The list without its rows.
    about: Window,
}

/// The columns of rows as shown.
fn texts<'a>(directory: &'a Directory, rows: &'a [store::Listed]) -> impl Iterator<Item = [String; 5]> + 'a {
    rows.iter().filter_map(|row| directory.export_texts(row))
}

impl Listed {
    fn of(directory: &Directory, query: &Query, now: i64) -> Self {
        let about = directory.window(query, &Selection::default(), now, AccountId(0), Part::default());
        Self { rows: directory.listed(query, now), about }
    }

    /// What the filters were understood to mean, where that is not plain.
    fn understood(&self) -> String {
        let meanings = Column::ALL.into_iter().zip(&self.about.understood);
        meanings.filter_map(|(column, meaning)| Some(format!("{}: {}\n", column.title(), output::printable(meaning.as_ref()?)))).collect()
    }

    fn table(&self, directory: &Directory) -> String {
        output::table(Column::ALL.map(Column::title), &texts(directory, &self.rows).collect::<Vec<_>>())
    }

    /// `12 of 2,041 users · 15 sessions`
    fn totals(&self, query: &Query) -> String {
        let (matching, all) = (self.about.matching, self.about.all);
        let of = if query.active_filters() == 0 { String::new() } else { format!("{} of ", thousands(matching.users)) };
        format!("{of}{} · {}", counted(all.users, "user"), counted(matching.sessions, "session"))
    }
}
