//! The subcommands and their arguments, as clap parses them and as `--help` shows them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgGroup, Command, ValueHint, value_parser};

use super::check::arguments::{report, requirements, tenant};
use super::env::Syntax;
use super::exec;
use super::server_address;
use super::sweep;
use crate::clock::parse_duration;
use crate::config::Takes::{Many, Nothing, One, OneOf};
use crate::config::flags::{
    ADMIN_TOKEN, CONFIG, CONTRACT, EXIT_WITH_STDIN, HOST, MAX_BODY_BYTES, PORT, PORT_FILE, SCHEMAS, STRICT_REFERENCES,
    UNKNOWN_VALUE_STATUS,
};
use crate::config::{Flag, GROUPS};
use crate::worker::{self, WorkKind};

/// The settings by which a subcommand finds the server.
pub(super) const SERVER_SETTINGS: &[&Flag] = &[&HOST, &PORT, &PORT_FILE, &ADMIN_TOKEN, &CONFIG];

/// The settings that say where the server is.
pub(super) const ADDRESS_SETTINGS: &[&Flag] = &[&HOST, &PORT, &PORT_FILE];

/// The settings by which a subcommand finds the server without its admin API.
const HEALTH_SETTINGS: &[&Flag] = &[&HOST, &PORT, &PORT_FILE, &CONFIG];

/// The settings on which the response to a payload depends.
const PAYLOAD_SETTINGS: &[&Flag] =
    &[&CONFIG, &SCHEMAS, &STRICT_REFERENCES, &UNKNOWN_VALUE_STATUS, &CONTRACT, &MAX_BODY_BYTES];

/// The prefix of the arguments of `check` in `exec`.
pub(super) const EXEC_PREFIX: &str = "check-";

/// How the usage of `exec` shows its command.
pub(super) const EXEC_COMMAND: &str = "-- COMMAND";

/// The arguments of `exec` about the report of its checks, without the prefix.
pub(super) const REPORT_ARGS: &[&str] = &["tenant", "format", "report"];

/// The text of `exec --help` below the flags.
const ABOUT_EXEC: &str = "\
The command gets these variables, and inherits standard input, output and error:
  LLAMA_CLOUD_BASE_URL  the URL of its server
  LLAMACLOUD_MOCK_URL   the same, for the helpers of test runners
  LLAMA_CLOUD_API_KEY   llx-exec, or the first --api-key
  NO_PROXY, no_proxy    their values, with 127.0.0.1 and localhost, so that no proxy is used for the server

SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are forwarded to the command. When it has ended, the server stops.
Warnings, the log and the report of the checks go to standard error.

Exit codes:
  N           that of the command, if it is not 0; 128 + N if signal N killed it
  2           the command succeeded, but a check failed or could not be judged
  1, 64, 69   as for the server
  126, 127    the command cannot be executed, or was not found

Examples:
  llamacloud-mock exec -- pytest
  llamacloud-mock exec --clock auto --scenario flaky --check-max-attempts 3 --check-no-litter -- npm test

Documentation: docs/testing/cli.md";

/// The text of `env --help` below the flags.
const ABOUT_ENV: &str = "\
The variables are LLAMA_CLOUD_BASE_URL, LLAMA_CLOUD_API_KEY (llx-env, or the first API key of the settings), and
NO_PROXY and no_proxy with the host of the server added. If the server is not healthy, nothing is printed and the exit
code is 1.

Examples:
  eval \"$(llamacloud-mock env)\"
  llamacloud-mock env --shell fish | source
  llamacloud-mock env --shell powershell | Out-String | Invoke-Expression

Documentation: docs/testing/cli.md";

/// The text of `completions --help` below the arguments.
const ABOUT_COMPLETIONS: &str = "\
Examples:
  bash        source <(llamacloud-mock completions bash)
  zsh         source <(llamacloud-mock completions zsh)    after compinit
  fish        llamacloud-mock completions fish | source
  powershell  llamacloud-mock completions powershell | Out-String | Invoke-Expression";

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
  0   success, also after SIGTERM, SIGINT or SIGHUP
  1   failure
  2   a requested check failed: check, exec, sweep, --strict-faults, validate
  64  invalid usage
  69  the port is in use

Documentation: docs/README.md, and docs/settings.md for the settings";

/// The name of the program.
pub(super) const NAME: &str = "llamacloud-mock";

