//! `usm check`: would `usm serve` start here, and is the database whole?

use super::{
    database::{self, said},
    options::Node,
    output,
};
use crate::config::Place;
use anyhow::bail;
use app::model::text::{count, counted};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: Node,
}

/// Reads, and changes no data: opening brings the tables of an older database up to date, as every command does.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let config = args.node.config(args.node.listen)?;
    let place = database::place(&args.node.database.database_url)?;
    database::with(&args.node.database, config.time_zone.clone(), async |store, clock| {
        if !store.is_whole().await.map_err(said)? {
            bail!("The database {place} is damaged; stop the server and restore a copy.");
        }
        let accounts = store.list_accounts(clock.now()).await.map_err(said)?;
        let users = count(accounts.len());
        let sessions = accounts.iter().map(|account| account.sessions).sum();
        let zone = config.time_zone.iana_name().unwrap_or("the system's");
        // A server sees to its files itself.
        let state = if let Place::File(_) = place { "is whole" } else { "answers" };
        output::print(&format!(
            "The configuration is good: {} on {}, time zone {zone}.\nThe database {place} {state}: {}, {}.\n",
            config.public_url.origin(),
            config.listen,
            counted(users, "account"),
            counted(sessions, "session"),
        ))
    })
    .await
}
