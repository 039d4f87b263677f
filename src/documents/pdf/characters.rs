//! Characters of a glyph as text has them: letters instead of their shapes, spaces, no controls.

use unicode_normalization::char::decompose_compatible;

/// Adds a character to a text. Line ends and form feeds come from positions and pages only.
pub(super) fn push(text: &mut String, character: char) {
    match character {
        // A hyphen that is shown, whatever its font calls it.
        '\u{ad}' => text.push('-'),
        character if character.is_whitespace() => {
            if !text.is_empty() && !text.ends_with(' ') {
                text.push(' ');
            }
        }
        character if character.is_control() || is_bidi_control(character) => {}
        // Ligatures and the forms of letters in Latin, Hebrew and Arabic.
        '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' => push_letters(text, character),
        character => text.push(character),
    }
}

/// The marks of Arabic have forms that Unicode explains as a space with a mark: only the mark is shown.
fn push_letters(text: &mut String, shape: char) {
    let mut is_first = true;
    decompose_compatible(shape, |letter| {
        if !(is_first && letter == ' ') {
            text.push(letter);
        }
        is_first = false;
    });
}

/// Whether the character says in which direction others go: the order of the text says that already.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(characters: &str) -> String {
        let mut text = String::new();
        characters.chars().for_each(|character| push(&mut text, character));
        text
    }

    #[test]
    fn shapes_become_letters_and_controls_nothing() {
        assert_eq!(normalized("e\u{fb03}cient \u{fb05}ep\u{ad}"), "efficient step-");
        assert_eq!(normalized("a\u{c}b\nc\0\u{7}d\u{a0}\u{2003}e\u{202e}"), "a b cd e");
        assert_eq!(normalized("\u{fe91}\u{fef4}\u{fe96}"), "بيت", "an initial, a medial and a final form");
        assert_eq!(normalized("\u{fefb}\u{fb56}\u{fe76}"), "لا\u{67e}\u{64e}", "a ligature, a Persian letter, a mark");
        assert_eq!(normalized("\u{fb2a}"), "\u{5e9}\u{5c1}", "a Hebrew letter with its dot");
    }
}
