//! The search for syntax errors compared with `serde_json` on generated texts: text that `serde_json` parses is well
//! formed, and the position of an error is within the text.

use super::{Located, locate};
use proptest::prelude::*;
use serde_json::Value;

/// Pieces that JSON is made of, good and bad.
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

/// Texts of pieces at random: near to JSON, seldom JSON.
fn rubble() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Good JSON with some characters taken out of it and a piece put in.
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

/// An error is where Python can have found it: within the text or right behind it.
fn lies_within(text: &str) -> Result<(), TestCaseError> {
    if let Located::Broken { at, message } = locate(text) {
        prop_assert!(at <= text.chars().count(), "{message} at {at}");
        prop_assert!(!message.is_empty());
    }
    Ok(())
}

/// What `serde_json` takes is sound, and what is not sound it does not take.
fn agrees_with_serde(text: &str) -> Result<(), TestCaseError> {
    if serde_json::from_str::<Value>(text).is_ok() {
        prop_assert_eq!(locate(text), Located::Sound);
    }
    Ok(())
}

/// What Python reads and `serde_json` refuses has one of the few things in it that only Python takes.
fn differs_for_a_reason(text: &str) -> Result<(), TestCaseError> {
    if locate(text) == Located::Sound && serde_json::from_str::<Value>(text).is_err() {
        prop_assert!(["NaN", "Infinity", "\\u"].iter().any(|reason| text.contains(reason)), "{text:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_serde_json_writes_is_sound(value in value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        prop_assert_eq!(locate(&text.expect("a value can be written")), Located::Sound);
    }

    #[test]
    fn rubble_is_judged_as_serde_json_judges_it(text in rubble()) {
        agrees_with_serde(&text)?;
        differs_for_a_reason(&text)?;
        lies_within(&text)?;
    }

    #[test]
    fn damaged_json_is_judged_as_serde_json_judges_it(text in damaged()) {
        agrees_with_serde(&text)?;
        differs_for_a_reason(&text)?;
        lies_within(&text)?;
    }

    #[test]
    fn any_text_has_its_error_within_itself(text in any::<String>()) {
        agrees_with_serde(&text)?;
        lies_within(&text)?;
    }

    #[test]
    fn json_cut_short_is_broken_or_a_shorter_number(value in value(), at in any::<prop::sample::Index>()) {
        let whole: Vec<char> = value.to_string().chars().collect();
        let text: String = whole[..at.index(whole.len())].iter().collect();
        agrees_with_serde(&text)?;
        lies_within(&text)?;
        prop_assert!(locate(&text) != Located::Sound || value.is_number());
    }
}
