//! `USM_*` variables: each belongs to an option. A name that belongs to none is a mistake that nobody would see.

use super::Usage;
use clap::Command;
use std::{collections::BTreeSet, ffi::OsString};

/// Refuses the first unknown `USM_*` variable among `names`.
pub fn refuse_unknown(usm: &Command, names: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let known = known(usm);
    let name = |name: OsString| name.to_str().filter(|name| name.starts_with("USM_")).map(str::to_owned);
    match names.filter_map(name).find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            Err(Usage::error(format!("The environment variable {name} is unknown; unset it, or use one of {known}.")))
        }
    }
}

/// The variables of all options of all commands.
fn known(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned));
    command.get_subcommands().flat_map(known).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn a_variable_of_no_option_is_named_in_the_refusal() {
        let check = |name: &str| refuse_unknown(&super::super::Cli::command(), [name.into()].into_iter());
        assert!(check("USM_LISTEN").is_ok());
        assert!(check("PATH").is_ok());
        let refused = check("USM_LISTNE").expect_err("unknown").to_string();
        assert!(refused.contains("USM_LISTNE is unknown") && refused.contains("USM_LISTEN"), "{refused}");
    }
}
