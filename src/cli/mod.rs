//! The command line: parses flags and subcommands. The values of the settings are checked in `config`.

mod check;
mod child_signals;
mod client;
mod client_variables;
pub(crate) mod commands;
mod completions;
mod env;
mod exec;
mod exit;
mod files;
mod healthcheck;
mod journal;
mod operations;
mod process;
mod ready;
pub(crate) mod run;
mod scenarios;
mod serve;
mod server_address;
mod stdin;
mod stop;
mod sweep;
mod usage_error;
mod validate;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};
use clap_complete::Shell;
use serde_json::Value;

use self::check::{ReportFormat, Requirements};
use self::commands::EXEC_PREFIX;
use self::env::{Env, Syntax};
use self::exec::Exec;
use self::healthcheck::Healthcheck;
use self::journal::JournalQuery;
use self::sweep::Sweep;
use crate::config::Takes::Nothing;
use crate::config::{Flag, flags};
use crate::worker::{self, WorkKind};

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
    /// Explain the rule language, or list the effects that go with an operation.
    Faults(Option<String>),
    /// List the embedded scenarios.
    Scenarios,
    /// Print the scenario of this name.
    ShowScenario(String),
    /// Check what a running server recorded, and print a report in this format.
    Check(Requirements, ReportFormat),
    /// Print what a running server recorded.
    Journal(JournalQuery),
    /// Print the variables for a running server.
    Env(Env),
    /// Print the completion script for a shell.
    Completions(Shell),
    /// Run a command with a server of its own.
    Exec(Exec),
    /// Run a command once for each fault, and judge what became of it.
    Sweep(Sweep),
    /// Do this work for the process that started this one.
    Worker(WorkKind),
}