/// The command line of users. The arguments of the subcommands that take every setting are built when such a subcommand
/// is parsed: to build those of one takes 400,000 instructions, a sixth of a start.
pub fn command() -> Command {
    Command::new(NAME)
        .about("An emulator of LlamaCloud's Index API for tests: stateful, strict, deterministic, with injected faults")
        .version(version())
        .args(all_settings())
        .after_help(EXAMPLES)
        .subcommand(
            Command::new("serve").about("Run the server (the default)").defer(|serve| serve.args(all_settings())),
        )
        .subcommand(healthcheck())
        .subcommand(validate())
        .subcommand(
            Command::new("operations")
                .about("List the operations of the API, and which are emulated")
                .after_help("Documentation: docs/emulation.md, and docs/limits-and-unknowns.md for those that are not"),
        )
        .subcommand(
            Command::new("faults")
                .about("Explain the rule language of --fault, with examples")
                .arg(
                    Arg::new("OPERATION")
                        .help("List only the effects that go with this operation, such as indexes.get"),
                )
                .after_help("Documentation: docs/faults.md"),
        )
        .subcommand(scenarios())
        .subcommand(check())
        .subcommand(journal())
        .subcommand(exec())
        .subcommand(sweep())
        .subcommand(env())
        .subcommand(completions())
}

/// The same with the subcommand as which the program starts itself.
pub(super) fn with_internal_worker() -> Command {
    command().subcommand(internal_worker())
}

/// The settings that the subcommand of this name takes; `None` for all.
pub(super) fn settings_of(subcommand: &str) -> Option<&'static [&'static Flag]> {
    match subcommand {
        "healthcheck" | "check" | "journal" => Some(SERVER_SETTINGS),
        "env" => Some(HEALTH_SETTINGS),
        "validate" => Some(PAYLOAD_SETTINGS),
        "sweep" => Some(&sweep::arguments::SETTINGS),
        "serve" | "exec" => None,
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
            Arg::new("flags-of")
                .long("flags-of")
                .conflicts_with("url")
                .value_name("PID")
                .value_parser(value_parser!(u32).range(1..))
                .help(
                    "Use the flags on the command line of this process too, if it is a llamacloud-mock; for containers",
                ),
        )
        .args(which_server(SERVER_SETTINGS))
        .after_help("Example:\n  llamacloud-mock & llamacloud-mock healthcheck --wait 10s --pid $! || exit 1")
}

