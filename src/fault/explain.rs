//! Explains the rule language of `--fault` from its rows, so that the program alone is enough to write rules.

use std::fmt::Write as _;

use super::row::{ClauseClass, ClauseRow};
use super::words::rows;

const INTRODUCTION: &str = "\
A fault rule is one line: an operation, optionally a phase, and clauses, separated by spaces. The space before a phase
can be left out: `indexes.create@after reset`.

  RULE      = OPERATION [ @before | @after ] CLAUSE ...
  OPERATION = a name such as indexes.create, a family such as indexes.*, reads, writes, * for all, or several of these
              separated by commas; the subcommand `operations` lists the names. `sync` is a rule about syncs.

@before: the effect comes before the request acts; a response of the rule replaces the action.
@after:  the request acts, so a write stays, and then its response is replaced or changed.
Values with spaces are in double quotes. The first rule that strikes wins, unless it says `continue`.

The STATE of a script is pending, ready, partial, failed, or a word of your own for a sync in progress; a word that
looks like a misspelled state is refused.

Give rules with --fault (repeatable), as lines of LLAMACLOUD_MOCK_FAULT, in a scenario file, in
POST /__admin/faults {\"rule\": \"...\"}, or with --allow-overrides as clauses in the header x-mock-inject of one request.
";

/// A part of the explanation.
struct Section {
    title: &'static str,
    holds: fn(ClauseClass) -> bool,
}

const SECTIONS: &[Section] = &[
    Section { title: "Effects on the response and on the connection", holds: is_about_response },
    Section { title: "Effects on the state", holds: is_about_state },
    Section { title: "Triggers, all of which must be met", holds: |class| class == ClauseClass::Trigger },
    Section { title: "About the rule itself", holds: |class| class == ClauseClass::Setting },
];

fn is_about_state(class: ClauseClass) -> bool {
    matches!(class, ClauseClass::State(_) | ClauseClass::Message)
}

fn is_about_response(class: ClauseClass) -> bool {
    !is_about_state(class) && !matches!(class, ClauseClass::Trigger | ClauseClass::Setting)
}

impl Section {
    fn rows(&self) -> impl Iterator<Item = &'static ClauseRow> {
        rows().filter(|row| (self.holds)(row.class))
    }
}

/// The explanation, with an example for each row.
pub(crate) fn explanation() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let _ = writeln!(text, "\n{}:\n", section.title);
        for ClauseRow { syntax, summary, example, .. } in section.rows() {
            let _ = writeln!(text, "  {syntax}\n      {summary}\n      --fault '{example}'");
        }
    }
    text + "\nThe subcommand `scenarios` lists ready-made sets of rules.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_tables_of_clauses() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it exists");
        for section in SECTIONS {
            let head = format!("| {} | | example |\n|---|---|---|\n", section.title);
            let table = section.rows().fold(head, |mut table, row| {
                let [syntax, summary, example] =
                    [row.syntax, row.summary, row.example].map(|text| text.replace('|', "\\|"));
                let _ = writeln!(table, "| `{syntax}` | {summary} | `{example}` |");
                table
            });
            assert!(readme.contains(&format!("\n{table}\n")), "the README should contain:\n{table}");
        }
    }

    #[test]
    fn every_example_has_a_clause_of_its_row() {
        for row in rows() {
            let is_of_row = |clause: &str| clause.split('=').next() == Some(row.word());
            assert!(row.example.split(' ').skip(1).any(is_of_row) && !row.summary.is_empty(), "{}", row.syntax);
        }
    }
}
