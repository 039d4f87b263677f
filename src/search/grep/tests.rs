//! The search against what Python's `re` was recorded to do, and against the standard library.
#![allow(clippy::single_range_in_vec_init, reason = "one match is one range")]

use std::fs;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Searches in this process if it is possible there, and as the child process does otherwise.
fn found(pattern: &str, text: &str) -> Result<Vec<Range<usize>>, String> {
    let parsed = Pattern::parse(pattern).map_err(|error| error.to_string())?;
    match Search::new(parsed, text).run(text, Limits::default(), &Worker::embedded(None)) {
        Ok(found) => Ok(found),
        Err(SearchError::NeedsProgram) => Ok(found_in_child(pattern, text, 1_000).expect("a result")),
        Err(error) => panic!("{pattern}: {error}"),
    }
}

/// Searches as the child process does, whatever the size of the text.
fn found_in_child(pattern: &str, text: &str, max: usize) -> Result<Vec<Range<usize>>, SearchError> {
    let pattern = Pattern::parse(pattern).expect("a valid pattern");
    let number = (max as u64).to_le_bytes();
    let fields = job::input(&pattern, &number, text).map(<[u8]>::to_vec).to_vec();
    job::result(&job::answer(fields).expect("a valid input"))
}

fn in_code_points(text: &str, ranges: &[Range<usize>]) -> Vec<[usize; 2]> {
    let count = |end: usize| text[..end].chars().count();
    ranges.iter().map(|range| [count(range.start), count(range.end)]).collect()
}

