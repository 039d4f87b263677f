//! Compares the syntax check with `serde_json` on generated texts, and checks that error offsets are inside the text.

use super::{SyntaxError, check_syntax};
use proptest::prelude::*;
use serde_json::Value;

/// Valid and invalid fragments of JSON.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\u00e9",
    "\\n",
    "\\x",
    "null",
    "true",
    "false",
    "nul",
    "NaN",
    "Infinity",
    "-Infinity",
    "-",
    "+",
    "0",
    "1",
    "12",
    ".",
    ".5",
    "e",
    "E+3",
    "a",
    "é",
    "😀",
    "\u{2028}",
    "\u{feff}",
    " ",
    "\t",
    "\n",
    "\r",
    "\u{b}",
    "\u{1}",
    "\0",
    "\"a\":",
    "\"\"",
    "[]",
    "{}",
    "/",
];

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Random sequences of fragments, which are rarely valid JSON.
fn fragments() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Valid JSON in which fragments replace some characters.
fn damaged() -> impl Strategy<Value = String> {
    let damage = (any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(PIECES));
    (value(), prop::collection::vec(damage, 1..4)).prop_map(|(value, damages)| {
        let mut text: Vec<char> = value.to_string().chars().collect();
        for (at, removed, piece) in damages {
            let start = at.index(text.len() + 1);
            let end = (start + removed).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// Asserts that the offset of an error is inside the text or at its end.
fn assert_offset_inside(text: &str) -> Result<(), TestCaseError> {
    if let Err(SyntaxError { at, message }) = check_syntax(text) {
        prop_assert!(at <= text.chars().count(), "{message} at {at}");
        prop_assert!(!message.is_empty());
    }
    Ok(())
}

/// Asserts that text which `serde_json` reads has no syntax error.
fn assert_valid_if_serde_reads(text: &str) -> Result<(), TestCaseError> {
    if serde_json::from_str::<Value>(text).is_ok() {
        prop_assert_eq!(check_syntax(text), Ok(()));
    }
    Ok(())
}

/// Asserts that text without a syntax error which `serde_json` rejects contains something that only Python accepts.
fn assert_serde_reads_if_valid(text: &str) -> Result<(), TestCaseError> {
    if check_syntax(text).is_ok() && serde_json::from_str::<Value>(text).is_err() {
        prop_assert!(["NaN", "Infinity", "\\u"].iter().any(|reason| text.contains(reason)), "{text:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn text_written_by_serde_json_is_valid(value in value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        prop_assert_eq!(check_syntax(&text.expect("a value can be written")), Ok(()));
    }

    #[test]
    fn fragments_are_valid_if_serde_json_reads_them(text in fragments()) {
        assert_valid_if_serde_reads(&text)?;
        assert_serde_reads_if_valid(&text)?;
        assert_offset_inside(&text)?;
    }

    #[test]
    fn damaged_json_is_valid_if_serde_json_reads_it(text in damaged()) {
        assert_valid_if_serde_reads(&text)?;
        assert_serde_reads_if_valid(&text)?;
        assert_offset_inside(&text)?;
    }

    #[test]
    fn the_error_in_any_text_is_inside_it(text in any::<String>()) {
        assert_valid_if_serde_reads(&text)?;
        assert_offset_inside(&text)?;
    }

    #[test]
    fn truncated_json_is_invalid_or_a_shorter_number(value in value(), at in any::<prop::sample::Index>()) {
        let whole: Vec<char> = value.to_string().chars().collect();
        let text: String = whole[..at.index(whole.len())].iter().collect();
        assert_valid_if_serde_reads(&text)?;
        assert_offset_inside(&text)?;
        prop_assert!(check_syntax(&text).is_err() || value.is_number());
    }
}
