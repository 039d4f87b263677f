//! The subcommand `completions`: prints the script with which a shell completes the arguments of this program.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;

use super::commands;
use crate::config::Takes::OneOf;
use crate::config::flag_named;

/// The script for a shell.
pub(super) fn script(shell: Shell) -> String {
    let (mut command, mut script) = (commands::command(), Vec::new());
    // It adds the arguments that are otherwise built when a subcommand is parsed.
    command.build();
    clap_complete::generate(shell, &mut completed(command), commands::NAME, &mut script);
    // In bash, clap_complete 4.6 completes nothing after a subcommand if the name of the program has a hyphen: it
    // writes the name of the same state in two ways (clap issue 6421).
    String::from_utf8_lossy(&script).replace("llamacloud__subcmd__mock", "llamacloud__mock")
}

/// A command with the values of its settings, which are otherwise checked in `config`.
fn completed(command: Command) -> Command {
    command.mut_args(with_values).mut_subcommands(completed)
}

fn with_values(arg: Arg) -> Arg {
    match flag_named(arg.get_id().as_str()).map(|flag| flag.takes) {
        Some(OneOf(values)) => arg.value_parser(PossibleValuesParser::new(values)),
        _ => arg,
    }
}
