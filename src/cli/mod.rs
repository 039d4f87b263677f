//! The command line: parses flags and subcommands. The values of the settings are checked in `config`.

mod check;
mod client;
mod commands;
mod faults;
mod healthcheck;
mod operations;
mod process;
mod ready;
pub(crate) mod run;
mod usage_error;
mod validate;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use self::check::{Expectation, Expectations, Format, SWITCHES};
use self::healthcheck::Healthcheck;
use crate::config::Takes::Nothing;
use crate::config::{Flag, flags};
use crate::worker::{self, Kind};

/// A subcommand with its arguments.
#[derive(Debug)]
enum Action {
    /// Run the server until a signal stops it.
    Serve,
    /// Check that a running server is healthy.
    Healthcheck(Healthcheck),
    /// Print the response to the create-index payloads in these files.
    Validate(Vec<PathBuf>),
    /// List the operations of the API.
    Operations,
    /// Explain the rule language.
    Faults,
    /// List the embedded scenarios.
    Scenarios,
    /// Print the scenario of this name.
    ShowScenario(String),
    /// Check what a running server recorded, and print a report in this format.
    Check(Expectations, Format),
    /// Do this work for the process that started this one.
    Worker(Kind),
}

/// A parsed command line.
#[derive(Debug)]
struct CommandLine {
    /// The subcommand.
    action: Action,
    /// The given settings, each with its values.
    settings: Vec<(&'static str, Vec<String>)>,
}

/// The reason why there is no command line to execute.
#[derive(Debug)]
enum NotParsed {
    /// `--help` or `--version`, which clap prints.
    Help(clap::Error),
    /// The arguments are invalid.
    Usage(String),
}

/// Parses a command line. A setting may be given before or after a subcommand that takes it.
///
/// Errors: invalid arguments, and also `--help` and `--version`.
fn parse(args: impl Iterator<Item = OsString>) -> Result<CommandLine, NotParsed> {
    let matches = commands::command().try_get_matches_from(args).map_err(|error| {
        if error.use_stderr() { NotParsed::Usage(usage_error::text(&error)) } else { NotParsed::Help(error) }
    })?;
    let mut settings = given(&matches);
    if let Some((subcommand, inner)) = matches.subcommand() {
        if let Some(taken) = commands::settings_of(subcommand)
            && let Some((name, _)) = settings.iter().find(|(name, _)| !taken.contains(name))
        {
            return Err(NotParsed::Usage(format!("--{name}: has no effect on the subcommand {subcommand}")));
        }
        let own = given(inner);
        settings.retain(|(name, _)| own.iter().all(|(known, _)| known != name));
        settings.extend(own);
    }
    Ok(CommandLine { action: action(&matches), settings })
}

/// The settings among the arguments of one level.
fn given(matches: &ArgMatches) -> Vec<(&'static str, Vec<String>)> {
    flags().filter_map(|flag| Some((flag.name, values(matches, flag)?))).collect()
}

fn values(matches: &ArgMatches, flag: &Flag) -> Option<Vec<String>> {
    if flag.takes == Nothing {
        let is_given = matches.try_get_one::<bool>(flag.name).ok().flatten().copied().unwrap_or(false);
        return is_given.then(|| vec!["true".to_owned()]);
    }
    Some(matches.try_get_many::<String>(flag.name).ok().flatten()?.cloned().collect())
}

fn action(matches: &ArgMatches) -> Action {
    match matches.subcommand() {
        Some(("healthcheck", inner)) => Action::Healthcheck(Healthcheck {
            wait: inner.get_one::<Duration>("wait").copied(),
            pid: inner.get_one::<u32>("pid").copied(),
            flags_of: inner.get_one::<u32>("flags-of").copied(),
        }),
        Some(("validate", inner)) => {
            Action::Validate(inner.get_many::<PathBuf>("FILE").into_iter().flatten().cloned().collect())
        }
        Some(("operations", _)) => Action::Operations,
        Some(("faults", _)) => Action::Faults,
        Some(("scenarios", inner)) => match inner.subcommand() {
            Some((_, show)) => Action::ShowScenario(show.get_one::<String>("NAME").cloned().unwrap_or_default()),
            None => Action::Scenarios,
        },
        Some((worker::SUBCOMMAND, inner)) => {
            let kind = inner.get_one::<String>("KIND").and_then(|name| Kind::named(name));
            Action::Worker(kind.expect("clap accepts only the names of kinds"))
        }
        Some(("check", inner)) => Action::Check(expectations(inner), format(inner)),
        _ => Action::Serve,
    }
}

fn expectations(matches: &ArgMatches) -> Expectations {
    let max_attempts = matches.get_one::<u32>("max-attempts").map(|max| Expectation::MaxAttempts(*max));
    let switches = SWITCHES.iter().filter(|(_, flag)| matches.get_flag(flag)).map(|(expectation, _)| *expectation);
    Expectations {
        all: max_attempts.into_iter().chain(switches).collect(),
        tenant: matches.get_one::<String>("tenant").cloned(),
    }
}

fn format(matches: &ArgMatches) -> Format {
    match matches.get_one::<String>("format").map(String::as_str) {
        Some("json") => Format::Json,
        Some("junit") => Format::Junit,
        _ => Format::Text,
    }
}
