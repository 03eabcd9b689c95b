//! `usm account …`: accounts as the operator manages them.

use super::{
    database::{self, said},
    options::{Database, Zone},
    output::{self, printable},
    password,
};
use crate::{
    credentials::Credentials as _,
    show,
    store::{Actor, ListedAccount, NewAccount, SqlStore},
};
use anyhow::Context as _;
use app::model::{
    account::{AccountId, CAN_LOG_IN, NO_PASSWORD},
    plan,
    text::counted,
};
use clap::ValueEnum;
use jiff::tz::TimeZone;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an account; its password is read from standard input
    Create(CreateArgs),
    /// Set a password, read from standard input, and end the account's sessions
    SetPassword(NameArgs),
    /// Give an account a role
    Grant(RoleArgs),
    /// Take a role from an account
    Revoke(RoleArgs),
    /// Let an account log in again
    Enable(NameArgs),
    /// End an account's sessions and keep it from logging in
    Disable(DisableArgs),
    /// List all accounts
    List(ListArgs),
}

#[derive(clap::Args)]
pub struct CreateArgs {
    /// What the person types to log in
    user_name: String,
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    last_name: String,
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    first_name: String,
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    email: String,
    /// Give it the role SIS (Student Information System), which uses the User Session Manager
    #[arg(long)]
    sis: bool,
    /// Read no password: nobody logs in until one is set
    #[arg(long)]
    no_password: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub struct NameArgs {
    user_name: String,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub struct RoleArgs {
    user_name: String,
    /// SIS: Student Information System, the role that uses the User Session Manager
    #[arg(value_enum, ignore_case = true)]
    role: Role,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub struct DisableArgs {
    user_name: String,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    zone: Zone,
}

/// Product security roles.
#[derive(Clone, Copy, ValueEnum)]
enum Role {
    #[value(name = "SIS")]
    Sis,
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create(args).await,
        Command::SetPassword(args) => set_password(args).await,
        Command::Grant(args) => set_role(args, true).await,
        Command::Revoke(args) => set_role(args, false).await,
        Command::Enable(args) => enable(args).await,
        Command::Disable(args) => disable(args).await,
        Command::List(args) => list(args).await,
    }
}

async fn create(args: CreateArgs) -> anyhow::Result<()> {
    database::with(&args.database, TimeZone::UTC, async |store, clock| {
        let password_hash = if args.no_password { None } else { Some(password::read()?.hash()?) };
        let trimmed = |text: &str| text.trim().to_owned();
        let new = NewAccount {
            user_name: trimmed(&args.user_name),
            last_name: trimmed(&args.last_name),
            first_name: trimmed(&args.first_name),
            email: trimmed(&args.email),
            password_hash,
            sis: args.sis,
        };
        let created = format!("Created {}.\n", printable(&new.user_name));
        store.create_account(Actor::CommandLine, new, clock.now()).await.map_err(said)?;
        output::print(&created)
    })
    .await
}

async fn set_password(args: NameArgs) -> anyhow::Result<()> {
    database::with(&args.database, TimeZone::UTC, async |store, clock| {
        let account = find(store, &args.user_name).await?;
        let hash = password::read()?.hash()?;
        let ended = store.set_password(Actor::CommandLine, account, hash, clock.now()).await.map_err(said)?;
        output::print(&format!("Set the password of {}, {} ended.\n", printable(&args.user_name), counted(ended, "session")))
    })
    .await
}

async fn set_role(args: RoleArgs, held: bool) -> anyhow::Result<()> {
    let Role::Sis = args.role;
    database::with(&args.database, TimeZone::UTC, async |store, clock| {
        let account = find(store, &args.user_name).await?;
        let changed = store.set_sis(Actor::CommandLine, account, held, clock.now()).await.map_err(said)?;
        let holds = match (held, changed) {
            (true, true) => "now holds",
            (true, false) => "already holds",
            (false, true) => "no longer holds",
            (false, false) => "does not hold",
        };
        output::print(&format!("{} {holds} the role SIS.\n", printable(&args.user_name)))
    })
    .await
}

async fn enable(args: NameArgs) -> anyhow::Result<()> {
    database::with(&args.database, TimeZone::UTC, async |store, clock| {
        let account = find(store, &args.user_name).await?;
        let enabled = store.enable(Actor::CommandLine, account, "", clock.now()).await.map_err(said)?;
        let password = store.find_password_hash(&args.user_name).await.map_err(said)?;
        let what = match password.is_some_and(|account| account.hash.is_some()) {
            _ if !enabled => "was not disabled",
            true => "can log in again with the same password",
            false => "is enabled again, but has no password set",
        };
        output::print(&format!("{} {what}.\n", printable(&args.user_name)))
    })
    .await
}

async fn disable(args: DisableArgs) -> anyhow::Result<()> {
    let reason = plan::reason(&args.reason).map_err(|error| database::refused(&error))?;
    database::with(&args.database, TimeZone::UTC, async |store, clock| {
        let account = find(store, &args.user_name).await?;
        let ended = store.disable(Actor::CommandLine, account, &reason, clock.now()).await.map_err(said)?;
        output::print(&match ended {
            Some(sessions) => format!("{} is disabled, {} ended.\n", printable(&args.user_name), counted(sessions, "session")),
            None => format!("{} was disabled already.\n", printable(&args.user_name)),
        })
    })
    .await
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let zone = args.zone.get();
    database::with(&args.database, zone.clone(), async |store, clock| {
        let accounts = store.list_accounts(clock.now()).await.map_err(said)?;
        let rows: Vec<_> = accounts.into_iter().map(|account| row(account, &zone)).collect();
        output::print(&output::table(HEADERS, &rows))
    })
    .await
}

const HEADERS: [&str; 7] = ["User Name", "Last Name", "First Name", "Role", "Log-in status", "Last log-in", "Sessions"];

fn row(account: ListedAccount, zone: &TimeZone) -> [String; 7] {
    let status = match account {
        _ if account.disabled => "Disabled",
        _ if !account.has_password => NO_PASSWORD,
        _ => CAN_LOG_IN,
    };
    [
        account.user_name,
        account.last_name,
        account.first_name,
        if account.sis { "SIS".into() } else { String::new() },
        status.into(),
        account.last_sign_in_at.map(|at| show::date_time(at, zone)).unwrap_or_default(),
        account.sessions.to_string(),
    ]
}

async fn find(store: &SqlStore, user_name: &str) -> anyhow::Result<AccountId> {
    let found = store.find_account(user_name).await.map_err(said)?;
    found.with_context(|| format!("There is no account {}; `usm account list` shows all.", printable(user_name)))
}
