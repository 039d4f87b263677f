//! The table of settings. A row says everything about one: name, values, default, help, how it is read and what it
//! conflicts with; nothing else lists the settings.

mod access;
mod emulation;
mod faults;
mod limits;
mod process;

pub(crate) use self::access::{ADMIN_TOKEN, CONFIG, DEFAULTS, HOST, PORT, PORT_FILE};
pub(crate) use self::emulation::{CONTRACT, SCHEMAS, STRICT_REFERENCES, UNKNOWN_VALUE_STATUS, WORLD};
pub(crate) use self::faults::{FAULT, SCENARIO};
pub(crate) use self::limits::MAX_BODY_BYTES;
pub(crate) use self::process::{BINARY, EXIT_WITH_STDIN, LOG_LEVEL};

pub(super) use self::access::ADMIN;
pub(super) use self::emulation::EMULATION;

use super::{RawSetting, Settings};
use crate::suggest;

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
    /// Whether its values must not be shown.
    pub(crate) is_secret: bool,
    /// Whether it has an effect only in the command-line program.
    pub(crate) is_for_program: bool,
    /// Checks its values and sets them. Errors say what is wrong, without the place.
    pub(super) read: Read,
    /// What is wrong with it beside the other settings, if it is given.
    pub(super) conflict: fn(&Settings) -> Option<&'static str>,
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

/// Settings about one thing, under their heading in `--help`.
#[derive(Debug)]
pub(crate) struct Group {
    /// The heading.
    pub(crate) heading: &'static str,
    /// The settings, in the order of `--help`.
    pub(crate) flags: &'static [&'static Flag],
}

/// Prefix of the environment variables.
pub(crate) const PREFIX: &str = "LLAMACLOUD_MOCK_";

/// Every setting, by heading.
pub(crate) static GROUPS: &[&Group] = &[
    &access::ADDRESS,
    &access::ACCESS,
    &EMULATION,
    &faults::TIME,
    &faults::FAULTS,
    &limits::LIMITS,
    &process::LOG,
    &process::PROCESS,
];

/// Every setting, in the order of `--help`.
pub(crate) fn flags() -> impl Iterator<Item = &'static Flag> {
    GROUPS.iter().flat_map(|group| group.flags.iter().copied())
}

/// The setting of this name.
pub(crate) fn flag_named(name: &str) -> Option<&'static Flag> {
    flags().find(|flag| flag.name == name)
}

/// The setting of this name, or what is wrong with the name.
pub(crate) fn find_flag(name: &str) -> Result<&'static Flag, String> {
    let problem = || format!("is not a setting{}", suggest::hint(name, flags().map(|flag| flag.name)));
    flag_named(name).ok_or_else(problem)
}

type Read = fn(&mut Settings, &RawSetting) -> Result<(), String>;

/// A row that sets nothing, without a default and without conflicts.
const fn flag(name: &'static str, takes: Takes, help: &'static str) -> Flag {
    let (read, conflict): (Read, _) = (|_, _| Ok(()), |_: &Settings| None);
    Flag { name, takes, default: None, help, is_secret: false, is_for_program: false, read, conflict }
}

/// Sets a field to a value that was read.
fn set<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *field = value)
}

impl Flag {
    /// The environment variable of the setting.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    const fn read_with(self, read: Read) -> Self {
        Self { read, ..self }
    }

    const fn with_default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn with_conflict(self, conflict: fn(&Settings) -> Option<&'static str>) -> Self {
        Self { conflict, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    const fn for_program(self) -> Self {
        Self { is_for_program: true, ..self }
    }
}

/// A name stands in one row only.
impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_page_shows_the_table_of_flags() {
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
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
        let page = std::fs::read_to_string(path).expect("it exists");
        assert!(page.contains(&table), "docs/settings.md should contain:\n{table}");
    }
}
