//! Explains the rule language of `--fault` from its rows, so that the program alone is enough to write rules.

use std::fmt::Write as _;

use super::row::{BodyForm, ClauseClass, ClauseRow};
use super::target::{SYNC, Target, Targets, matching};
use super::words::rows;
use crate::matcher::ParseError;
use crate::store::state_faults::StateFault;

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

/// The effects that go with the operations of a subject, with an example for each.
pub(crate) fn effects_of(subject: &str, targets: &Targets) -> Result<String, ParseError> {
    let positions = matching(subject, targets)?;
    let about: Vec<&Target> =
        targets.iter().enumerate().filter(|(position, _)| positions & (1 << position) != 0).map(|(_, t)| t).collect();
    let mut text = format!("Effects of fault rules about {subject}:\n\n");
    for row in rows().filter(|row| row.is_effect() && row.goes_with_one_of(subject, &about)) {
        let _ =
            writeln!(text, "  {}\n      {}\n      --fault '{}'", row.syntax, row.summary, row.example_about(subject));
    }
    Ok(text + "\nThe subcommand `faults` without an operation explains the whole rule language.\n")
}

impl ClauseRow {
    /// Whether it can have its effect on one of these operations, to which the subject refers.
    fn goes_with_one_of(&self, subject: &str, about: &[&Target]) -> bool {
        let is_about_sync = self.is_script();
        let fits = |target: &&Target| match self.state_fault() {
            _ if is_about_sync => target.can_have(StateFault::Script),
            Some(fault) => target.can_have(fault),
            None => target.response_body || !self.needs_body(),
        };
        let has_body = |target: &&Target| target.request_body || !self.needs_request_body;
        let has_form = |target: &&Target| match self.form {
            BodyForm::Events => target.streams,
            BodyForm::Whole => !target.streams,
            BodyForm::Any => true,
        };
        let suits = |target: &&Target| fits(target) && has_body(target) && has_form(target);
        (subject != SYNC || is_about_sync) && about.iter().any(suits)
    }

    /// Its example with another subject. A script stays a rule about syncs.
    fn example_about(&self, subject: &str) -> String {
        let (operation, clauses) = self.example.split_once(' ').unwrap_or((self.example, ""));
        let phase = operation.split_once('@').map_or_else(String::new, |(_, phase)| format!("@{phase}"));
        let subject = if self.is_script() { SYNC } else { subject };
        format!("{subject}{phase} {clauses}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Rule;
    use crate::instance::targets;

    #[test]
    fn every_effect_that_is_listed_for_an_operation_goes_with_it() {
        let targets = targets();
        let mut count = 0;
        for subject in targets.iter().map(|target| target.name).chain(["sync", "reads", "retrieval.*"]) {
            let text = effects_of(subject, &targets).expect("it is a subject");
            for example in text.lines().filter_map(|line| line.trim().strip_prefix("--fault '")?.strip_suffix('\'')) {
                // A condition in an example may be about another operation.
                let rule = example.split(" when=").next().unwrap_or_default();
                Rule::parse(rule, &targets).unwrap_or_else(|error| panic!("{subject}: {rule}: {error}"));
                count += 1;
            }
        }
        assert!(count > 20 * targets.len(), "{count}");
        assert!(effects_of("sync", &targets).is_ok_and(|text| text.matches("--fault").count() == 2));
        let error = effects_of("indexes.gte", &targets).expect_err("it is no operation").to_string();
        assert_eq!(error, "indexes.gte: is not an operation; did you mean indexes.get?");
    }

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
