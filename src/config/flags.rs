//! The table of settings: name, default and help of each. The values are checked in `read.rs`.

/// One setting.
#[derive(Debug)]
pub(crate) struct Flag {
    /// The name, without leading dashes. The environment variable is `LLAMACLOUD_MOCK_` and the name in upper case.
    pub(crate) name: &'static str,
    /// The values that it takes.
    pub(crate) takes: Takes,
    /// The default value.
    pub(crate) default: Option<&'static str>,
    /// The description in `--help`, one sentence.
    pub(crate) help: &'static str,
}

/// The values that a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// None: a switch.
    Nothing,
    /// One value, with this placeholder in `--help`.
    One(&'static str),
    /// One of these values.
    OneOf(&'static [&'static str]),
    /// Any number of values, with this placeholder in `--help`.
    Many(&'static str),
}

use Takes::{Many, Nothing, One, OneOf};

/// Settings about one thing, under their heading in `--help`.
#[derive(Debug)]
pub(crate) struct Group {
    /// The heading.
    pub(crate) heading: &'static str,
    /// The settings, in the order of `--help`.
    pub(crate) flags: &'static [Flag],
}

const fn flag(name: &'static str, takes: Takes, default: Option<&'static str>, help: &'static str) -> Flag {
    Flag { name, takes, default, help }
}

/// Every setting, in the order of `--help`.
pub(crate) fn flags() -> impl Iterator<Item = &'static Flag> {
    GROUPS.iter().flat_map(|group| group.flags)
}

/// The setting of this name.
pub(crate) fn flag_named(name: &str) -> Option<&'static Flag> {
    flags().find(|flag| flag.name == name)
}

