//! Explains the rule language of `--fault` from its rows, so that the program alone is enough to write rules.

use std::fmt::Write as _;

use super::row::{ClauseClass, ClauseRow};
use super::words::rows;

const INTRODUCTION: &str = r#"
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
POST /__admin/faults {"rule": "..."}, or with --allow-overrides as clauses in the header x-mock-inject of one request.
"#;

impl ClauseRow {
    /// The title of the part of the explanation that it is in. The rows of a part follow each other.
    fn title(&self) -> &'static str {
        match self.class {
            ClauseClass::State(_) | ClauseClass::Message => "Effects on the state",
            ClauseClass::Trigger => "Triggers, all of which must be met",
            ClauseClass::Setting => "About the rule itself",
            _ => "Effects on the response and on the connection",
        }
    }
}

/// The explanation, with an example for each row.
pub(crate) fn explanation() -> String {
    let mut text = INTRODUCTION.trim_start().to_owned();
    let mut title = "";
    for row @ ClauseRow { syntax, summary, example, .. } in rows() {
        if row.title() != title {
            title = row.title();
            let _ = writeln!(text, "\n{title}:\n");
        }
        let _ = writeln!(text, "  {syntax}\n      {summary}\n      --fault '{example}'");
    }
    text + "\nThe subcommand `scenarios` lists ready-made sets of rules.\nDocumentation, with recipes: docs/faults.md\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_the_tables_of_clauses() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
        let page = std::fs::read_to_string(path).expect("it exists");
        let rows: Vec<&ClauseRow> = rows().collect();
        for part in rows.chunk_by(|row, next| row.title() == next.title()) {
            let mut table = format!("| {} | | example |\n|---|---|---|\n", part[0].title());
            for row in part {
                let [syntax, summary, example] =
                    [row.syntax, row.summary, row.example].map(|text| text.replace('|', "\\|"));
                let _ = writeln!(table, "| `{syntax}` | {summary} | `{example}` |");
            }
            assert!(page.contains(&format!("\n{table}\n")), "docs/faults.md should contain:\n{table}");
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
