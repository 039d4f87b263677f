//! The arguments of `sweep`.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};

use super::class::{CallPlace, FaultClass, FaultMode};
use crate::cli::check::ReportFormat;
use crate::clock::parse_duration;
use crate::config::{Flag, flags};

/// Settings that a sweep chooses itself, or that have no effect on it.
const OWN_SETTINGS: &[&str] = &[
    "host",
    "port",
    "port-file",
    "clock",
    "fault",
    "scenario",
    "refuse",
    "allow-overrides",
    "strict-faults",
    "log-format",
    "log-level",
    "exit-with-stdin",
    "export-on-exit",
];

/// The settings that `sweep` takes: those that say how the service behaves.
pub(in crate::cli) static SETTINGS: LazyLock<Vec<&'static Flag>> =
    LazyLock::new(|| flags().filter(|flag| !OWN_SETTINGS.contains(&flag.name)).collect());

/// The text of `sweep --help` below the flags.
pub(in crate::cli) const ABOUT: &str = "\
The command runs twice without a fault, and must succeed with the same result. Then it runs once for each fault, each
time with a server of its own on a free port and an auto clock. It gets these variables, and no standard input:
  LLAMA_CLOUD_BASE_URL, LLAMACLOUD_MOCK_URL  the URL of its server
  LLAMA_CLOUD_API_KEY                        llx-exec, or the first --api-key
  NO_PROXY, no_proxy                         their values, with 127.0.0.1 and localhost

Progress goes to standard error, the report to standard output.

Exit codes:
  0         the program survives every fault, or ends with an error where it may
  2         alarms that --accept does not have
  1         the command fails without a fault, or has another result each time; or it was stopped by a signal
  64        as for the server
  126, 127  the command cannot be executed, or was not found

Examples:
  llamacloud-mock sweep -- pytest tests/test_ingest.py
  llamacloud-mock sweep --faults reset-after,status-429 --modes once --dry-run -- npm test

Documentation: docs/sweep.md";

/// The arguments of `sweep`.
#[derive(Debug)]
pub(in crate::cli) struct SweepOptions {
    pub(super) classes: Vec<FaultClass>,
    /// A pattern of the operations to strike; all that are called by default.
    pub(super) only: Option<String>,
    pub(super) calls: Vec<CallPlace>,
    pub(super) modes: Vec<FaultMode>,
    /// The number of runs at once; the number of cores by default.
    pub(super) jobs: Option<u16>,
    /// The time after which a run counts as hung.
    pub(super) timeout: Duration,
    /// How long a request without a response keeps its connection.
    pub(super) hang: Duration,
    pub(super) max_runs: Option<u32>,
    pub(super) is_dry_run: bool,
    /// The file of the known alarms.
    pub(super) accept: Option<PathBuf>,
    pub(super) format: ReportFormat,
    /// The file for the report; standard output by default.
    pub(super) report: Option<PathBuf>,
}

/// The arguments of its own, without the command.
pub(in crate::cli) fn all() -> [Arg; 12] {
    [
        several::<FaultClass>("faults", "CLASS,...", "The classes of faults to try"),
        Arg::new("only")
            .long("only")
            .value_name("OPERATION")
            .help("Strike only these operations, such as indexes.* or writes [default: all that the command calls]"),
        several::<CallPlace>("calls", "first,middle,last", "Which calls of an operation to strike"),
        several::<FaultMode>("modes", "once,persistent", "Whether to strike one call, or all from it on"),
        number("jobs", "Number of runs at once [default: the number of cores]")
            .value_parser(value_parser!(u16).range(1..)),
        duration("timeout", "60s", "Time after which a run is ended, and counts as hung"),
        duration("hang", "3s", "Time after which the connection of a request that hangs is closed"),
        number("max-runs", "Maximum number of runs with a fault, the first of the plan")
            .value_parser(value_parser!(u32).range(1..)),
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Print the plan and an estimate of its time"),
        file("accept", "Accept the alarms in FILE, a report in JSON or a line an alarm; fail on others"),
        Arg::new("format")
            .long("format")
            .value_name("text|json|junit")
            .value_parser(value_parser!(ReportFormat))
            .hide_possible_values(true)
            .default_value("text")
            .help("Format of the report"),
        file("report", "Write the report to FILE [default: standard output]"),
    ]
}

fn several<T: ValueEnum + Send + Sync + 'static>(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    let parser: ValueParser = value_parser!(T).into();
    Arg::new(name).long(name).value_name(value).value_parser(parser).value_delimiter(',').help(help)
}

fn number(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("NUMBER").help(help)
}

fn duration(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    let parser = |text: &str| match parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("is zero; it is a duration over 0".to_owned()),
        parsed => parsed,
    };
    Arg::new(name).long(name).value_name("DURATION").value_parser(parser).default_value(default).help(help)
}

fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

/// The arguments that were given.
pub(in crate::cli) fn options(matches: &ArgMatches) -> SweepOptions {
    SweepOptions {
        classes: chosen(matches, "faults"),
        only: matches.get_one::<String>("only").cloned(),
        calls: chosen(matches, "calls"),
        modes: chosen(matches, "modes"),
        jobs: matches.get_one("jobs").copied(),
        timeout: *matches.get_one("timeout").expect("the argument has a default"),
        hang: *matches.get_one("hang").expect("the argument has a default"),
        max_runs: matches.get_one("max-runs").copied(),
        is_dry_run: matches.get_flag("dry-run"),
        accept: matches.get_one("accept").cloned(),
        format: *matches.get_one("format").expect("the argument has a default"),
        report: matches.get_one("report").cloned(),
    }
}

/// The given values in their own order, without repetitions; all by default.
fn chosen<T: ValueEnum + Ord + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    let given: Vec<T> = matches.get_many::<T>(name).into_iter().flatten().cloned().collect();
    let all = T::value_variants().iter().filter(|value| given.is_empty() || given.contains(value));
    all.cloned().collect()
}

/// An argument that has no effect beside the others, with what is wrong.
pub(in crate::cli) fn without_effect(matches: &ArgMatches) -> Option<String> {
    let is_given = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
    let options = options(matches);
    let unused = ["jobs", "accept", "report", "format"].into_iter().find(|name| options.is_dry_run && is_given(name));
    if let Some(name) = unused {
        return Some(format!("--{name}: has no effect beside --dry-run, which runs no fault"));
    }
    let hangs = options.classes.contains(&FaultClass::Hang);
    if is_given("hang") && !hangs {
        return Some("--hang: has no effect without the class hang in --faults".to_owned());
    }
    if hangs && options.hang >= options.timeout {
        return Some(
            "--hang: is not shorter than --timeout, so that every run of the class hang would count as hung".to_owned(),
        );
    }
    None
}

/// The subcommand without its arguments, which are built when it is parsed.
pub(in crate::cli) fn command() -> Command {
    Command::new("sweep")
        .about("Run a command once for each single fault, and say which of them it does not survive")
        .after_help(ABOUT)
}
