//! The page of what is known and what is chosen: it covers every operation, and its tests, settings and counts are real.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{Client, Contract, run, server};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const SOURCES: [&str; 5] = ["contract", "SDK", "documentation", "framework", "chosen"];

/// A row of a table: what of an operation is claimed, and why.
struct Claim {
    operations: Vec<String>,
    source: String,
    test: String,
    settings: Vec<String>,
}

fn page() -> String {
    fs::read_to_string(Path::new(ROOT).join("docs/fidelity.md")).expect("the page exists")
}

/// The parts of a text between backticks.
fn code_in(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn claims() -> Vec<Claim> {
    let claim = |row: &str| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [operations, _, source, test, settings] = cells[..] else { panic!("five cells: {row}") };
        Claim {
            operations: code_in(operations),
            source: source.to_owned(),
            test: code_in(test).concat(),
            settings: code_in(settings),
        }
    };
    page().lines().filter(|line| line.starts_with("| `")).map(claim).collect()
}

/// Whether a test is there: a file, or a function in it that is a test.
fn has_test(named: &str) -> bool {
    let (path, function) = named.split_once("::").map_or((named, None), |(path, function)| (path, Some(function)));
    let Ok(text) = fs::read_to_string(Path::new(ROOT).join(path)) else { return false };
    let is_python = Path::new(path).extension().is_some_and(|extension| extension == "py");
    function.is_none_or(|function| match text.split_once(&format!("fn {function}(")) {
        Some((before, _)) => before.trim_end().ends_with("#[test]"),
        None => is_python && function.starts_with("test_") && text.contains(&format!("def {function}(")),
    })
}

#[test]
fn every_operation_has_a_row_and_no_other_name_does() {
    let server = server(&[]);
    let operations = Contract::of(&Client::of(&server)).operations();
    let known: BTreeSet<String> = operations.into_iter().map(|operation| operation.name).collect();
    let mut claimed: BTreeSet<String> = claims().into_iter().flat_map(|claim| claim.operations).collect();
    assert!(claimed.remove("*"), "some rows are about all operations");
    assert_eq!(claimed, known);
}

#[test]
fn every_row_has_a_source_a_test_and_settings_that_exist() {
    let help = String::from_utf8(run(&["--help"], &[]).stdout).expect("UTF-8");
    let flags: BTreeSet<&str> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
    for Claim { operations, source, test, settings } in claims() {
        assert!(SOURCES.contains(&source.as_str()), "{operations:?}: {source}");
        assert!(has_test(&test), "{operations:?}: there is no test {test}");
        for setting in settings {
            assert!(flags.contains(setting.as_str()), "{operations:?}: {setting} is no flag");
        }
    }
    assert!(!has_test("tests/blackbox/fidelity.rs::claims"), "a function that is no test");
    assert!(!has_test("tests/blackbox/none.rs") && !has_test("tests/sdk/python/test_sync.py::test_nothing"));
}

#[test]
fn the_counts_of_the_page_are_those_of_its_rows() {
    let claims = claims();
    let chosen = claims.iter().filter(|claim| claim.source == "chosen").count();
    let counts = format!("{} behaviours: {} known, {chosen} chosen.", claims.len(), claims.len() - chosen);
    assert!(page().contains(&format!("<!-- counts -->\n{counts}\n")), "expected {counts}");
}
