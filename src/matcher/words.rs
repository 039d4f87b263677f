//! Lines of words separated by spaces, with values in double quotes: fault rules and expectations.

use std::borrow::Cow;

use super::ParseError;

/// A value as it is written in a line.
pub(crate) fn quoted(value: &str) -> Cow<'_, str> {
    if value.is_empty() || value.contains(needs_quotes) {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")).into()
    } else {
        value.into()
    }
}

/// Whether [`split_words`] would end a word at this character, or remove it.
fn needs_quotes(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\\')
}

/// Splits at spaces outside double quotes, and removes the quotes. Inside quotes `\"` is a quote and `\\` a backslash;
/// any other backslash, as in a regular expression, is itself.
pub(crate) fn split_words(text: &str) -> Result<Vec<String>, ParseError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted_at = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (character, quoted_at) {
            ('"', None) => {
                quoted_at = Some(at);
                word.get_or_insert_default();
            }
            ('"', Some(_)) => quoted_at = None,
            ('\\', Some(_)) => {
                let escaped = text[at + 1..].chars().next().filter(|next| matches!(next, '"' | '\\'));
                word.get_or_insert_default().push(escaped.unwrap_or('\\'));
                if escaped.is_some() {
                    characters.next();
                }
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    match quoted_at {
        Some(at) => Err(ParseError::new(format_args!("character {}", at + 1), "opens a quote that is not closed")),
        None => Ok(words),
    }
}
