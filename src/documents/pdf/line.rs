//! The words of a line, from the places of its glyphs.

use std::borrow::Cow;
use std::ops::Range;

use hayro_font::kurbo::Vec2;

use super::bidi;
use super::layout::Glyph;

/// The gap from which on glyphs belong to different words, in ems: that of other programs.
const SPACE: f64 = 0.1;

/// How far a space may overlap the glyphs beside it, in ems. One that overlaps them more is drawn over a word.
const OVERLAP: f64 = 0.02;

/// The same glyph nearer than this, in ems, is drawn twice so that it looks bold.
const TWICE: f64 = 0.1;

/// The glyphs of a line in the order of the content.
#[derive(Default)]
pub(super) struct Line {
    glyphs: Vec<LineGlyph>,
    characters: String,
    /// The direction of the line, of length 1.
    direction: Vec2,
    is_right_to_left: bool,
}

/// A glyph with its place along the line.
struct LineGlyph {
    start: f64,
    end: f64,
    em: f64,
    characters: Range<usize>,
}

/// The characters of a glyph and of the marks on it.
struct Piece<'l> {
    start: f64,
    end: f64,
    em: f64,
    text: Cow<'l, str>,
}

impl Line {
    /// Adds a glyph with its characters.
    pub(super) fn push(&mut self, characters: &str, glyph: &Glyph) {
        if self.glyphs.is_empty() {
            self.direction = glyph.direction;
        }
        let from = self.characters.len();
        self.characters.push_str(characters);
        self.is_right_to_left |= bidi::is_right_to_left(characters);
        self.glyphs.push(LineGlyph {
            start: glyph.start.to_vec2().dot(self.direction),
            end: glyph.end.to_vec2().dot(self.direction),
            em: glyph.em,
            characters: from..self.characters.len(),
        });
    }

    /// Whether some of it goes from right to left.
    pub(super) fn is_right_to_left(&self) -> bool {
        self.is_right_to_left
    }

    /// The number of its glyphs.
    pub(super) fn len(&self) -> usize {
        self.glyphs.len()
    }

    /// Whether it has no glyph.
    pub(super) fn is_empty(&self) -> bool {
        self.glyphs.is_empty()
    }

    /// Its text, in the order of reading.
    pub(super) fn text(&self) -> String {
        let pieces = self.glyphs.iter().map(|glyph| Piece {
            start: glyph.start,
            end: glyph.end,
            em: glyph.em,
            text: Cow::Borrowed(&self.characters[glyph.characters.clone()]),
        });
        if self.is_right_to_left {
            let pieces = from_left_to_right(pieces);
            bidi::in_reading_order(&with_spaces(&pieces))
        } else {
            with_spaces(&pieces.collect::<Vec<_>>()).concat()
        }
    }

    /// Removes all glyphs.
    pub(super) fn clear(&mut self) {
        self.glyphs.clear();
        self.characters.clear();
        self.is_right_to_left = false;
    }
}

/// The pieces as the eye sees them, each once, with the marks on their letters.
fn from_left_to_right<'l>(pieces: impl Iterator<Item = Piece<'l>>) -> Vec<Piece<'l>> {
    let (marks, mut letters): (Vec<Piece<'_>>, Vec<Piece<'_>>) = pieces.partition(|piece| bidi::is_mark(&piece.text));
    letters.sort_by(|first, second| first.start.total_cmp(&second.start));
    letters.dedup_by(|second, first| second.text == first.text && second.start - first.start < TWICE * first.em);
    for mark in marks {
        let middle = f64::midpoint(mark.start, mark.end) + OVERLAP * mark.em;
        let right_of = letters.partition_point(|letter| letter.start <= middle);
        if let Some(letter) = letters.get_mut(right_of.saturating_sub(1)) {
            letter.text.to_mut().push_str(&mark.text);
        }
    }
    letters
}

/// The texts of the pieces, with a space between words.
fn with_spaces<'p>(pieces: &'p [Piece<'_>]) -> Vec<&'p str> {
    let mut texts = Vec::with_capacity(pieces.len());
    let mut last: Option<&Piece<'_>> = None;
    let mut space: Option<(f64, f64)> = None;
    for piece in pieces {
        if piece.text.trim().is_empty() {
            space = Some((space.map_or(piece.start, |(start, _)| start), piece.end));
            continue;
        }
        if last.is_some_and(|last| are_apart(last, space, piece)) {
            texts.push(" ");
        }
        texts.push(&*piece.text);
        (last, space) = (Some(piece), None);
    }
    texts
}

/// Whether two pieces belong to different words. `space` is where spaces between them start and end: they count if
/// they stand after the first, and leave something between the two. Text that lies over a scanned page has spaces that
/// are wider than the gaps.
fn are_apart(last: &Piece<'_>, space: Option<(f64, f64)>, piece: &Piece<'_>) -> bool {
    let em = last.em.max(piece.em);
    let (gap, tolerance) = (piece.start - last.end, OVERLAP * em);
    gap > SPACE * em
        || space.is_some_and(|(start, end)| {
            start >= last.end - tolerance && (gap > tolerance || piece.start >= end - tolerance)
        })
}
