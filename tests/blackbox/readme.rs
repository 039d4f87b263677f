//! The README against the program: its tables follow from the program's own, its rules can be read, its example files
//! are what they say.

use std::fmt::Write as _;
use std::fs;

use crate::support::{Client, Contract, run, server};

fn readme() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README is there")
}

/// Fails with the table as it should be.
#[track_caller]
fn assert_shows(mark: &str, table: &str) {
    assert!(readme().contains(&format!("<!-- {mark} -->\n{table}")), "under <!-- {mark} --> should stand:\n{table}");
}

#[test]
fn the_table_of_operations_is_that_of_the_program() {
    let head = "| operation | call | |\n|---|---|---|\n".to_owned();
    let server = server(&[]);
    let operations = Contract::of(&Client::of(&server)).operations();
    let table = operations.iter().fold(head, |mut table, row| {
        let _ = writeln!(table, "| `{}` | `{} {}` | {} |", row.name, row.method, row.path, row.summary);
        table
    });
    assert_shows("operations", &table);
}

#[test]
fn the_table_of_scenarios_is_that_of_the_program() {
    let head = "| scenario | |\n|---|---|\n".to_owned();
    let output = run(&["scenarios"], &[]).stdout;
    let listed = String::from_utf8(output).expect("the list is text");
    let rows = listed.lines().map(|line| line.split_once("  ").expect("a name and a description"));
    let table = rows.fold(head, |mut table, (name, description)| {
        let _ = writeln!(table, "| `{name}` | {} |", description.trim());
        table
    });
    assert_shows("scenarios", &table);
}

#[test]
fn every_rule_in_the_readme_can_be_read() {
    let server = server(&[]);
    let client = Client::of(&server);
    let text = readme();
    let mut rules: Vec<&str> = text.split("--fault '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    rules.extend(text.split("{\"rule\": \"").skip(1).filter_map(|rest| rest.split('"').next()));
    assert!(rules.len() >= 14, "the README has recipes");
    for rule in rules {
        let response = client.post("/__admin/faults", &serde_json::json!({ "rule": rule }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
        client.delete("/__admin/faults");
    }
}
