//! The command line that shows a run again.

use std::ffi::OsString;

use super::judge::SweepOutcome;
use crate::config::{RawSettings, Takes};

/// The command line of `exec` for a run with this rule and outcome, for a POSIX shell.
pub(super) fn command_line(raw: &RawSettings, rule: &str, outcome: SweepOutcome, command: &[OsString]) -> String {
    let mut words: Vec<String> = ["llamacloud-mock", "exec", "--clock", "auto"].map(str::to_owned).into();
    for setting in raw.all().filter(|setting| setting.is_flag()) {
        let name = format!("--{}", setting.flag.name);
        if setting.flag.takes == Takes::Nothing {
            words.push(name);
        } else {
            words.extend(setting.values.iter().flat_map(|value| [name.clone(), value.clone()]));
        }
    }
    words.extend(["--fault".to_owned(), rule.to_owned()]);
    let check = match outcome {
        SweepOutcome::Impatient => Some("--check-honour-retry-after"),
        // It says which requests doubled a resource, if that is what was wrong.
        SweepOutcome::Wrong => Some("--check-no-duplicate-writes"),
        _ => None,
    };
    words.extend(check.map(str::to_owned));
    words.push("--".to_owned());
    words.extend(command.iter().map(|word| word.to_string_lossy().into_owned()));
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word for a POSIX shell, in single quotes if it needs them.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:,=+%@".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_if_they_need_it() {
        for (word, expected) in [("a-b.c", "a-b.c"), ("", "''"), ("a b", "'a b'"), ("it's $x", r"'it'\''s $x'")] {
            assert_eq!(quoted(word), expected);
        }
    }
}
