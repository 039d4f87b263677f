//! Text in the place of glyphs: the `/ActualText` of marked content (ISO 32000-2, 14.9.4), such as that of a letter
//! which is drawn in parts.

use super::layout::Glyph;

/// The marked content that is being drawn.
#[derive(Default)]
pub(super) struct MarkedContent {
    depth: usize,
    replacement: Option<Replacement>,
}

/// The text of all glyphs at some depth.
struct Replacement {
    depth: usize,
    text: String,
    /// Where the glyphs stand.
    place: Option<Glyph>,
}

impl MarkedContent {
    /// Begins marked content, whose text is this if it has one. A text within such a text has no effect.
    pub(super) fn begin(&mut self, text: Option<String>) {
        self.depth += 1;
        if let Some(text) = text.filter(|text| self.replacement.is_none() && !text.is_empty()) {
            self.replacement = Some(Replacement { depth: self.depth, text, place: None });
        }
    }

    /// Ends marked content. Returns its text and place if it has one, and a glyph was shown.
    pub(super) fn end(&mut self) -> Option<(String, Glyph)> {
        let ended = self.replacement.take_if(|replacement| replacement.depth >= self.depth);
        self.depth = self.depth.saturating_sub(1);
        let Replacement { text, place, .. } = ended?;
        Some((text, place?))
    }

    /// Returns a glyph that is shown, unless a text stands in its place.
    pub(super) fn unless_replaced(&mut self, glyph: Glyph) -> Option<Glyph> {
        let Some(replacement) = &mut self.replacement else { return Some(glyph) };
        match &mut replacement.place {
            Some(place) => place.end = glyph.end,
            None => replacement.place = Some(glyph),
        }
        None
    }
}
