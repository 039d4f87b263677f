//! The documentation agrees with the program: its tables are those of the program, its fault rules are valid, and the
//! pages that the program names exist.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::{Client, Contract, files_below, run, server};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The text of a page, by its path below the root of the repository.
fn page(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).expect("the page exists")
}

/// Fails with the expected table.
#[track_caller]
fn assert_contains(path: &str, mark: &str, table: &str) {
    let expected = format!("<!-- {mark} -->\n{table}");
    assert!(page(path).contains(&expected), "expected in {path} under <!-- {mark} -->:\n{table}");
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
    assert_contains("docs/emulation.md", "operations", &table);
}

#[test]
fn the_number_of_operations_is_that_of_the_program() {
    let server = server(&[]);
    let operations = Client::of(&server).get("/__admin/operations").json();
    let rows = operations["operations"].as_array().expect("a list").iter();
    // Downloads by presigned URLs are no part of the API.
    let rows: Vec<_> = rows.filter(|row| row["path"].as_str().is_some_and(|path| path.starts_with("/api/"))).collect();
    assert!(rows.iter().all(|row| row["emulated"] == true));
    let all = format!("All {} operations of the API's index family are emulated.", rows.len());
    let none = format!("None of the {} operations of the API's index family is missing.", rows.len());
    for (path, sentence) in [("README.md", all), ("docs/limits-and-unknowns.md", none)] {
        assert!(page(path).contains(&sentence), "{path}: {sentence}");
    }
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
    assert_contains("docs/faults.md", "scenarios", &table);
}

#[test]
fn the_exit_codes_are_those_of_help() {
    let help = String::from_utf8(run(&["--help"], &[]).stdout).expect("UTF-8");
    let text = page("docs/settings.md");
    let (_, table) = text.split_once("| code | |\n|---|---|\n").expect("the page has the table");
    let rows: Vec<_> =
        table.lines().map_while(|row| row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")).collect();
    assert_eq!(rows.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["0", "1", "2", "64", "69"]);
    for (code, meaning) in rows {
        assert!(help.contains(&format!("\n  {code:<4}{meaning}")), "{code}: {meaning}");
    }
}

#[test]
fn the_oldest_rust_is_that_of_the_manifest() {
    let manifest = page("Cargo.toml");
    let version = manifest.split("\nrust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.expect("the manifest names it");
    for path in ["README.md", "docs/versions.md", "docs/testing/cli.md"] {
        let text = page(path);
        let named = text.split("Rust ").skip(1).filter_map(|rest| rest.split_whitespace().next());
        let named: BTreeSet<_> = named.filter(|word| word.starts_with(|first: char| first.is_ascii_digit())).collect();
        assert_eq!(named, BTreeSet::from([version]), "{path}");
    }
}

#[test]
fn every_page_that_the_program_names_exists() {
    for (args, expected) in [
        (&["--help"][..], "docs/settings.md"),
        (&["exec", "--help"], "docs/testing/cli.md"),
        (&["env", "--help"], "docs/testing/cli.md"),
        (&["check", "--help"], "docs/verdicts.md"),
        (&["validate", "--help"], "docs/emulation.md"),
        (&["scenarios", "--help"], "docs/faults.md"),
        (&["faults"], "docs/faults.md"),
        (&["operations", "--help"], "docs/limits-and-unknowns.md"),
    ] {
        let output = String::from_utf8(run(args, &[]).stdout).expect("UTF-8");
        assert!(output.contains(expected), "{args:?} should name {expected}");
    }
    for (args, expected) in [
        (&["--fault", "indexes.list stauts=503"][..], "docs/faults.md"),
        (&["--scenario", "no-such-scenario"], "docs/faults.md"),
        (&["exec", "--fault", "indexes.lst reset", "--", "true"], "docs/faults.md"),
        (&["exec", "--check-expect", "indexes.lst", "--", "true"], "docs/verdicts.md"),
    ] {
        let refused = run(args, &[]);
        let problem = String::from_utf8(refused.stderr).expect("UTF-8");
        assert_eq!(refused.status.code(), Some(64), "{problem}");
        assert!(problem.contains(expected), "{args:?} should name {expected}: {problem}");
    }
    let mut files = Vec::new();
    files_below(&Path::new(ROOT).join("src"), &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("source files are UTF-8");
        for rest in text.split("docs/").skip(1) {
            let path: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "/-.".contains(*c)).collect();
            if Path::new(&path).extension().is_some_and(|extension| extension == "md") {
                named.insert(path);
            }
        }
    }
    assert!(named.len() >= 5, "{named:?}");
    for path in named {
        assert!(Path::new(ROOT).join("docs").join(&path).is_file(), "docs/{path} does not exist");
    }
}

#[test]
fn every_rule_in_the_documentation_is_valid() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut pages = Vec::new();
    files_below(&Path::new(ROOT).join("docs"), &mut pages);
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = pages.iter().map(|path| fs::read_to_string(path).expect("pages are UTF-8"));
    let text = pages.fold(page("README.md"), |all, text| all + &text);
    let mut rules: Vec<&str> = text.split("--fault '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    rules.extend(text.split("{\"rule\": \"").skip(1).filter_map(|rest| rest.split('"').next()));
    assert!(rules.len() >= 14, "the documentation has recipes");
    for rule in rules {
        let response = client.post("/__admin/faults", &serde_json::json!({ "rule": rule }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
        client.delete("/__admin/faults");
    }
}
