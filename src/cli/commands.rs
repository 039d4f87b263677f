//! The subcommands and their arguments, as clap parses them and as `--help` shows them.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use crate::clock::parse_duration;
use crate::config::Takes::{Many, Nothing, One, OneOf};
use crate::config::{Flag, GROUPS, flag_named};
use crate::worker::{self, Kind};

/// The settings by which a subcommand finds the server.
pub(super) const OF_THE_SERVER: &[&str] = &["host", "port", "port-file", "admin-token", "config"];

/// The settings on which the response to a payload depends.
const OF_PAYLOADS: &[&str] =
    &["config", "schemas", "strict-references", "unknown-value-status", "contract", "max-body-bytes"];

/// The text of `--help` below the flags.
const EXAMPLES: &str = "\
Examples:
  llamacloud-mock
  llamacloud-mock --port 0 --clock auto --fault 'indexes.create status=429 first=3'
  LLAMACLOUD_MOCK_SCENARIO=outage llamacloud-mock

  A client uses it with LLAMA_CLOUD_BASE_URL=http://127.0.0.1:4010 and any LLAMA_CLOUD_API_KEY.

Settings: a flag, then its environment variable, then the settings file, then the default. Repeatable ones are separated
by newlines in the environment and are arrays in the file. Durations: 10ms, 2s, 1m30s. Sizes: 65536, 1MB, 64KiB.

Exit codes:
  0   success, also after SIGTERM or SIGINT
  1   failure
  2   a requested check failed: check, --strict-faults, validate
  64  invalid usage
  69  the port is in use";

/// The whole command line.
pub(super) fn command() -> Command {
    Command::new("llamacloud-mock")
        .about("An emulator of LlamaCloud's Index API for tests: stateful, strict, deterministic, with injected faults")
        .version(version())
        .args(all_settings())
        .after_help(EXAMPLES)
        .subcommand(Command::new("serve").about("Run the server (the default)").args(all_settings()))
        .subcommand(healthcheck())
        .subcommand(validate())
        .subcommand(Command::new("operations").about("List the operations of the API, and which are emulated"))
        .subcommand(Command::new("faults").about("Explain the rule language of --fault, with examples"))
        .subcommand(scenarios())
        .subcommand(check())
        .subcommand(internal_worker())
}

/// The settings that the subcommand of this name takes; `None` for all.
pub(super) fn settings_of(subcommand: &str) -> Option<&'static [&'static str]> {
    match subcommand {
        "healthcheck" | "check" => Some(OF_THE_SERVER),
        "validate" => Some(OF_PAYLOADS),
        "serve" => None,
        _ => Some(&[]),
    }
}

fn healthcheck() -> Command {
    Command::new("healthcheck")
        .about("Check that the server of these settings is healthy: exit with 0 if it is, else with 1")
        .arg(
            Arg::new("wait")
                .long("wait")
                .value_name("DURATION")
                .value_parser(|text: &str| parse_duration(text))
                .help("Wait up to this time until it is healthy"),
        )
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_name("PID")
                .value_parser(value_parser!(u32).range(1..))
                .help("Require that the server is this process, and stop waiting when it has ended"),
        )
        .arg(
            Arg::new("flags-of").long("flags-of").value_name("PID").value_parser(value_parser!(u32).range(1..)).help(
                "Use the flags on the command line of this process too, if it is a llamacloud-mock; for containers",
            ),
        )
        .args(some_settings("Which server to ask", OF_THE_SERVER))
        .after_help("Example:\n  llamacloud-mock & llamacloud-mock healthcheck --wait 10s --pid $! || exit 1")
}

fn validate() -> Command {
    let file = Arg::new("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf));
    Command::new("validate")
        .about("Print the response to each create-index payload without a server; exit with 2 if one is rejected")
        .arg(file.help("A file with a JSON body; - reads standard input"))
        .args(some_settings("How the server would respond", OF_PAYLOADS))
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
        .override_usage("llamacloud-mock check <EXPECTATION>... [OPTIONS]")
        .about(
            "Check what the running server recorded; exit with 2 if an expectation is not met or cannot be judged: the \
             tenant is unknown, no request is recorded, or requests were evicted from the journal",
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
        .args(some_settings("Which server to ask", OF_THE_SERVER))
        .after_help("Example:\n  llamacloud-mock check --max-attempts 3 --honour-retry-after --all-rules-struck")
}

/// The subcommand as which the program starts itself; nobody else uses it.
fn internal_worker() -> Command {
    let kinds = PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.name()));
    Command::new(worker::SUBCOMMAND).hide(true).arg(Arg::new("KIND").required(true).value_parser(kinds))
}

fn all_settings() -> impl Iterator<Item = Arg> {
    GROUPS.iter().flat_map(|group| group.flags.iter().map(|flag| setting(flag).help_heading(group.heading)))
}

fn some_settings(heading: &'static str, names: &[&str]) -> Vec<Arg> {
    names.iter().filter_map(|name| flag_named(name)).map(|flag| setting(flag).help_heading(heading)).collect()
}

fn setting(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(help(flag));
    match flag.takes {
        Nothing => arg.action(ArgAction::SetTrue),
        One(value) => arg.value_name(value).value_parser(ValueParser::string()),
        OneOf(values) => arg.value_name(values.join("|")).value_parser(ValueParser::string()),
        Many(value) => arg.value_name(value).value_parser(ValueParser::string()).action(ArgAction::Append),
    }
}

fn help(flag: &Flag) -> String {
    let default = flag.default.map_or_else(String::new, |default| format!(" [default: {default}]"));
    // On a line of its own, so that it is not wrapped between its words, and can be searched for and copied.
    format!("{}{default}\n[env: {}]", flag.help, flag.variable())
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
