//! The text state of PDF (ISO 32000-1, 9.3 and 9.4): the font, its spacing, and where the next glyph stands. The rise
//! is left out, so that a superscript stays on its line.

use std::rc::Rc;

use hayro_font::kurbo::{Affine, Vec2};

use super::fonts::TextFont;

/// The parameters that `q` saves and `Q` restores.
#[derive(Clone)]
pub(super) struct TextState<'a> {
    pub(super) font: Option<Rc<TextFont<'a>>>,
    pub(super) size: f64,
    /// Tc, in unscaled text units.
    pub(super) character_spacing: f64,
    /// Tw, in unscaled text units.
    pub(super) word_spacing: f64,
    /// Tz as a factor.
    pub(super) scale: f64,
    pub(super) leading: f64,
}

impl Default for TextState<'_> {
    fn default() -> Self {
        Self { font: None, size: 0.0, character_spacing: 0.0, word_spacing: 0.0, scale: 1.0, leading: 0.0 }
    }
}

impl TextState<'_> {
    /// The spacing after a character; word spacing is for a space of one byte only.
    pub(super) fn spacing(&self, is_space: bool) -> f64 {
        self.character_spacing + if is_space { self.word_spacing } else { 0.0 }
    }

    /// How far the pen moves after a character whose advance in glyph space is `advance`.
    pub(super) fn movement(&self, advance: Vec2, spacing: f64, is_horizontal: bool) -> Vec2 {
        if is_horizontal {
            Vec2::new((advance.x / UNITS * self.size + spacing) * self.scale, 0.0)
        } else {
            Vec2::new(0.0, advance.y / UNITS * self.size + spacing)
        }
    }

    /// The size of the font along the line and across it.
    pub(super) fn em(&self, is_horizontal: bool) -> (Vec2, Vec2) {
        if is_horizontal {
            (Vec2::new(self.size * self.scale, 0.0), Vec2::new(0.0, self.size))
        } else {
            (Vec2::new(0.0, -self.size), Vec2::new(self.size, 0.0))
        }
    }

    /// How far a number between the strings of `TJ` moves the pen.
    pub(super) fn adjustment(&self, number: f64, is_horizontal: bool) -> Vec2 {
        let distance = -number / UNITS * self.size;
        if is_horizontal { Vec2::new(distance * self.scale, 0.0) } else { Vec2::new(0.0, distance) }
    }
}

/// Units of glyph space per unit of text space.
const UNITS: f64 = hayro_font::UNITS_PER_EM as f64;

/// Where text is shown, from `BT` to `ET`.
#[derive(Clone, Copy)]
pub(super) struct TextPosition {
    pub(super) matrix: Affine,
    line: Affine,
}

impl TextPosition {
    /// The position at the start of a text object.
    pub(super) fn start() -> Self {
        Self { matrix: Affine::IDENTITY, line: Affine::IDENTITY }
    }

    /// Sets the matrix and that of the line.
    pub(super) fn set(&mut self, matrix: Affine) {
        (self.matrix, self.line) = (matrix, matrix);
    }

    /// Goes to the start of a line that is offset from that of the current one.
    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.set(self.line * Affine::translate((x, y)));
    }

    /// Moves along the line.
    pub(super) fn advance(&mut self, by: Vec2) {
        self.matrix *= Affine::translate(by);
    }
}
