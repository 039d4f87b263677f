//! Text on terminals. Control characters in JSON that is shown there are escaped, because it contains text from
//! clients: serde escapes those below U+0020, this module U+007F to U+009F. Emulated responses are not changed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal;

/// Whether to colour what is written to a stream: it is a terminal, and `NO_COLOR` is not set.
pub(crate) fn takes_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// `json` with every control character escaped. They occur only inside strings, so the JSON has the same meaning.
pub(crate) fn escape_controls(json: &str) -> Cow<'_, str> {
    let is_control = |character: &char| ('\u{7f}'..='\u{9f}').contains(character);
    // The UTF-8 encodings of these characters contain one of two bytes, which are rare and quick to search for.
    if memchr::memchr2(0x7f, 0xc2, json.as_bytes()).is_none() || !json.chars().any(|character| is_control(&character)) {
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
    fn control_characters_are_escaped_and_the_value_is_the_same() {
        let text = "a\u{7f}b\u{85}c\u{9b}31mé\u{a0}";
        let json = serde_json::to_string(text).expect("a string");
        let shown = escape_controls(&json);
        assert_eq!(shown, r#""a\u007fb\u0085c\u009b31mé"#.to_owned() + "\u{a0}\"");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), text);
    }

    #[test]
    fn text_without_control_characters_is_not_copied() {
        assert!(matches!(escape_controls(r#"{"a":"é©"}"#), Cow::Borrowed(_)));
    }
}
