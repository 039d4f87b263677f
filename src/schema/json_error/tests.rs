//! Compares the syntax check with `serde_json` on generated texts, and checks that error offsets are inside the text.

use super::{SyntaxError, check_syntax};
use proptest::prelude::*;
use serde_json::Value;

/// Valid and invalid fragments of JSON, separated by spaces.
const PIECES: &str = "{ } [ ] , : \" \\ \\u \\ud83d \\ude00 \\u00e9 \\n \\x null true false nul NaN \
     Infinity -Infinity - + 0 1 12 . .5 e E+3 a é 😀 \u{2028} \u{feff} \t \n \r \u{b} \u{1} \0 \"a\": \"\" [] {} /";

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(PIECES.split(' ').chain([" "]).collect::<Vec<_>>())
}

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
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// Valid JSON in which fragments replace some characters.
fn damaged() -> impl Strategy<Value = String> {
    let damage = (any::<prop::sample::Index>(), 0..3_usize, piece());
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

/// Asserts that the syntax check and `serde_json` agree, but for what only Python accepts, and that the offset of an
/// error is inside the text or at its end.
fn assert_agreement(text: &str) -> Result<(), TestCaseError> {
    let is_python = || ["NaN", "Infinity", "\\u"].iter().any(|reason| text.contains(reason));
    match (check_syntax(text), serde_json::from_str::<Value>(text).is_ok()) {
        (Ok(()), is_valid) => prop_assert!(is_valid || is_python(), "{text:?}"),
        (Err(SyntaxError { at, message }), is_valid) => {
            prop_assert!(!is_valid && at <= text.chars().count() && !message.is_empty(), "{message} at {at}");
        }
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
        assert_agreement(&text)?;
    }

    #[test]
    fn damaged_json_is_valid_if_serde_json_reads_it(text in damaged()) {
        assert_agreement(&text)?;
    }

    #[test]
    fn the_error_in_any_text_is_inside_it(text in any::<String>()) {
        assert_agreement(&text)?;
    }

    #[test]
    fn truncated_json_is_invalid_or_a_shorter_number(value in value(), at in any::<prop::sample::Index>()) {
        let whole: Vec<char> = value.to_string().chars().collect();
        let text: String = whole[..at.index(whole.len())].iter().collect();
        assert_agreement(&text)?;
        prop_assert!(check_syntax(&text).is_err() || value.is_number());
    }
}
