//! A setting as it was given: its texts and their source, and how values are read from the texts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::flags::{Flag, Takes};
use super::normalise::bytes;
use crate::suggest;

/// The source of a setting's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingSource {
    /// The command line.
    Flag,
    /// The environment variable of this name.
    Environment(String),
    /// The settings file at this path.
    File(PathBuf),
    /// The default.
    Default,
}

/// A setting before it is checked.
#[derive(Debug, Clone)]
pub(crate) struct RawSetting {
    /// Its row of the table.
    pub(crate) flag: &'static Flag,
    /// The values: several for a repeatable setting, none for one that is not set and has no default.
    pub(crate) values: Vec<String>,
    /// The source of the values.
    pub(crate) source: SettingSource,
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl RawSetting {
    /// The setting's name and source, for the start of an error message.
    pub(crate) fn place(&self) -> String {
        let name = self.flag.name;
        match &self.source {
            SettingSource::Flag | SettingSource::Default => format!("--{name}"),
            SettingSource::Environment(variable) => format!("{variable} (in the environment)"),
            SettingSource::File(path) => format!("{name} (in {})", path.display()),
        }
    }

    /// Whether the setting has a source other than its default.
    pub(crate) fn is_given(&self) -> bool {
        self.source != SettingSource::Default
    }

    /// Whether the command line gives it.
    pub(crate) fn is_flag(&self) -> bool {
        self.source == SettingSource::Flag
    }

    /// The last value, unless it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        self.values.last().map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.text().map(Into::into)
    }

    /// The values of a repeatable setting, each read.
    pub(super) fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        self.values.iter().map(|text| read(text)).collect()
    }

    pub(super) fn optional<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        self.text().map(read).transpose()
    }

    /// The value of a setting that has a default.
    pub(super) fn one<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        read(self.text().unwrap_or_default())
    }

    pub(super) fn parse<T: FromStr>(&self, expected: &str) -> Result<T, String> {
        self.one(|text| text.parse().map_err(|_| format!("{text:?} is not {expected}")))
    }

    pub(super) fn within(&self, min: usize, max: usize) -> Result<usize, String> {
        self.one(|text| {
            let number = text.parse().ok().filter(|number| (min..=max).contains(number));
            number.ok_or_else(|| format!("{text:?} is not a number from {min} to {max}"))
        })
    }

    pub(super) fn bytes(&self, max: usize) -> Result<usize, String> {
        self.one(|text| {
            let number = bytes(text).filter(|number| *number <= max);
            number.ok_or_else(|| format!("{text:?} is not a size like 65536, 64KiB, 1MB or 1GiB, up to {max} bytes"))
        })
    }

    /// The value for which the given word stands; `values` are in the order of the words in the row.
    pub(super) fn choice<T: Copy, const N: usize>(&self, values: [T; N]) -> Result<T, String> {
        let words = if let Takes::OneOf(words) = self.flag.takes { words } else { &[] };
        self.one(|text| {
            let chosen = words.iter().zip(values).find(|(word, _)| **word == text).map(|(_, value)| value);
            chosen.ok_or_else(|| {
                format!("{text:?} is not one of {}{}", words.join(", "), suggest::hint(text, words.iter().copied()))
            })
        })
    }

    pub(super) fn switch<T>(&self, off: T, on: T) -> Result<T, String> {
        Ok(if self.boolean()? { on } else { off })
    }

    /// A switch; false by default.
    pub(super) fn boolean(&self) -> Result<bool, String> {
        let value = self.optional(|text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("{text:?} is not true or false")),
        })?;
        Ok(value.unwrap_or(false))
    }
}
