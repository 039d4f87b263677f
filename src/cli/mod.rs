//! The command line exactly as typed: the table of flags, the subcommands, and nothing checked yet. What a flag's text
//! means is `config`'s business.

pub mod check;
pub mod client;
pub mod healthcheck;
pub mod run;
pub mod validate;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::Takes::{Many, Nothing, One, OneOf};
use crate::config::{FLAGS, Flag};

/// What the program is to do.
#[derive(Debug)]
pub enum Action {
    /// Serve until told to stop.
    Serve,
    /// Ask a running server whether it is well.
    Healthcheck,
    /// Say of create-index payloads what the service would answer.
    Validate(Vec<PathBuf>),
    /// List the scenarios that ship with the program.
    Scenarios,
    /// Print one of them.
    ShowScenario(String),
    /// Ask a running server whether its clients' retries hold.
    Check(Expectations),
}

/// What `check` asks of the retries that a server saw.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// No chain of retries is longer.
    pub max_attempts: Option<u32>,
    /// Every promised wait was kept.
    pub honour_retry_after: Option<Asked>,
    /// No lost answer led to a second write.
    pub no_duplicate_writes: Option<Asked>,
    /// Only this tenant, by key or label.
    pub tenant: Option<String>,
}

/// Says that something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked;

/// A command line, taken apart.
#[derive(Debug)]
pub struct Typed {
    /// What to do.
    pub action: Action,
    /// The flags that were given, each with its values.
    pub flags: Vec<(&'static str, Vec<String>)>,
}

/// Takes a command line apart; clap's error prints itself (`--help` and `--version` are errors to it too).
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Typed, clap::Error> {
    let matches = command().try_get_matches_from(args)?;
    let mut deepest = &matches;
    while let Some((_, inner)) = deepest.subcommand() {
        deepest = inner;
    }
    let flags = FLAGS.iter().filter_map(|flag| Some((flag.name, typed(deepest, flag)?))).collect();
    Ok(Typed { action: action(&matches), flags })
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
        Some(("check", inner)) => Action::Check(expectations(inner)),
        _ => Action::Serve,
    }
}

fn expectations(matches: &ArgMatches) -> Expectations {
    let asked = |name| matches.get_flag(name).then_some(Asked);
    Expectations {
        max_attempts: matches.get_one::<u32>("max-attempts").copied(),
        honour_retry_after: asked("honour-retry-after"),
        no_duplicate_writes: asked("no-duplicate-writes"),
        tenant: matches.get_one::<String>("tenant").cloned(),
    }
}

fn typed(matches: &ArgMatches, flag: &Flag) -> Option<Vec<String>> {
    if flag.takes == Nothing {
        return matches.get_flag(flag.name).then(|| vec!["true".to_owned()]);
    }
    Some(matches.get_many::<String>(flag.name)?.cloned().collect())
}

fn command() -> Command {
    Command::new("llamacloud-mock")
        .about(
            "A stand-in for LlamaCloud's Index API: stateful, strict, deterministic, and as broken as a test needs it",
        )
        .version(version())
        .args(FLAGS.iter().map(arg))
        .args_conflicts_with_subcommands(false)
        .subcommand(Command::new("serve").about("Serve the API (the default)"))
        .subcommand(
            Command::new("healthcheck").about("Exit with 0 when the server of these settings is well, else with 1"),
        )
        .subcommand(validate())
        .subcommand(scenarios())
        .subcommand(check())
}

fn validate() -> Command {
    let file = Arg::new("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf));
    Command::new("validate")
        .about("Say what the service would answer to create-index payloads; exit with 2 if it would refuse one")
        .arg(file)
}

fn scenarios() -> Command {
    let show = Command::new("show").about("Print one scenario").arg(Arg::new("NAME").required(true));
    Command::new("scenarios").about("List the scenarios that ship with the program").subcommand(show)
}

fn check() -> Command {
    let switch = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("check")
        .about("Ask the running server of these settings whether its clients' retries hold; exit with 2 if not")
        .arg(
            Arg::new("max-attempts")
                .long("max-attempts")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..))
                .required_unless_present_any(["honour-retry-after", "no-duplicate-writes"])
                .help("No request is tried more often"),
        )
        .arg(switch("honour-retry-after", "No retry comes before the promised time"))
        .arg(switch("no-duplicate-writes", "No lost answer leads to a second write"))
        .arg(Arg::new("tenant").long("tenant").value_name("KEY|LABEL").help("Pass at this tenant alone"))
}

fn arg(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(help(flag)).global(true);
    match flag.takes {
        Nothing => arg.action(ArgAction::SetTrue),
        One(value) => arg.value_name(value).value_parser(ValueParser::string()),
        OneOf(values) => arg.value_name("WHICH").value_parser(PossibleValuesParser::new(values)),
        Many(value) => arg.value_name(value).value_parser(ValueParser::string()).action(ArgAction::Append),
    }
}

fn help(flag: &Flag) -> String {
    flag.default.map_or_else(|| flag.help.to_owned(), |default| format!("{} [default: {default}]", flag.help))
}

/// The program's version, the contract it follows, and the clients it was checked with.
fn version() -> String {
    format!(
        "{} (contract of {}; checked with {})",
        env!("CARGO_PKG_VERSION"),
        crate::CONTRACT_DATE,
        crate::CHECKED_WITH
    )
}
