//! The command line `usm`: what it takes, and how it says that something is wrong.
//!
//! Exit status 0: done. 1: it could not be done. 2: it was asked wrongly. Errors are one sentence on standard error that says what to do.

mod account;
mod check;
mod database;
mod demo;
mod environment;
mod first;
mod options;
mod output;
mod password;
mod serve;
mod session;
mod site;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use std::{ffi::OsString, process::ExitCode};

/// Shows who is signed in, ends their sessions and disables their accounts.
#[derive(clap::Parser)]
#[command(name = "usm", bin_name = "usm", version, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve the User Session Manager
    Serve(serve::Args),
    /// Fill an empty database with a made-up school district, or sign people in again on one that it made
    Demo(demo::Args),
    /// Accounts: create, set-password, grant, enable, disable, list
    #[command(subcommand)]
    Account(account::Command),
    /// Active sessions: list, end
    #[command(subcommand)]
    Session(session::Command),
    /// Check the configuration and the database; an older database is brought up to date first, nothing else is changed
    Check(check::Args),
    /// Print the version
    Version,
}

/// A wrong question rather than a failure: exit status 2.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

impl Usage {
    fn error(sentence: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self(sentence.into()))
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    match run(std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let sentence = crate::config::without_passwords(&format!("{error:#}"));
            eprintln!("usm: {}.", sentence.trim_end_matches('.'));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Vec<OsString>) -> anyhow::Result<()> {
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(help) if matches!(help.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return output::print(&help.render().to_string());
        }
        Err(error) => return Err(Usage::error(sentence(&error, &arguments))),
    };
    environment::refuse_unknown(&Cli::command(), std::env::vars_os().map(|(name, _)| name))?;
    tokio::runtime::Runtime::new().context("The system gives no threads")?.block_on(dispatch(cli.command))
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    // The others say what went wrong themselves.
    output::log_from(if matches!(command, Command::Serve(_)) { "info" } else { "off" });
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Account(command) => account::run(command).await,
        Command::Session(command) => session::run(command).await,
        Command::Check(args) => check::run(args).await,
        Command::Version => output::print(&format!("usm {}\n", env!("CARGO_PKG_VERSION"))),
    }
}

/// What clap says in several paragraphs, as one sentence: its first paragraph, and where to read on.
fn sentence(error: &clap::Error, arguments: &[OsString]) -> String {
    let asked = asked_command(&Cli::command(), arguments);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("Say what to do; `{asked} --help` lists it.");
    }
    let text = error.render().to_string();
    let first = text.trim_start_matches("error: ").lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let mut letters = first.trim_end_matches('.').chars();
    let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
    let first: String = capital.into_iter().chain(letters).collect();
    format!("{first}; `{asked} --help` tells more.")
}

/// `usm account create`: as far as the arguments name commands.
fn asked_command(usm: &clap::Command, arguments: &[OsString]) -> String {
    let mut names = vec!["usm"];
    let mut command = usm;
    for argument in arguments.iter().skip(1) {
        let Some(next) = argument.to_str().and_then(|name| command.find_subcommand(name)) else { break };
        names.push(next.get_name());
        command = next;
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }
}
