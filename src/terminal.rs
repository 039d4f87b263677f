//! JSON that people read on terminals: what clients wrote stands in it, and must not move a cursor. serde escapes the
//! control characters below the space; the others, which terminals obey as well, are escaped here. It never touches
//! emulated answers, which are the service's byte for byte.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The same JSON with every control character escaped. Outside of strings JSON has none, so the meaning stays.
pub fn harmless(json: &str) -> Cow<'_, str> {
    let is_control = |character: &char| ('\u{7f}'..='\u{9f}').contains(character);
    // A byte of an encoded one is rare, and to look for bytes is cheap.
    if !json.bytes().any(|byte| byte == 0x7f || byte == 0xc2) || !json.chars().any(|character| is_control(&character)) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_control(&character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_means_the_same() {
        let text = "a\u{7f}b\u{85}c\u{9b}31mé\u{a0}";
        let json = serde_json::to_string(text).expect("a string");
        let shown = harmless(&json);
        assert_eq!(shown, r#""a\u007fb\u0085c\u009b31mé"#.to_owned() + "\u{a0}\"");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), text);
    }

    #[test]
    fn what_needs_no_escape_is_not_copied() {
        assert!(matches!(harmless(r#"{"a":"é©"}"#), Cow::Borrowed(_)));
    }
}
