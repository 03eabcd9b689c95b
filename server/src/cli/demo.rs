//! `usm demo`: a database to look at, without anybody's data.

use super::{
    Usage,
    database::{self, said},
    options::{Database, Limits},
    output, password,
};
use crate::{
    auth::password::Password,
    config::Place,
    demo::{
        self,
        chance::Chance,
        district::FEWEST,
        passwords::{self, Named, PARTS},
    },
    store::{Actor, Missing, Settings, SqlStore},
};
use anyhow::{Context as _, bail};
use app::model::text::counted;
use jiff::tz::TimeZone;

#[derive(clap::Args)]
pub struct Args {
    /// Accounts of the district
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(FEWEST)..=1_000_000))]
    accounts: u32,
    /// Active sessions, at most a quarter more than accounts
    #[arg(long, value_name = "M")]
    sessions: u32,
    /// The same seed gives the same people
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    database: Database,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    if args.sessions > args.accounts + args.accounts / 4 {
        return Err(Usage::error("Ask for at most a quarter more sessions than accounts."));
    }
    let place = database::place(&args.database.database_url)?;
    let settings = Settings::new(TimeZone::UTC, args.limits.get());
    let store = SqlStore::open(&place, Missing::Create, settings).await?;
    let filled = fill(&store, &place, &args).await;
    store.close().await;
    filled
}

async fn fill(store: &SqlStore, place: &Place, args: &Args) -> anyhow::Result<()> {
    let now = store.clock().await.map_err(said)?.now();
    let empty = store.size(now).await.map_err(said)?.0 == 0;
    if !empty && !store.is_demo().await.map_err(said)? {
        bail!("{place} holds accounts that are no demo's; name another database with --database-url.");
    }
    store.mark_as_demo().await.map_err(said)?;
    let file = passwords::file(place);
    // Seeded by the time, or each morning the same people would be there.
    let mut chance = Chance::new(if empty { args.seed } else { now.cast_unsigned() });
    if empty || !file.exists() {
        let (text, named) = new_passwords()?;
        if empty {
            demo::create_accounts(store, args.accounts, args.seed, &named, now).await.map_err(said)?;
        } else {
            set_passwords(store, named, now).await?;
        }
        output::write_private(&file, &text)?;
    }
    demo::top_up(store, args.sessions, args.limits.get(), now, &mut chance).await.map_err(said)?;

    let (accounts, sessions) = store.size(now).await.map_err(said)?;
    let (accounts, sessions) = (counted(accounts, "account"), counted(sessions, "active session"));
    output::print(&format!("{accounts}, {sessions} in {place}; passwords in {}\n", file.display()))
}

/// Random passwords, as the file holds them and as the database does.
fn new_passwords() -> anyhow::Result<(String, Vec<Named>)> {
    let passwords = [password::random()?, password::random()?];
    let mut named = Vec::new();
    for ((_, user_name), password) in PARTS.into_iter().zip(&passwords) {
        named.push(Named { user_name, hash: Password::new(password).context("A random password is short")?.hash()? });
    }
    Ok((passwords::text(passwords.each_ref().map(|password| &**password)), named))
}

/// For a demo whose file was lost.
async fn set_passwords(store: &SqlStore, named: Vec<Named>, now: i64) -> anyhow::Result<()> {
    for named in named {
        if let Some(account) = store.find_account(named.user_name).await.map_err(said)? {
            store.set_password(Actor::CommandLine, account, named.hash, now).await.map_err(said)?;
        }
    }
    Ok(())
}