#[test]
fn every_recorded_pattern_is_refused_or_matches_as_in_python() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grep/python_re.jsonl");
    let lines = fs::read_to_string(path).expect("the recorded results");
    let mut wrong = Vec::new();
    let mut patterns = 0;
    for line in lines.lines().skip(1) {
        let case: Value = serde_json::from_str(line).expect("a JSON object");
        let pattern = case["pattern"].as_str().expect("a pattern");
        patterns += 1;
        if let Some(error) = case["error"].as_str() {
            let refused = Pattern::parse(pattern).err().map(|error| error.0);
            if refused.as_deref() != Some(error) {
                wrong.push(format!("{pattern}: {refused:?}, in Python {error}"));
            }
        }
        for (text, spans) in case["spans"].as_object().into_iter().flatten() {
            let expected: Vec<[usize; 2]> = serde_json::from_value(spans.clone()).expect("pairs of numbers");
            let spans = found(pattern, text).map(|ranges| in_code_points(text, &ranges));
            if spans.as_ref() != Ok(&expected) {
                wrong.push(format!("{pattern} in {text:?}: {spans:?}, in Python {expected:?}"));
            }
            let in_child = found_in_child(pattern, text, 1_000).map(|ranges| in_code_points(text, &ranges));
            if in_child.as_ref() != Ok(&expected) {
                wrong.push(format!("{pattern} in {text:?}: {in_child:?} in a child process, in Python {expected:?}"));
            }
        }
    }
    assert!(patterns > 450, "{patterns}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the search is known to differ from Python, and why.
#[test]
fn known_deviations_from_python() {
    // Python knows the names of all characters.
    let error = found(r"\N{EM DASH}", "\u{2014}").expect_err("it is refused");
    assert_eq!(error, "character names (\\N{...}) are not supported; write \\u and four digits at position 0");
    // Python sets no limits on nesting and length.
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(found(&deep(30), "a"), Ok(vec![0..1]));
    assert!(found(&deep(31), "a").is_err_and(|error| error.contains("nested")));
    assert_eq!(found(&"a".repeat(MAX_PATTERN), "a"), Ok(Vec::new()));
    assert!(found(&"a".repeat(MAX_PATTERN + 1), "a").is_err_and(|error| error.contains("characters")));
    // Python compares a reference by lower case only.
    assert_eq!(found(r"(?i)(σ)\1", "σς"), Ok(vec![0..4]));
    // `re.search` of Python 3.11 finds nothing here, though `re.match` matches: a defect of its own.
    assert_eq!(found(r"(?a:\W)", "é"), Ok(vec![0..2]));
}

#[test]
fn an_error_names_line_and_column_of_a_pattern_with_several_lines() {
    let error = found("(?x)a\n  *\n  (", "").expect_err("it is refused");
    assert_eq!(error, "missing ), unterminated subpattern at position 12 (line 3, column 3)");
}

#[test]
fn a_search_ends_after_the_last_match_that_is_asked_for() {
    let worker = Worker::embedded(None);
    let limits = Limits { matches: 3, ..Limits::default() };
    let found = |text| Search::new(Pattern::parse("a").expect("a valid pattern"), text).run(text, limits, &worker);
    assert_eq!(found("aaa").map(|matches| matches.len()), Ok(3));
    assert_eq!(found("aaaa").map(|matches| matches.len()), Ok(3));
    assert_eq!(found_in_child("a", "aaa", 3).map(|matches| matches.len()), Ok(3));
    assert_eq!(found_in_child("a", "aaaa", 3).map(|matches| matches.len()), Ok(3));
}

#[test]
fn what_may_take_long_is_not_searched_in_this_process() {
    let worker = Worker::embedded(None);
    let search = |pattern: &str, text: &str| {
        Search::new(Pattern::parse(pattern).expect("a valid pattern"), text).run(text, Limits::default(), &worker)
    };
    let long = "a".repeat(TEXT_HERE_BYTES);
    assert_eq!(search("ab", &long), Ok(Vec::new()));
    assert_eq!(search("ab", &format!("{long}a")), Err(SearchError::NeedsProgram), "the text is too long");
    assert_eq!(search(r"(\w{1,100}){1,100}b", "a"), Err(SearchError::NeedsProgram), "the pattern is too large");
    for pattern in [r"(a)\1", "(?=b)b", "(?<!a)b", "(?>a)", "a++", "x*", "(?:a$|b)"] {
        assert_eq!(search(pattern, "b\n"), Err(SearchError::NeedsProgram), "{pattern}");
    }
    assert_eq!(search("(?:a$|b)", "b"), Ok(vec![0..1]), "the text does not end with a line feed");
    assert_eq!(search("b+$", "bb\n"), Ok(vec![0..2]));
    assert_eq!(search(r"b\b", "b\u{301}"), Err(SearchError::NeedsProgram), "words differ");
    assert_eq!(search(r"é\b", "é"), Ok(vec![0..2]));
}

#[test]
fn a_search_in_this_process_ends_at_its_deadline() {
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let pattern = Pattern::parse("a").expect("a valid pattern");
    assert_eq!(Search::new(pattern, "a").run("a", limits, &Worker::embedded(None)), Err(SearchError::TooLong));
}

#[test]
fn a_result_that_was_changed_is_an_error() {
    let valid = job::answer(vec![b"a".to_vec(), 9_u64.to_le_bytes().to_vec(), b"aa".to_vec()]).expect("a result");
    assert_eq!(job::result(&valid), Ok(vec![0..1, 1..2]));
    for cut in [0, 2, 9, 16, 24] {
        assert!(job::result(&valid[..cut]).is_err(), "{cut}");
    }
}

proptest! {
    #[test]
    fn a_literal_is_found_where_the_standard_library_finds_it(text in "[ab\\.é\u{301}\u{10000}\n]{0,40}|.{0,40}", at in 0_usize..40) {
        let literal: String = text.chars().skip(at).take(1 + at % 3).collect();
        let needle = if literal.is_empty() { "a.b".to_owned() } else { literal };
        let escaped = needle.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect::<Vec<_>>().concat();
        let expected: Vec<Range<usize>> =
            text.match_indices(&needle).map(|(start, found)| start..start + found.len()).collect();
        prop_assert_eq!(found(&escaped, &text), Ok(expected.clone()));
        prop_assert_eq!(found(&format!("(?:{escaped})(?=)"), &text), Ok(expected));
    }

    #[test]
    fn any_text_as_a_pattern_is_refused_or_searched(pattern in "[a-c0-9(){}\\[\\]|*+?.^$\\\\<>=!:#PiLux,-]{0,20}", text in "[abc\n ]{0,10}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            // Any result is good: patterns may be too large.
            let _ = Search::new(pattern, &text).run(&text, Limits::default(), &Worker::embedded(None));
        }
    }
}