impl Flag {
    /// The environment variable of the setting.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// Prefix of the environment variables.
pub(crate) const PREFIX: &str = "LLAMACLOUD_MOCK_";

/// Every setting, by heading.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        heading: "Address",
        flags: &[
            flag("host", One("ADDRESS"), Some("127.0.0.1"), "IP address to listen on, or localhost"),
            flag("port", One("PORT"), Some("4010"), "Port to listen on; 0 picks a free one"),
            flag("port-file", One("FILE"), None, "Write the port number to FILE once the server listens"),
            flag(
                "config",
                One("FILE"),
                None,
                "Read settings from FILE [default: llamacloud-mock.toml in the current folder, if it exists]",
            ),
            flag("public-url", One("URL"), None, "URL under which clients reach this server, for URLs in responses"),
        ],
    },
    Group {
        heading: "Access",
        flags: &[
            flag("api-key", Many("KEY"), None, "Accept only this API key (repeatable) [default: any]"),
            flag("no-auth", Nothing, None, "Accept requests without a key, as the key `anonymous`"),
            flag(
                "isolation",
                OneOf(&["key", "none"]),
                Some("key"),
                "Give each API key its own state, or one state to all keys",
            ),
            flag("allowed-host", Many("NAME"), None, "Accept this Host header too (repeatable); `*` accepts any"),
            flag("cors-origin", Many("ORIGIN"), None, "Allow browser requests from this origin (repeatable)"),
            flag(
                "admin",
                OneOf(&["open", "token", "off"]),
                None,
                "Access to /__admin/: to all, with --admin-token, or to none [default: token if there is one, else open on loopback only]",
            ),
            flag("admin-token", One("TOKEN"), None, "Bearer token that requests to /__admin/ need"),
        ],
    },
    Group {
        heading: "Emulation",
        flags: &[
            flag("seed", One("NUMBER"), Some("1"), "Seed of all randomness: equal seeds give equal responses"),
            flag("strict-references", Nothing, None, "Answer 404 to a source_directory_id that was not created before"),
            flag(
                "index-id",
                OneOf(&["any", "id", "export"]),
                Some("any"),
                "Which id identifies an index: its id, its export_config_id, or both",
            ),
            flag(
                "unknown-value-status",
                OneOf(&["422", "400"]),
                Some("422"),
                "Status for values that the service checks in its own code",
            ),
            flag("contract", Nothing, None, "Answer 2xx to every valid request, also for unknown ids"),
            flag("sync-duration", One("DURATION"), Some("200ms"), "Duration of a sync"),
            flag("export-duration", One("DURATION"), Some("0"), "Duration of the export after a sync"),
            flag(
                "sync-conflict",
                OneOf(&["409", "429", "coalesce"]),
                Some("409"),
                "Response to a sync request while a sync runs; coalesce is 202 without a new run",
            ),
            flag(
                "duplicate-unique-id",
                OneOf(&["allow", "409"]),
                Some("allow"),
                "Response to a file whose unique_id another file of its directory has",
            ),
            flag(
                "score-threshold-on",
                OneOf(&["rerank", "score"]),
                Some("rerank"),
                "What score_threshold is compared with while reranking is on: rerank_score or score",
            ),
            flag("parse-results", One("DIR"), None, "Use the text of DIR/NAME.md for an uploaded file called NAME"),
            flag("page-size", One("ITEMS"), Some("50"), "Items on a page if the request does not say, 1 to 1000"),
            flag("schemas", One("DIR"), None, "Replace JSON Schemas with the files of the same name in DIR"),
        ],
    },
    Group {
        heading: "Time",
        flags: &[
            flag(
                "clock",
                OneOf(&["real", "manual", "auto"]),
                Some("real"),
                "Clock: real time, manual (advanced through the admin API), or auto (jumps to the next event)",
            ),
            flag(
                "start-time",
                One("TIMESTAMP"),
                None,
                "Time at which the clocks start, such as 2026-01-01T00:00:00Z [default: now]",
            ),
            flag("time-scale", One("FACTOR"), Some("1"), "Factor for injected delays and promised waits"),
        ],
    },
    Group {
        heading: "Faults",
        flags: &[
            flag(
                "fault",
                Many("RULE"),
                None,
                "Inject a fault (repeatable), such as 'indexes.create status=429 first=3'",
            ),
            flag(
                "scenario",
                Many("NAME|FILE"),
                None,
                "Load a scenario (repeatable); the subcommand `scenarios` lists them",
            ),
            flag("allow-overrides", Nothing, None, "Apply the fault rules in the x-mock-inject header of a request"),
            flag("strict-faults", Nothing, None, "Exit with code 2 if a fault rule never struck, and name it"),
        ],
    },
    Group {
        heading: "Limits",
        flags: &[
            flag("max-body-bytes", One("BYTES"), Some("1MiB"), "Maximum size of a JSON body"),
            flag("max-upload-bytes", One("BYTES"), Some("100MiB"), "Maximum size of an upload"),
            flag(
                "max-inflight-bytes",
                One("BYTES"),
                Some("256MiB"),
                "Maximum size of the bodies of all requests in flight together",
            ),
            flag(
                "max-queued-work",
                One("REQUESTS"),
                Some("1000"),
                "Maximum number of uploads and searches that wait for a processor; further ones get 503",
            ),
            flag("max-state-bytes", One("BYTES"), Some("1GiB"), "Maximum size of the state of all tenants"),
            flag(
                "max-connections",
                One("NUMBER"),
                Some("2000"),
                "Maximum number of open connections; further ones are closed at once",
            ),
            flag("max-tenants", One("NUMBER"), Some("10000"), "Maximum number of API keys with state"),
            flag("max-items", One("NUMBER"), Some("100000"), "Maximum number of resources of one kind in a tenant"),
            flag("journal-entries", One("NUMBER"), Some("1000"), "Maximum number of entries in a tenant's journal"),
            flag("journal-bytes", One("BYTES"), Some("16MiB"), "Maximum size of all journals together"),
            flag("header-timeout", One("DURATION"), Some("10s"), "Time limit for the head of a request"),
        ],
    },
    Group {
        heading: "Log",
        flags: &[
            flag(
                "log-format",
                OneOf(&["auto", "text", "json"]),
                Some("auto"),
                "Format of log lines; auto is text if stderr is a terminal, else json",
            ),
            flag(
                "log-level",
                OneOf(&["off", "error", "warn", "info"]),
                Some("info"),
                "What is logged; info is one line per request",
            ),
        ],
    },
    Group {
        heading: "Process",
        flags: &[
            flag(
                "exit-with-stdin",
                Nothing,
                None,
                "Stop when standard input ends, such as when the parent process exits",
            ),
            flag(
                "binary",
                One("FILE"),
                None,
                "The llamacloud-mock program to start as a child process for work that could take long [default: this one]",
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_readme_shows_the_table_of_flags() {
        let head = "<!-- flags -->\n| flag | default | |\n|---|---|---|\n".to_owned();
        let table = flags().fold(head, |mut table, flag| {
            let takes = match flag.takes {
                Takes::Nothing => String::new(),
                Takes::One(value) | Takes::Many(value) => format!(" {value}"),
                Takes::OneOf(values) => format!(" {}", values.join("|")),
            };
            let default = flag.default.map_or_else(String::new, |default| format!("`{default}`"));
            let usage = format!("`--{}{takes}`", flag.name).replace('|', "\\|");
            let _ = writeln!(table, "| {usage} | {default} | {} |", flag.help.replace('|', "\\|"));
            table
        });
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it exists");
        assert!(readme.contains(&table), "the README should contain:\n{table}");
    }
}
