//! Lines and paragraphs from the places of glyphs. The order of lines is that of the content, which is the reading
//! order in what word processors, browsers and TeX write.

use hayro_font::kurbo::{Point, Rect, Vec2};

use super::line::Line;
use super::{bidi, characters};

/// How far the pen goes back along the line before that is a new line, in ems.
const BACK: f64 = 0.6;

/// The distance across the line from which on a glyph stands on another line, in font sizes.
const LINE: f64 = 0.5;

/// The distance across the line from which on the lines are of different paragraphs, in font sizes.
const PARAGRAPH: f64 = 1.8;

/// Maximum number of glyphs of a line, which are in memory together.
const MAX_LINE_GLYPHS: usize = 10_000;

/// A glyph on the page.
pub(super) struct Glyph {
    pub(super) start: Point,
    pub(super) end: Point,
    /// The size of its font on the page, from line to line.
    pub(super) size: f64,
    /// The size of its font along the line, by which gaps are measured.
    pub(super) em: f64,
    /// The direction of the line, of length 1; zero if a matrix has no inverse.
    pub(super) direction: Vec2,
}

/// The text of a page as it grows.
pub(super) struct PageText {
    text: String,
    line: Line,
    /// The last glyph that is no space.
    last: Option<Glyph>,
    /// What lies outside is on no page.
    bounds: Rect,
}

impl PageText {
    /// No text yet, on a page with these bounds.
    pub(super) fn within(bounds: Rect) -> Self {
        Self { text: String::new(), line: Line::default(), last: None, bounds }
    }

    /// Adds the characters of a glyph, if it stands on the page.
    pub(super) fn push(&mut self, shown: &str, glyph: Glyph) {
        if !glyph.is_within(self.bounds) {
            return;
        }
        let mut text = String::new();
        shown.chars().for_each(|character| characters::push(&mut text, character));
        if self.line.len() == MAX_LINE_GLYPHS {
            self.end_line("");
        }
        if !text.is_empty() {
            if let Some(separator) = self.separator(&text, &glyph) {
                self.end_line(separator);
            }
            self.line.push(&text, &glyph);
            self.last = Some(glyph);
        } else if shown.contains(char::is_whitespace) {
            self.line.push(" ", &glyph);
        }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.end_line("");
        self.text.truncate(self.text.trim_end().len());
        self.text
    }

    /// The length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What comes before a glyph that starts a line.
    fn separator(&self, text: &str, glyph: &Glyph) -> Option<&'static str> {
        let last = self.last.as_ref()?;
        let gap = glyph.start - last.end;
        let (along, across) = (gap.dot(last.direction), gap.cross(last.direction).abs());
        let size = last.size.max(glyph.size);
        // Text from right to left goes back from glyph to glyph.
        let goes_back = || self.line.is_right_to_left() || bidi::is_right_to_left(text);
        if across > PARAGRAPH * size {
            Some("\n\n")
        } else if across > LINE * size || (along < -BACK * last.em.max(glyph.em) && !goes_back()) {
            Some("\n")
        } else {
            None
        }
    }

    fn end_line(&mut self, separator: &str) {
        if self.line.is_empty() {
            return;
        }
        self.text.push_str(self.line.text().trim_end());
        self.line.clear();
        if !self.text.is_empty() {
            self.text.push_str(separator);
        }
    }
}

impl Glyph {
    /// Whether some of what stands above the line is within the bounds.
    fn is_within(&self, bounds: Rect) -> bool {
        let up = Vec2::new(-self.direction.y, self.direction.x) * self.size;
        let shape = Rect::from_points(self.start, self.end).union(Rect::from_points(self.start + up, self.end + up));
        shape.x0 <= bounds.x1 && shape.x1 >= bounds.x0 && shape.y0 <= bounds.y1 && shape.y1 >= bounds.y0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of glyphs of half an em, with a font of size 10.
    fn page(glyphs: &[(&str, f64, f64)]) -> String {
        let mut page = PageText::within(Rect::new(0.0, -100.0, 600.0, 100.0));
        for (text, x, y) in glyphs {
            let (start, end) = (Point::new(*x, *y), Point::new(x + 5.0, *y));
            page.push(text, Glyph { start, end, size: 10.0, em: 10.0, direction: Vec2::new(1.0, 0.0) });
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
    fn the_gap_between_words_is_a_tenth_of_an_em() {
        assert_eq!(page(&[("a", 0.0, 0.0), ("b", 6.0, 0.0)]), "ab");
        assert_eq!(page(&[("a", 0.0, 0.0), ("b", 6.1, 0.0)]), "a b");
    }

    #[test]
    fn a_space_counts_where_it_stands_between_glyphs() {
        assert_eq!(page(&[("a", 0.0, 0.0), (" ", 5.0, 0.0), ("b", 10.0, 0.0)]), "a b");
        assert_eq!(page(&[("a", 0.0, 0.0), (" ", 2.0, 0.0), ("b", 5.0, 0.0)]), "ab", "over the word");
        assert_eq!(page(&[("a", 0.0, 0.0), (" ", 5.0, 0.0), ("b", 5.0, 0.0)]), "ab", "under the next glyph");
        assert_eq!(page(&[("a", 0.0, 0.0), ("b", 5.0, 0.0), (" ", 3.0, 0.0), (" ", 0.0, -12.0)]), "ab");
    }

    #[test]
    fn text_from_right_to_left_is_read_in_whatever_order_it_is_drawn() {
        let drawn_to_the_right = [("ם", 0.0, 0.0), ("ו", 5.0, 0.0), ("ל", 10.0, 0.0), ("ש", 15.0, 0.0)];
        assert_eq!(page(&drawn_to_the_right), "שלום");
        let drawn_to_the_left: Vec<_> = drawn_to_the_right.into_iter().rev().collect();
        assert_eq!(page(&drawn_to_the_left), "שלום");
        let twice: Vec<_> =
            drawn_to_the_right.iter().flat_map(|&(text, x, y)| [(text, x, y), (text, x + 0.3, y)]).collect();
        assert_eq!(page(&twice), "שלום", "drawn twice to look bold");
        let points = [("ָ", 1.0, 0.0), ("ב", 0.0, 0.0), ("א", 5.0, 0.0), ("ַ", 6.0, 0.0)];
        assert_eq!(page(&points), "אַבָ");
        assert_eq!(page(&[("ב", 0.0, 0.0), ("א", 5.0, 0.0), ("ד", 0.0, -12.0), ("ג", 5.0, -12.0)]), "אב\nגד");
    }

    #[test]
    fn glyphs_outside_the_page_are_not_on_it() {
        assert_eq!(page(&[("a", -5.1, 0.0), ("b", 0.0, 0.0), ("c", 599.0, 0.0), ("d", 601.0, 0.0)]), "b c");
        assert_eq!(page(&[("a", 0.0, -110.1), ("b", 0.0, -105.0), ("c", 0.0, 100.5)]), "b");
    }

    #[test]
    fn a_line_without_end_is_read_in_parts() {
        let glyphs: Vec<_> = (0..MAX_LINE_GLYPHS + 10).map(|_| ("a", 0.0, 0.0)).collect();
        assert_eq!(page(&glyphs).len(), MAX_LINE_GLYPHS + 10);
    }
}
