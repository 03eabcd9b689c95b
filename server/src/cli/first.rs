//! The first administrator: without one nobody could let anybody in.

use super::{database::said, output, password};
use crate::{
    auth::password::Password,
    clock::Clock,
    config::Place,
    store::{Actor, NewAccount, SqlStore},
};
use anyhow::Context as _;
use std::io::IsTerminal as _;

/// Where no enabled SIS holder has a password: creates `admin`, and shows its random password once on a terminal, or else leaves it
/// in the file `first-sign-in` beside the database (in `data` for one on a server), which only its owner reads.
pub async fn ensure_administrator(store: &SqlStore, clock: &Clock, place: &Place) -> anyhow::Result<()> {
    if store.has_administrator().await.map_err(said)? {
        return Ok(());
    }
    let password = password::random()?;
    let hash = Password::new(&password).context("A random password is short")?.hash()?;
    let mut user_name = "admin".to_owned();
    // The name may be taken, by somebody disabled for one.
    for number in 2.. {
        if store.find_account(&user_name).await.map_err(said)?.is_none() {
            break;
        }
        user_name = format!("admin{number}");
    }
    // Another node that started at the same time has perhaps taken it; one that takes it from here on makes this one fail.
    if store.has_administrator().await.map_err(said)? {
        return Ok(());
    }
    let new = NewAccount { user_name: user_name.clone(), password_hash: Some(hash), sis: true, ..NewAccount::default() };
    if let Err(error) = store.create_account(Actor::System, new, clock.now()).await {
        return if store.has_administrator().await.map_err(said)? { Ok(()) } else { Err(said(error)) };
    }
    if std::io::stdout().is_terminal() {
        return output::print(&format!("Log in as {user_name} with the password {password}\nIt is shown this once.\n"));
    }
    let file = place.beside("first-sign-in");
    output::write_private(&file, &format!("{user_name} {password}\n"))?;
    output::print(&format!("The first user name and password are in {}; delete it after the first log-in.\n", file.display()))
}
