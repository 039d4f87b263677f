//! The lists of files in CONTRIBUTING.md are complete: the example of each list stands in these files and in no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::files_below;

/// A list: its heading, its example, and its files.
struct List {
    heading: String,
    example: String,
    files: BTreeSet<String>,
}

/// The sections with an example and a table of files.
fn lists() -> Vec<List> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/CONTRIBUTING.md")).expect("it exists");
    let sections = text.split("\n## ").filter_map(|section| {
        let (_, rest) = section.split_once("xample: `")?;
        let (example, rest) = rest.split_once('`')?;
        let rows = rest.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let heading = section.lines().next().unwrap_or_default().to_owned();
        Some(List { heading, example: example.to_owned(), files: rows.map(str::to_owned).collect() })
    });
    sections.collect()
}

/// Whether a text has the example as a word, as a flag or as a name in Rust.
fn names(text: &str, example: &str) -> bool {
    [example.to_owned(), example.replace('-', "_")].iter().any(|word| {
        text.match_indices(word.as_str()).any(|(at, _)| {
            let continues = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !text[..at].ends_with(continues) && !text[at + word.len()..].starts_with(continues)
        })
    })
}

#[test]
fn the_example_of_each_list_is_in_these_files_and_in_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["src", "schemas", "docs", "tests/blackbox"] {
        files_below(&root.join(folder), &mut paths);
    }
    let lists = lists();
    let headings: Vec<&str> = lists.iter().map(|list| list.heading.as_str()).collect();
    assert_eq!(headings, ["Add an operation", "Add an effect", "Add a setting"]);
    for List { heading, example, files } in lists {
        let mut found = BTreeSet::new();
        for path in &paths {
            if fs::read_to_string(path).is_ok_and(|text| names(&text, &example)) {
                found.insert(path.strip_prefix(root).expect("is below").to_string_lossy().into_owned());
            }
        }
        // Of the tests, a list names one.
        let (tests, others): (BTreeSet<_>, _) = found.into_iter().partition(|path| path.starts_with("tests/"));
        let (listed_tests, listed): (BTreeSet<_>, _) = files.into_iter().partition(|path| path.starts_with("tests/"));
        assert_eq!(listed, others, "{heading}: {example}");
        assert!(!listed_tests.is_empty() && listed_tests.is_subset(&tests), "{heading}: {listed_tests:?}");
    }
}

#[test]
fn every_path_in_the_text_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).expect("it exists");
    let paths = text.split('`').skip(1).step_by(2).filter(|code| {
        ["src/", "docs/", "schemas/", "tests/", "packaging/", "fuzz/", ".ci/"]
            .iter()
            .any(|folder| code.starts_with(folder))
    });
    let paths: Vec<&str> = paths.collect();
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        assert!(root.join(path).exists(), "{path}");
    }
}
