//! The order of reading of a line that has text from right to left. A PDF shows glyphs at their places, which is the
//! order of the eye; Unicode's bidirectional algorithm, applied to that order, gives the order of reading.

use unicode_bidi::{BidiClass, Level, ParagraphBidiInfo, bidi_class};

/// From this share of its letters on, letters from right to left make the whole line go that way.
const SHARE: f64 = 0.3;

/// Characters that are mirrored in text from right to left: what looks like the first is the second.
const MIRRORED: [(char, char); 7] =
    [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('«', '»'), ('‹', '›'), ('≤', '≥')];

/// Whether some letter goes from right to left.
pub(super) fn is_right_to_left(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_right_to_left_letter)
}

/// Whether the characters are marks on the letter before them, such as vowels.
pub(super) fn is_mark(text: &str) -> bool {
    !text.is_ascii() && text.chars().all(|character| bidi_class(character) == BidiClass::NSM)
}

/// The text of pieces that stand from left to right. The characters of each are in the order of reading.
pub(super) fn in_reading_order(pieces: &[&str]) -> String {
    let visual = pieces.concat();
    let line_level = level(&visual);
    let info = ParagraphBidiInfo::new(&visual, Some(line_level));
    let starts = pieces.iter().scan(0, |at, piece| Some(std::mem::replace(at, *at + piece.len())));
    let levels: Vec<Level> = starts.map(|at| info.levels.get(at).copied().unwrap_or(line_level)).collect();
    let mirrors = has_brackets_as_seen(&visual);
    let order = ParagraphBidiInfo::reorder_visual(&levels);
    let mut text = String::with_capacity(visual.len());
    for piece in order {
        if mirrors && levels[piece].is_rtl() {
            text.extend(pieces[piece].chars().map(mirrored));
        } else {
            text.push_str(pieces[piece]);
        }
    }
    text
}

fn is_right_to_left_letter(character: char) -> bool {
    matches!(bidi_class(character), BidiClass::R | BidiClass::AL)
}

#[expect(clippy::cast_precision_loss, reason = "a line has less than 2^52 letters")]
fn level(text: &str) -> Level {
    let right = text.chars().filter(|character| is_right_to_left_letter(*character)).count() as f64;
    let left = text.chars().filter(|character| bidi_class(*character) == BidiClass::L).count() as f64;
    if right >= SHARE * (left + right) { Level::rtl() } else { Level::ltr() }
}

/// Whether brackets are named by their shapes, as most programs do, so that an opening one stands left of its closing
/// one. Others name what the author wrote.
fn has_brackets_as_seen(visual: &str) -> bool {
    let (mut open, mut closed, mut seen, mut written) = (0, 0, 0, 0);
    for character in visual.chars() {
        match character {
            '(' | '[' | '{' if closed > 0 => (closed, written) = (closed - 1, written + 1),
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' if open > 0 => (open, seen) = (open - 1, seen + 1),
            ')' | ']' | '}' => closed += 1,
            _ => {}
        }
    }
    seen >= written
}

fn mirrored(character: char) -> char {
    let other = MIRRORED
        .iter()
        .find_map(|&(left, right)| if character == left { Some(right) } else { (character == right).then_some(left) });
    other.unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of reading of characters that stand so from left to right.
    fn read(visual: &str) -> String {
        let pieces: Vec<&str> = visual.split("").filter(|piece| !piece.is_empty()).collect();
        in_reading_order(&pieces)
    }

    /// As it is shown from left to right.
    fn seen(words: &str) -> String {
        words.chars().rev().collect()
    }

    #[test]
    fn words_numbers_and_other_scripts_are_in_the_order_of_reading() {
        assert_eq!(read(&seen("שלום עולם.")), "שלום עולם.");
        assert_eq!(read(&format!("{} 2024 {}", seen("אחרי"), seen("שנת"))), "שנת 2024 אחרי");
        assert_eq!(read(&format!("{} 12.5% {}", seen("ריבית"), seen("של"))), "של 12.5% ריבית");
        assert_eq!(read(&format!("{} HTTP {}", seen("בקשת"), seen("זו"))), "זו HTTP בקשת");
        assert_eq!(
            read(&format!("The word {} means peace in Hebrew.", seen("שלום"))),
            "The word שלום means peace in Hebrew."
        );
        assert_eq!(read(&format!("2024/05/12 {}", seen("تاريخ"))), "تاريخ 2024/05/12");
        assert_eq!(read("only left"), "only left");
    }

    #[test]
    fn brackets_are_what_the_author_wrote_however_the_program_named_them() {
        assert_eq!(read(&format!("({}) {}", seen("בית"), seen("שלום"))), "שלום (בית)", "by their shapes");
        assert_eq!(read(&format!("){}( {}", seen("בית"), seen("שלום"))), "שלום (בית)", "as written");
        assert_eq!(read(&format!("{}) {}", seen("בית"), seen("שלום"))), "שלום (בית", "without the other one");
    }

    #[test]
    fn a_piece_keeps_its_own_order() {
        assert_eq!(in_reading_order(&["م", "لا", "س"]), "سلام");
        assert_eq!(in_reading_order(&[]), "");
    }
}
