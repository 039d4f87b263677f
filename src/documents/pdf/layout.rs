//! Words, lines and paragraphs from the positions of glyphs. The order is that of the content, which is the reading
//! order in what word processors, browsers and TeX write.

use hayro_font::kurbo::{Point, Vec2};

/// The gap along the line from which on a space separates two glyphs, in font sizes.
const SPACE: f64 = 0.17;

/// How far the pen goes back along the line before that is a new line, in font sizes.
const BACK: f64 = 0.6;

/// The distance across the line from which on a glyph stands on another line, in font sizes.
const LINE: f64 = 0.5;

/// The distance across the line from which on the lines are of different paragraphs, in font sizes.
const PARAGRAPH: f64 = 1.8;

/// A glyph on the page.
pub(super) struct Glyph {
    pub(super) start: Point,
    pub(super) end: Point,
    /// The size of its font on the page.
    pub(super) size: f64,
    /// The direction of the line, of length 1; zero if a matrix has no inverse.
    pub(super) direction: Vec2,
}

/// The text of a page as it grows.
#[derive(Default)]
pub(super) struct PageText {
    text: String,
    last: Option<Glyph>,
}

impl PageText {
    /// Adds the characters of a glyph.
    pub(super) fn push(&mut self, characters: &str, glyph: Glyph) {
        self.separate(&glyph);
        for character in characters.chars() {
            self.push_character(character);
        }
        self.last = Some(glyph);
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }

    /// The length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    fn separate(&mut self, glyph: &Glyph) {
        let Some(last) = &self.last else { return };
        let size = last.size.max(glyph.size);
        let gap = glyph.start - last.end;
        let (along, across) = (gap.dot(last.direction), gap.cross(last.direction).abs());
        if across > PARAGRAPH * size {
            self.end_line("\n\n");
        } else if across > LINE * size || along < -BACK * size {
            self.end_line("\n");
        } else if along > SPACE * size {
            self.push_space();
        }
    }

    fn end_line(&mut self, end: &str) {
        self.text.truncate(self.text.trim_end().len());
        if !self.text.is_empty() {
            self.text.push_str(end);
        }
    }

    fn push_space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    fn push_character(&mut self, character: char) {
        match character {
            '\u{fb00}' => self.text.push_str("ff"),
            '\u{fb01}' => self.text.push_str("fi"),
            '\u{fb02}' => self.text.push_str("fl"),
            '\u{fb03}' => self.text.push_str("ffi"),
            '\u{fb04}' => self.text.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => self.text.push_str("st"),
            // A soft hyphen that is shown ends a line within a word.
            '\u{ad}' => self.text.push('-'),
            // Line ends and form feeds come from positions and pages only.
            character if character.is_whitespace() => self.push_space(),
            character if character.is_control() => {}
            character => self.text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(glyphs: &[(&str, f64, f64)]) -> String {
        let mut page = PageText::default();
        for (text, x, y) in glyphs {
            let (start, end) = (Point::new(*x, *y), Point::new(x + 5.0, *y));
            page.push(text, Glyph { start, end, size: 10.0, direction: Vec2::new(1.0, 0.0) });
        }
        page.finish()
    }

    #[test]
    fn gaps_become_spaces_lines_and_paragraphs() {
        assert_eq!(page(&[("a", 0.0, 0.0), ("b", 5.0, 0.0), ("c", 12.0, 0.0)]), "ab c");
        assert_eq!(page(&[("a", 0.0, 0.0), ("b", 0.0, -12.0), ("c", 0.0, -40.0)]), "a\nb\n\nc");
        assert_eq!(page(&[("a", 50.0, 0.0), ("b", 0.0, 0.0)]), "a\nb", "the pen goes back");
        assert_eq!(page(&[("a", 0.0, 0.0), ("2", 5.0, 4.0)]), "a2", "a superscript");
        assert_eq!(page(&[(" ", 0.0, 0.0), ("a", 5.0, 0.0), (" ", 10.0, 0.0), ("b", 20.0, 0.0)]), "a b");
        assert_eq!(page(&[]), "");
    }

    #[test]
    fn characters_are_normalised_before_offsets_are_taken() {
        assert_eq!(page(&[("e\u{fb03}cient", 0.0, 0.0), ("\u{ad}", 5.0, 0.0)]), "efficient-");
        assert_eq!(page(&[("a\u{c}b\nc\0\u{7}d\u{a0}e", 0.0, 0.0)]), "a b cd e");
    }
}
