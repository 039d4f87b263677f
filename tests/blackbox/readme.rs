//! The README agrees with the program: its tables are those of the program, and its fault rules are valid.

use std::fmt::Write as _;
use std::fs;

use crate::support::{Client, Contract, run, server};

fn readme() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README exists")
}

/// Fails with the expected table.
#[track_caller]
fn assert_readme_contains(mark: &str, table: &str) {
    assert!(readme().contains(&format!("<!-- {mark} -->\n{table}")), "expected under <!-- {mark} -->:\n{table}");
}

#[test]
fn the_table_of_operations_is_that_of_the_program() {
    let head = "| operation | request | |\n|---|---|---|\n".to_owned();
    let server = server(&[]);
    let operations = Contract::of(&Client::of(&server)).operations();
    let table = operations.iter().fold(head, |mut table, row| {
        let _ = writeln!(table, "| `{}` | `{} {}` | {} |", row.name, row.method, row.path, row.summary);
        table
    });
    assert_readme_contains("operations", &table);
}

#[test]
fn the_operations_that_are_not_emulated_are_listed() {
    let text = readme();
    let table = text.split("| group | operations |\n|---|---|\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let mut names = Vec::new();
    for row in table.expect("the README has the table").lines() {
        let mut family = "";
        for name in row.split('`').skip(1).step_by(2) {
            // After `files.create`, `list` is short for `files.list`.
            match name.rsplit_once('.') {
                Some((written, _)) => {
                    family = written;
                    names.push(name.to_owned());
                }
                None => names.push(format!("{family}.{name}")),
            }
        }
    }
    let server = server(&[]);
    let operations = Client::of(&server).get("/__admin/operations").json();
    let rows = operations["operations"].as_array().expect("a list").iter();
    // Downloads by presigned URLs are no part of the API.
    let rows: Vec<_> = rows.filter(|row| row["path"].as_str().is_some_and(|path| path.starts_with("/api/"))).collect();
    let missing = rows.iter().filter(|row| row["emulated"] == false);
    let mut expected: Vec<&str> = missing.map(|row| row["name"].as_str().expect("a name")).collect();
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
    let sentence = format!("Of the {} operations of the API's index family, {}", rows.len(), rows.len() - names.len());
    assert!(text.contains(&sentence), "{sentence}");
    assert!(text.contains(&format!("The other {} respond 404", names.len())));
}

#[test]
fn the_table_of_scenarios_is_that_of_the_program() {
    let head = "| scenario | |\n|---|---|\n".to_owned();
    let output = run(&["scenarios"], &[]).stdout;
    let listed = String::from_utf8(output).expect("UTF-8");
    let rows = listed.lines().map(|line| line.split_once("  ").expect("a name and a description"));
    let table = rows.fold(head, |mut table, (name, description)| {
        let _ = writeln!(table, "| `{name}` | {} |", description.trim());
        table
    });
    assert_readme_contains("scenarios", &table);
}

#[test]
fn every_rule_in_the_readme_is_valid() {
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