fn validate() -> Command {
    let file = Arg::new("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf));
    Command::new("validate")
        .about("Print the response to each create-index payload without a server; exit with 2 if one is rejected")
        .arg(file.help("A file with a JSON body; - reads standard input"))
        .args(some_settings("How the server would respond", PAYLOAD_SETTINGS))
        .after_help("Documentation: docs/emulation.md")
}

fn scenarios() -> Command {
    let show = Command::new("show").about("Print one scenario").arg(Arg::new("NAME").required(true));
    Command::new("scenarios")
        .about("List the built-in scenarios")
        .after_help("Documentation: docs/faults.md")
        .subcommand(show)
}

fn check() -> Command {
    let requirements = requirements("");
    let names: Vec<_> = requirements.iter().map(|arg| arg.get_id().clone()).filter(|name| *name != "within").collect();
    Command::new("check")
        .override_usage("llamacloud-mock check <REQUIREMENT>... [OPTIONS]")
        .about(
            "Check what the running server recorded; exit with 2 if a requirement is not met or cannot be judged: the \
             tenant is unknown, no request is recorded, requests have not ended, or were evicted from the journal",
        )
        .args(requirements)
        .group(ArgGroup::new("requirement").args(names).multiple(true).required(true))
        .args(report(""))
        .args(which_server(SERVER_SETTINGS))
        .after_help(
            "Examples:\n  llamacloud-mock check --max-attempts 3 --honour-retry-after --all-rules-struck\n  \
             llamacloud-mock check --expect 'indexes.create when=body:/name=docs count=1' --within 5s\n\n\
             Documentation: docs/verdicts.md",
        )
}

fn journal() -> Command {
    Command::new("journal")
        .about("Print what the running server recorded, a line a request: time, duration, status, operation, faults")
        .arg(Arg::new("follow").long("follow").action(ArgAction::SetTrue).help("Go on with requests that end later"))
        .arg(tenant("", "Print the requests of this tenant only [default: all]"))
        .args(which_server(SERVER_SETTINGS))
        .after_help("Example:\n  llamacloud-mock journal --follow\n\nDocumentation: docs/verdicts.md")
}

fn exec() -> Command {
    Command::new("exec")
        .override_usage(format!("llamacloud-mock exec [OPTIONS] {EXEC_COMMAND} [ARGUMENT]..."))
        .about("Run a command with a server of its own on a free port, and end with the exit code of the command")
        .after_help(ABOUT_EXEC)
        .defer(with_exec_arguments)
}

fn command_to_run() -> Arg {
    Arg::new("COMMAND")
        .required(true)
        .last(true)
        .num_args(1..)
        .value_parser(value_parser!(OsString))
        .value_hint(ValueHint::CommandWithArguments)
        .help("The command and its arguments, after --")
}

fn sweep() -> Command {
    sweep::arguments::command()
        .override_usage(format!("llamacloud-mock sweep [OPTIONS] {EXEC_COMMAND} [ARGUMENT]..."))
        .defer(|sweep| {
            let settings = some_settings("The service", &sweep::arguments::SETTINGS);
            sweep.arg(command_to_run()).args(sweep::arguments::all()).args(settings)
        })
}

fn with_exec_arguments(exec: Command) -> Command {
    exec.arg(command_to_run())
        .args(requirements(EXEC_PREFIX))
        .args(report(EXEC_PREFIX))
        .arg(
            Arg::new("check-report")
                .long("check-report")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write the report of the checks to FILE [default: standard error]"),
        )
        .arg(
            Arg::new("dump").long("dump").value_name("FOLDER").value_parser(value_parser!(PathBuf)).help(
                "Write state.json, journal.json, journal.har and world.json to FOLDER when the command has ended",
            ),
        )
        .args(GROUPS.iter().flat_map(|group| {
            // `exec` stops with its command, and standard input is that of the command.
            let flags = group.flags.iter().filter(|flag| ***flag != EXIT_WITH_STDIN);
            flags.map(|flag| {
                let replaced = exec::DEFAULTS.iter().find(|(other, _)| other == flag).map(|(_, value)| *value);
                setting_with_default(flag, replaced.or(flag.default)).help_heading(group.heading)
            })
        }))
}

fn env() -> Command {
    let shells = PossibleValuesParser::new(Syntax::ALL.map(|(name, _)| name)).map(|name| {
        let named = Syntax::ALL.into_iter().find(|(known, _)| *known == name);
        named.map_or(Syntax::Sh, |(_, shell)| shell)
    });
    Command::new("env")
        .about("Print the lines with which a shell exports the URL of a running server and a key")
        .arg(
            Arg::new("shell")
                .long("shell")
                .value_name("sh|fish|powershell")
                .value_parser(shells)
                .hide_possible_values(true)
                .help("The shell that reads the lines; sh is for bash, zsh and fish too [default: sh]"),
        )
        .args(which_server(HEALTH_SETTINGS))
        .after_help(ABOUT_ENV)
}

fn completions() -> Command {
    Command::new("completions")
        .about("Print the script with which a shell completes the arguments of this program")
        .arg(Arg::new("SHELL").required(true).value_parser(value_parser!(clap_complete::Shell)).help("The shell"))
        .after_help(ABOUT_COMPLETIONS)
}

/// The subcommand as which the program starts itself; nobody else uses it.
fn internal_worker() -> Command {
    let kinds = PossibleValuesParser::new(WorkKind::ALL.iter().map(|kind| kind.name()));
    Command::new(worker::SUBCOMMAND).hide(true).arg(Arg::new("KIND").required(true).value_parser(kinds))
}

fn all_settings() -> impl Iterator<Item = Arg> {
    GROUPS.iter().flat_map(|group| group.flags.iter().map(|flag| setting(flag).help_heading(group.heading)))
}

/// The arguments by which a subcommand finds a running server.
fn which_server(settings: &[&'static Flag]) -> Vec<Arg> {
    let heading = "Which server to ask";
    let url = Arg::new("url")
        .long("url")
        .value_name("URL")
        .value_parser(server_address::authority_of)
        .help_heading(heading)
        .help("URL of the server [default: that of the settings]");
    [vec![url], some_settings(heading, settings)].concat()
}

fn some_settings(heading: &'static str, flags: &[&'static Flag]) -> Vec<Arg> {
    flags.iter().map(|flag| setting(flag).help_heading(heading)).collect()
}

fn setting(flag: &'static Flag) -> Arg {
    setting_with_default(flag, flag.default)
}

fn setting_with_default(flag: &'static Flag, default: Option<&str>) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(help(flag, default));
    match flag.takes {
        Nothing => arg.action(ArgAction::SetTrue),
        One(value) => arg.value_name(value).value_parser(ValueParser::string()).value_hint(hint(value)),
        OneOf(values) => arg.value_name(values.join("|")).value_parser(ValueParser::string()),
        Many(value) => arg.value_name(value).value_parser(ValueParser::string()).action(ArgAction::Append),
    }
}

/// What a shell completes for a value with this placeholder.
fn hint(placeholder: &str) -> ValueHint {
    match placeholder {
        "FILE" => ValueHint::FilePath,
        "DIR" => ValueHint::DirPath,
        _ => ValueHint::Other,
    }
}

fn help(flag: &Flag, default: Option<&str>) -> String {
    let default = default.map_or_else(String::new, |default| format!(" [default: {default}]"));
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
