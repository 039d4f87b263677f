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

/// At most `most` columns of a text, which is cut between words if there is such a place in their second half. If it is
/// cut, the last character is an ellipsis.
pub(crate) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if columns(text) <= most {
        return text.into();
    }
    let mut used = 0;
    let fits = |character: &char| {
        used += width(*character);
        used < most
    };
    let cut: String = text.chars().take_while(fits).collect();
    let is_between = |character: char| matches!(character, ' ' | '/' | '?' | '&' | ',' | ';');
    // A place after the last whole word: before a space, after another separator.
    let rest = &text[cut.len()..];
    let end = if rest.starts_with(is_between) { Some(cut.len()) } else { cut.rfind(is_between).map(|at| at + 1) };
    let whole_words = end.filter(|end| *end > cut.len() / 2).map_or(&*cut, |end| &cut[..end]);
    format!("{}…", whole_words.trim_end()).into()
}

/// The columns that a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The columns of a character: two for those of East Asian scripts and for emoji. Where terminals differ, the larger
/// number.
fn width(character: char) -> usize {
    let is_narrow = character < '\u{1100}' || ('\u{1200}'..'\u{2e80}').contains(&character);
    if is_narrow { 1 } else { 2 }
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
    fn a_text_is_cut_between_words_if_it_can_be() {
        for (text, most, expected) in [
            ("one two", 7, "one two"),
            ("one two three", 7, "one…"),
            ("one two three", 8, "one two…"),
            ("one two three", 12, "one two…"),
            ("GET /api/v1/indexes", 13, "GET /api/v1/…"),
            ("abcdefghijkl mn", 10, "abcdefghi…"),
            ("a bcdefghijklmn", 10, "a bcdefgh…"),
            ("\u{5b57}\u{5b57}\u{5b57}", 5, "\u{5b57}\u{5b57}…"),
            ("", 0, ""),
            ("a", 0, "…"),
        ] {
            assert_eq!(shortened(text, most), expected, "{text:?} {most}");
        }
    }

    #[test]
    fn text_without_control_characters_is_not_copied() {
        assert!(matches!(escape_controls(r#"{"a":"é©"}"#), Cow::Borrowed(_)));
    }
}
