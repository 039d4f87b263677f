//! The command line exactly as typed: the table of flags, the subcommands, and nothing checked yet. What a flag's text
//! means is `config`'s business.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// One setting as users name it.
#[derive(Debug)]
pub struct Flag {
    /// Its name without dashes; in the environment in capitals behind `LLAMACLOUD_MOCK_`.
    pub name: &'static str,
    /// How it takes values.
    pub takes: Takes,
    /// What it is when nobody says.
    pub default: Option<&'static str>,
    /// One sentence for people.
    pub help: &'static str,
}

/// How a flag takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// None: it is said or not.
    Nothing,
    /// One, called so.
    One(&'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Any number of them, each called so.
    Many(&'static str),
}

use Takes::{Many, Nothing, One, OneOf};

const fn flag(name: &'static str, takes: Takes, default: Option<&'static str>, help: &'static str) -> Flag {
    Flag { name, takes, default, help }
}

/// Every setting, in the order in which they are explained.
pub const FLAGS: &[Flag] = &[
    flag("host", One("ADDRESS"), Some("127.0.0.1"), "Address to listen at"),
    flag("port", One("PORT"), Some("4010"), "Port to listen at; 0 takes a free one"),
    flag("port-file", One("FILE"), None, "Write the port's number into FILE once the server listens"),
    flag(
        "config",
        One("FILE"),
        None,
        "Read settings from FILE (else from llamacloud-mock.toml here, when there is one)",
    ),
    flag("seed", One("NUMBER"), Some("1"), "Root of all chance: equal seeds give equal answers"),
    flag("api-key", Many("KEY"), None, "Let only this key in (repeatable); without it any key is good"),
    flag("no-auth", Nothing, None, "Let calls without a key in, as the key `anonymous`"),
    flag(
        "isolation",
        OneOf(&["key", "none"]),
        Some("key"),
        "Give every API key a world of its own, or all the same one",
    ),
    flag("strict-references", Nothing, None, "Answer 404 to a source_directory_id that was never created"),
    flag(
        "index-id",
        OneOf(&["any", "id", "export"]),
        Some("any"),
        "Which id finds an index: its id, its export_config_id, or both",
    ),
    flag(
        "unknown-value-status",
        OneOf(&["422", "400"]),
        Some("422"),
        "Status for values that the service checks in its own code",
    ),
    flag("contract", Nothing, None, "Answer 2xx to every well-formed request, even for ids that nobody made"),
    flag(
        "clock",
        OneOf(&["real", "manual", "auto"]),
        Some("real"),
        "Run tenants' clocks with the wall, by hand, or from event to event",
    ),
    flag("start-time", One("TIMESTAMP"), None, "Where tenants' clocks start, such as 2026-01-01T00:00:00Z; else now"),
    flag("sync-duration", One("DURATION"), Some("200ms"), "How long a sync takes"),
    flag("export-duration", One("DURATION"), Some("0"), "How long the export after it takes"),
    flag(
        "sync-conflict",
        OneOf(&["409", "429", "coalesce"]),
        Some("409"),
        "What a sync gets that comes while one runs; coalesce is 202 and no new run",
    ),
    flag("page-size", One("ITEMS"), Some("50"), "Items on a page when the client does not say, 1 to 1000"),
    flag("max-body-bytes", One("BYTES"), Some("1MiB"), "Largest JSON body"),
    flag("max-upload-bytes", One("BYTES"), Some("100MiB"), "Largest upload (no operation takes one yet)"),
    flag("max-state-bytes", One("BYTES"), Some("1GiB"), "What all worlds together may hold"),
    flag("max-connections", One("NUMBER"), Some("2000"), "Connections at a time; more are closed at once"),
    flag("max-tenants", One("NUMBER"), Some("10000"), "API keys that can have a world"),
    flag("max-items", One("NUMBER"), Some("100000"), "Items of a kind in a tenant's world"),
    flag("journal-entries", One("NUMBER"), Some("1000"), "Calls that a tenant's journal keeps"),
    flag("journal-bytes", One("BYTES"), Some("16MiB"), "Bytes that all journals together keep"),
    flag("header-timeout", One("DURATION"), Some("10s"), "How long the head of a request may take"),
    flag("allowed-host", Many("NAME"), None, "Answer to this Host header too (repeatable)"),
    flag("cors-origin", Many("ORIGIN"), None, "Let pages of this origin call the API (repeatable)"),
    flag("admin-token", One("TOKEN"), None, "Ask this bearer token of callers of /__admin/"),
    flag("public-url", One("URL"), None, "Where clients find this server, for URLs in its answers"),
    flag(
        "log-format",
        OneOf(&["auto", "text", "json"]),
        Some("auto"),
        "Log lines for people or for programs; auto looks whether stderr is a terminal",
    ),
    flag(
        "log-level",
        OneOf(&["off", "error", "warn", "info"]),
        Some("info"),
        "What is logged; info is one line a call",
    ),
    flag("fault", Many("RULE"), None, "Inject a fault (repeatable), such as 'indexes.create status=429 first=3'"),
    flag("scenario", Many("NAME|FILE"), None, "Load a scenario (repeatable); `scenarios` lists them"),
    flag("allow-overrides", Nothing, None, "Obey faults in the header x-mock-inject of a call"),
    flag("strict-faults", Nothing, None, "Exit with 2 when a rule never struck, and name it"),
    flag("time-scale", One("FACTOR"), Some("1"), "Multiply injected delays and promised waits"),
    flag("schemas", One("DIR"), None, "Replace JSON Schemas by the files of the same name in DIR"),
];

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
                .help("No call is tried more often"),
        )
        .arg(switch("honour-retry-after", "No retry comes before the promised time"))
        .arg(switch("no-duplicate-writes", "No lost answer leads to a second write"))
        .arg(Arg::new("tenant").long("tenant").value_name("KEY|LABEL").help("Look at this tenant alone"))
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
