//! The command line: parses flags and subcommands. The values of the flags are checked in `config`.

mod check;
mod client;
mod healthcheck;
pub(crate) mod run;
mod validate;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};

use self::check::{Expectations, Format};
use crate::config::Takes::{Many, Nothing, One, OneOf};
use crate::config::{Flag, flags};

/// A subcommand with its arguments.
#[derive(Debug)]
pub(crate) enum Action {
    /// Run the server until a signal stops it.
    Serve,
    /// Check that a running server is healthy.
    Healthcheck,
    /// Print the response to the create-index payloads in these files.
    Validate(Vec<PathBuf>),
    /// List the embedded scenarios.
    Scenarios,
    /// Print the scenario of this name.
    ShowScenario(String),
    /// Check what a running server recorded, and print a report in this format.
    Check(Expectations, Format),
}

/// A parsed command line.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The subcommand.
    pub(crate) action: Action,
    /// The given flags, each with its values.
    pub(crate) flags: Vec<(&'static str, Vec<String>)>,
}

/// Parses a command line.
///
/// Errors: invalid arguments, and also `--help` and `--version`; printing clap's error prints the text for them.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<CommandLine, clap::Error> {
    let matches = command().try_get_matches_from(args)?;
    let mut deepest = &matches;
    while let Some((_, inner)) = deepest.subcommand() {
        deepest = inner;
    }
    let flags = flags().filter_map(|flag| Some((flag.name, values(deepest, flag)?))).collect();
    Ok(CommandLine { action: action(&matches), flags })
}

fn action(matches: &ArgMatches) -> Action {
    match matches.subcommand() {
        Some(("healthcheck", _)) => Action::Healthcheck,
        Some(("validate", inner)) => {
            Action::Validate(inner.get_many::<PathBuf>("FILE").into_iter().flatten().cloned().collect())
        }
        Some(("scenarios", inner)) => match inner.subcommand() {
            Some((_, show)) => Action::ShowScenario(show.get_one::<String>("NAME").cloned().unwrap_or_default()),
            None => Action::Scenarios,
        },
        Some(("check", inner)) => Action::Check(expectations(inner), format(inner)),
        _ => Action::Serve,
    }
}

fn expectations(matches: &ArgMatches) -> Expectations {
    Expectations {
        max_attempts: matches.get_one::<u32>("max-attempts").copied(),
        honour_retry_after: matches.get_flag("honour-retry-after"),
        no_duplicate_writes: matches.get_flag("no-duplicate-writes"),
        no_needless_retries: matches.get_flag("no-needless-retries"),
        all_rules_struck: matches.get_flag("all-rules-struck"),
        no_litter: matches.get_flag("no-litter"),
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

fn values(matches: &ArgMatches, flag: &Flag) -> Option<Vec<String>> {
    if flag.takes == Nothing {
        return matches.get_flag(flag.name).then(|| vec!["true".to_owned()]);
    }
    Some(matches.get_many::<String>(flag.name)?.cloned().collect())
}

fn command() -> Command {
    Command::new("llamacloud-mock")
        .about("An emulator of LlamaCloud's Index API for tests: stateful, strict, deterministic, with injected faults")
        .version(version())
        .args(flags().map(arg))
        .args_conflicts_with_subcommands(false)
        .subcommand(Command::new("serve").about("Run the server (the default)"))
        .subcommand(
            Command::new("healthcheck")
                .about("Check the server that these settings point at: exit with 0 if it is healthy, else with 1"),
        )
        .subcommand(validate())
        .subcommand(scenarios())
        .subcommand(check())
}

fn validate() -> Command {
    let file = Arg::new("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf));
    Command::new("validate")
        .about("Print the response to each create-index payload without a server; exit with 2 if one is rejected")
        .arg(file)
}

fn scenarios() -> Command {
    let show = Command::new("show").about("Print one scenario").arg(Arg::new("NAME").required(true));
    Command::new("scenarios").about("List the built-in scenarios").subcommand(show)
}

fn check() -> Command {
    let switch = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let expectations = [
        Arg::new("max-attempts")
            .long("max-attempts")
            .value_name("N")
            .value_parser(value_parser!(u32).range(1..))
            .help("Fail if a request was sent more than N times"),
        switch("honour-retry-after", "Fail if a retry was sent before the time in Retry-After"),
        switch("no-duplicate-writes", "Fail if a lost response led to a second write"),
        switch("no-needless-retries", "Fail if a request was retried after a success or a final error"),
        switch("all-rules-struck", "Fail if a fault rule never struck"),
        switch("no-litter", "Fail if a resource was created and not deleted"),
    ];
    let names: Vec<_> = expectations.iter().map(|arg| arg.get_id().clone()).collect();
    Command::new("check")
        .about(
            "Check what the running server recorded; exit with 2 if it breaks an expectation or nothing can be judged",
        )
        .args(expectations)
        .group(ArgGroup::new("expectation").args(names).multiple(true).required(true))
        .arg(Arg::new("tenant").long("tenant").value_name("KEY|LABEL").help("Check only this tenant [default: all]"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("text|json|junit")
                .value_parser(PossibleValuesParser::new(["text", "json", "junit"]))
                .hide_possible_values(true)
                .default_value("text")
                .help("Format of the report"),
        )
}

fn arg(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(help(flag)).global(true);
    match flag.takes {
        Nothing => arg.action(ArgAction::SetTrue),
        One(value) => arg.value_name(value).value_parser(ValueParser::string()),
        OneOf(values) => arg.value_name(values.join("|")).value_parser(ValueParser::string()),
        Many(value) => arg.value_name(value).value_parser(ValueParser::string()).action(ArgAction::Append),
    }
}

fn help(flag: &Flag) -> String {
    flag.default.map_or_else(|| flag.help.to_owned(), |default| format!("{} [default: {default}]", flag.help))
}

/// The text of `--version`: the version, the date of the contract, and the clients that were tested.
fn version() -> String {
    format!(
        "{} (contract of {}; checked with {})",
        env!("CARGO_PKG_VERSION"),
        crate::CONTRACT_DATE,
        crate::CHECKED_WITH
    )
}
