//! Errors in the command line in the form of all errors of the program: `place: problem; nearest valid word`.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::check;
use super::commands::{EXEC_COMMAND, EXEC_PREFIX};
use crate::config::flag_named;

/// The text for an error of clap.
pub(super) fn text(error: &clap::Error) -> String {
    let place = word(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = word(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if is_setting(&place) => {
            format!("{place}: is a flag of the server, without effect on this subcommand")
        }
        ErrorKind::UnknownArgument => {
            let kind = if place.starts_with('-') { "a flag" } else { "an argument" };
            let hint = hint_for_exec(error, &place).unwrap_or_else(|| near(error, ContextKind::SuggestedArg));
            format!("{place}: is not {kind} here{hint}")
        }
        ErrorKind::InvalidSubcommand => {
            let given = word(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("{given}: is not a subcommand{}", near(error, ContextKind::SuggestedSubcommand))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{place}: needs a value"),
        ErrorKind::InvalidValue => {
            let valid = words(error, ContextKind::ValidValue).join(", ");
            format!("{place}: {value:?} is not one of {valid}{}", near(error, ContextKind::SuggestedValue))
        }
        ErrorKind::ValueValidation => {
            let problem = error.source().map_or_else(String::new, ToString::to_string);
            format!("{place}: {value:?}: {problem}")
        }
        ErrorKind::ArgumentConflict => format!("{place}: is given twice"),
        ErrorKind::MissingRequiredArgument => {
            format!("arguments are missing: {}", words(error, ContextKind::InvalidArg).join(", "))
        }
        _ => {
            let rendered = error.to_string();
            let line = rendered.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}

/// A hint for `exec`: its command comes after `--`, and arguments of `check` have a prefix there.
fn hint_for_exec(error: &clap::Error, place: &str) -> Option<String> {
    if !words(error, ContextKind::Usage).concat().contains(EXEC_COMMAND) {
        return None;
    }
    if !place.starts_with('-') {
        return Some("; the command comes after --".to_owned());
    }
    let name = place.strip_prefix("--")?;
    let is_of_check = check::arguments::requirements("").iter().any(|arg| arg.get_id() == name);
    is_of_check.then(|| format!("; did you mean --{EXEC_PREFIX}{name}?"))
}

fn is_setting(place: &str) -> bool {
    place.strip_prefix("--").is_some_and(|name| flag_named(name).is_some())
}

/// `; did you mean …?` if clap suggests something.
fn near(error: &clap::Error, kind: ContextKind) -> String {
    word(error, kind).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// The first word of a text in the context of an error: a flag without its placeholder.
fn word(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let all = words(error, kind);
    let first = all.first()?;
    let is_flag = first.starts_with('-');
    Some(if is_flag { first.split([' ', '=']).next().unwrap_or(first).to_owned() } else { first.clone() })
}

/// The texts in the context of an error.
fn words(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