/// A parsed command line.
#[derive(Debug)]
struct CommandLine {
    /// The subcommand.
    action: Action,
    /// The given settings, each with its values.
    settings: Vec<(&'static Flag, Vec<String>)>,
    /// Host and port of the server to ask, if `--url` names them.
    url: Option<String>,
}

/// The reason why there is no command line to execute.
#[derive(Debug)]
enum ParseFailure {
    /// `--help` or `--version`, which clap prints.
    Help(clap::Error),
    /// The arguments are invalid.
    Usage(String),
}

/// Parses a command line. A setting may be given before or after a subcommand that takes it.
///
/// Errors: invalid arguments, and also `--help` and `--version`.
fn parse(args: impl Iterator<Item = OsString>) -> Result<CommandLine, ParseFailure> {
    let matches = commands::with_internal_worker().try_get_matches_from(args).map_err(|error| {
        if error.use_stderr() { ParseFailure::Usage(usage_error::text(&error)) } else { ParseFailure::Help(error) }
    })?;
    let mut settings = given(&matches);
    if let Some((subcommand, inner)) = matches.subcommand() {
        if let Some(taken) = commands::settings_of(subcommand)
            && let Some((flag, _)) = settings.iter().find(|(flag, _)| !taken.contains(flag))
        {
            let name = flag.name;
            return Err(ParseFailure::Usage(format!("--{name}: has no effect on the subcommand {subcommand}")));
        }
        let own = given(inner);
        settings.retain(|(flag, _)| own.iter().all(|(known, _)| known != flag));
        settings.extend(own);
    }
    let url = matches.subcommand().and_then(|(_, inner)| inner.try_get_one::<String>("url").ok().flatten().cloned());
    let command_line = CommandLine { action: action(&matches), settings, url };
    match without_effect(&command_line, &matches) {
        Some(problem) => Err(ParseFailure::Usage(problem)),
        None => Ok(command_line),
    }
}

/// An argument that has no effect beside the others.
fn without_effect(command_line: &CommandLine, matches: &ArgMatches) -> Option<String> {
    if command_line.url.is_some() {
        let (flag, _) = command_line.settings.iter().find(|(flag, _)| commands::ADDRESS_SETTINGS.contains(flag))?;
        return Some(format!("--{}: has no effect beside --url; omit one of the two", flag.name));
    }
    match (&command_line.action, matches.subcommand()) {
        (Action::Exec(exec), Some((_, inner))) if exec.required.fields.is_empty() => {
            let mut names = commands::REPORT_ARGS.iter().map(|name| format!("{EXEC_PREFIX}{name}"));
            let name = names.find(|name| inner.value_source(name) == Some(ValueSource::CommandLine))?;
            Some(format!("--{name}: has no effect without a check, such as --check-no-litter"))
        }
        (Action::Sweep(_), Some((_, inner))) => sweep::arguments::without_effect(inner),
        _ => None,
    }
}

/// The settings among the arguments of one level.
fn given(matches: &ArgMatches) -> Vec<(&'static Flag, Vec<String>)> {
    flags().filter_map(|flag| Some((flag, values(matches, flag)?))).collect()
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
        Some(("faults", inner)) => Action::Faults(inner.get_one::<String>("OPERATION").cloned()),
        Some(("scenarios", inner)) => match inner.subcommand() {
            Some((_, show)) => Action::ShowScenario(show.get_one::<String>("NAME").cloned().unwrap_or_default()),
            None => Action::Scenarios,
        },
        Some((worker::SUBCOMMAND, inner)) => {
            let kind = inner.get_one::<String>("KIND").and_then(|name| WorkKind::named(name));
            Action::Worker(kind.expect("clap accepts only the names of kinds"))
        }
        Some(("check", inner)) => Action::Check(requirements(inner, ""), format(inner, "")),
        Some(("journal", inner)) => Action::Journal(JournalQuery {
            follow: inner.get_flag("follow"),
            tenant: inner.get_one::<String>("tenant").cloned(),
        }),
        Some(("env", inner)) => {
            Action::Env(Env { shell: inner.get_one::<Syntax>("shell").copied().unwrap_or(Syntax::Sh) })
        }
        Some(("completions", inner)) => {
            Action::Completions(*inner.get_one("SHELL").expect("clap requires this argument"))
        }
        Some(("exec", inner)) => Action::Exec(Exec {
            command: command(inner),
            required: requirements(inner, EXEC_PREFIX),
            format: format(inner, EXEC_PREFIX),
            report: inner.get_one::<PathBuf>("check-report").cloned(),
            dump: inner.get_one::<PathBuf>("dump").cloned(),
        }),
        Some(("sweep", inner)) => {
            Action::Sweep(Sweep { command: command(inner), options: sweep::arguments::options(inner) })
        }
        _ => Action::Serve,
    }
}

/// The command that a subcommand runs, with its arguments.
fn command(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many::<OsString>("COMMAND").into_iter().flatten().cloned().collect()
}

/// The requirements; `prefix` stands before the names of their arguments.
fn requirements(matches: &ArgMatches, prefix: &str) -> Requirements {
    let named = |name: &str| format!("{prefix}{name}");
    let value = |arg: &Arg| -> Option<Value> {
        let name = named(arg.get_id().as_str());
        match arg.get_action() {
            ArgAction::SetTrue => matches.get_flag(&name).then_some(Value::Bool(true)),
            ArgAction::Append => Some(matches.get_many::<String>(&name)?.cloned().collect()),
            _ => match matches.try_get_one::<u32>(&name) {
                Ok(count) => count.map(|count| (*count).into()),
                Err(_) => matches.get_one::<String>(&name).map(|text| text.as_str().into()),
            },
        }
    };
    let fields = check::arguments::requirements("");
    let fields = fields.iter().filter_map(|arg| Some((arg.get_id().as_str().replace('-', "_"), value(arg)?)));
    Requirements { fields: fields.collect(), tenant: matches.get_one::<String>(&named("tenant")).cloned() }
}

fn format(matches: &ArgMatches, prefix: &str) -> ReportFormat {
    *matches.get_one(&format!("{prefix}format")).expect("the argument has a default")
}
