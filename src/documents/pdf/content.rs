//! Runs the operators of a page and of the forms in it, as far as they place text.

use hayro_font::hayro_cmap::BfString;
use hayro_font::hayro_syntax::content::TypedIter;
use hayro_font::hayro_syntax::content::ops::TypedInstruction;
use hayro_font::hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use hayro_font::hayro_syntax::page::Resources;
use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_font::{Font, FontGlyph};

use super::Fonts;
use super::layout::{Glyph, PageText};
use super::text_state::{TextPosition, TextState};
use crate::documents::MAX_TEXT_BYTES;

/// Maximum depth of forms in forms.
const MAX_FORMS: usize = 16;

/// Maximum number of states that `q` has saved.
const MAX_STATES: usize = 1_000;

/// The part of the graphics state that places text.
#[derive(Clone)]
struct GraphicsState<'a> {
    /// From the space of the user to that of the page.
    matrix: Affine,
    text: TextState<'a>,
}

/// The interpreter of the content of one page.
pub(super) struct Interpreter<'f, 'a> {
    fonts: &'f Fonts<'a>,
    state: GraphicsState<'a>,
    saved: Vec<GraphicsState<'a>>,
    position: TextPosition,
    page: PageText,
    /// The forms that are being drawn.
    forms: usize,
    /// How many operators may follow; `None` after too many.
    operators: Option<usize>,
}

impl<'f, 'a> Interpreter<'f, 'a> {
    /// An interpreter for a page whose content may have this many operators.
    pub(super) fn new(fonts: &'f Fonts<'a>, operators: usize) -> Self {
        Self {
            fonts,
            state: GraphicsState { matrix: Affine::IDENTITY, text: TextState::default() },
            saved: Vec::new(),
            position: TextPosition::start(),
            page: PageText::default(),
            forms: 0,
            operators: Some(operators),
        }
    }

    /// How many operators may follow; `None` if there were too many.
    pub(super) fn operators_left(&self) -> Option<usize> {
        self.operators
    }

    /// The text of the page.
    pub(super) fn finish(self) -> String {
        self.page.finish()
    }

    /// Runs the operators of a content stream, as long as there are not too many of them.
    pub(super) fn run(&mut self, mut operations: TypedIter<'_>, resources: &Resources<'a>) {
        while let Some(operation) = operations.next() {
            self.operators = self.operators.and_then(|left| left.checked_sub(1));
            // A longer text is refused with the document.
            if self.operators.is_none() || self.page.len() > MAX_TEXT_BYTES {
                return;
            }
            self.execute(&operation, resources);
        }
    }

    fn execute(&mut self, operation: &TypedInstruction<'_, '_>, resources: &Resources<'a>) {
        match operation {
            TypedInstruction::SaveState(_) if self.saved.len() < MAX_STATES => self.saved.push(self.state.clone()),
            TypedInstruction::RestoreState(_) => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            TypedInstruction::Transform(by) => self.state.matrix *= affine([by.0, by.1, by.2, by.3, by.4, by.5]),
            TypedInstruction::XObject(name) => self.draw(name.0, resources),
            TypedInstruction::TextFont(font) => self.set_font(font.0, font.1, resources),
            TypedInstruction::BeginText(_) => self.position = TextPosition::start(),
            TypedInstruction::SetTextMatrix(to) => self.position.set(affine([to.0, to.1, to.2, to.3, to.4, to.5])),
            TypedInstruction::NextLine(by) => self.position.next_line(by.0.as_f64(), by.1.as_f64()),
            TypedInstruction::NextLineAndSetLeading(by) => {
                self.state.text.leading = -by.1.as_f64();
                self.position.next_line(by.0.as_f64(), by.1.as_f64());
            }
            TypedInstruction::NextLineUsingLeading(_) => self.next_line(),
            TypedInstruction::ShowText(text) => self.show(text.0),
            TypedInstruction::ShowTexts(texts) => self.show_all(texts.0),
            TypedInstruction::NextLineAndShowText(text) => {
                self.next_line();
                self.show(text.0);
            }
            TypedInstruction::ShowTextWithParameters(text) => {
                self.state.text.word_spacing = text.0.as_f64();
                self.state.text.character_spacing = text.1.as_f64();
                self.next_line();
                self.show(text.2);
            }
            other => self.set_parameter(other),
        }
    }

    fn set_parameter(&mut self, operation: &TypedInstruction<'_, '_>) {
        let text = &mut self.state.text;
        match operation {
            TypedInstruction::CharacterSpacing(to) => text.character_spacing = to.0.as_f64(),
            TypedInstruction::WordSpacing(to) => text.word_spacing = to.0.as_f64(),
            TypedInstruction::HorizontalScaling(to) => text.scale = to.0.as_f64() / 100.0,
            TypedInstruction::TextLeading(to) => text.leading = to.0.as_f64(),
            _ => {}
        }
    }

    fn set_font(&mut self, name: &Name<'_>, size: Number, resources: &Resources<'a>) {
        let Fonts { cache, standard, character_maps } = self.fonts;
        let font = resources.get_font(name).and_then(|font| cache.font(&font, standard, character_maps));
        (self.state.text.font, self.state.text.size) = (font, size.as_f64());
    }

    fn next_line(&mut self) {
        self.position.next_line(0.0, -self.state.text.leading);
    }

    /// Draws a form; images have no text.
    fn draw(&mut self, name: &Name<'_>, resources: &Resources<'a>) {
        let Some(form) = resources.get_x_object(name) else { return };
        let dict = form.dict();
        let is_form = dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Form");
        if !is_form || self.forms == MAX_FORMS {
            return;
        }
        self.forms += 1;
        let (state, position, saved) = (self.state.clone(), self.position, std::mem::take(&mut self.saved));
        if let Some(matrix) = dict.get::<[f64; 6]>("Matrix") {
            self.state.matrix *= Affine::new(matrix);
        }
        self.run_form(&form, resources);
        (self.state, self.position, self.saved) = (state, position, saved);
        self.forms -= 1;
    }

    fn run_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>) {
        let Ok(content) = form.decoded_data() else { return };
        // Old files leave the resources of a form to its page.
        let own = form.dict().get::<Dict<'a>>("Resources").map(Resources::new);
        self.run(TypedIter::new(&content), own.as_ref().unwrap_or(resources));
    }

    fn show_all(&mut self, texts: &Array<'_>) {
        for item in texts.iter::<Object<'_>>() {
            match item {
                Object::String(text) => self.show(&text),
                Object::Number(number) => {
                    let is_horizontal = self.state.text.font.as_ref().is_none_or(Font::is_horizontal);
                    self.position.advance(self.state.text.adjustment(number.as_f64(), is_horizontal));
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, text: &[u8]) {
        let Some(font) = self.state.text.font.clone() else { return self.show_unknown(text.len()) };
        let mut at = 0;
        while at < text.len() {
            let (code, length) = font.read_code(text, at);
            let is_space = length == 1 && code == u32::from(b' ');
            self.show_code(&font, code, is_space);
            at += length.max(1);
        }
    }

    /// Shows text whose font cannot be loaded: one unknown character for each byte, so that the page counts as
    /// unreadable if that is much of it.
    fn show_unknown(&mut self, bytes: usize) {
        let to_page = self.state.matrix * self.position.matrix;
        for _ in 0..bytes {
            let glyph = glyph_at(to_page, Vec2::ZERO, self.state.text.size, true);
            self.page.push(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]), glyph);
        }
    }

    fn show_code(&mut self, font: &Font<'a>, code: u32, is_space: bool) {
        let text = &self.state.text;
        let (advance, is_horizontal) = (font.code_advance(code), font.is_horizontal());
        let movement = text.movement(advance, text.spacing(is_space), is_horizontal);
        // The gap that is left to the next glyph is what goes beyond the spacing of all characters.
        let shown = text.movement(advance, text.spacing(false), is_horizontal);
        let to_page = self.state.matrix * self.position.matrix;
        let glyph = glyph_at(to_page, shown, text.size, is_horizontal);
        self.position.advance(movement);
        match unicode(font, code) {
            Some(BfString::Char(character)) => self.page.push(character.encode_utf8(&mut [0; 4]), glyph),
            Some(BfString::String(characters)) => self.page.push(&characters, glyph),
            None => self.page.push(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]), glyph),
        }
    }
}

/// The place of a glyph on the page: `to_page` maps the space of the text, in which the glyph goes from the origin to
/// `end`.
fn glyph_at(to_page: Affine, end: Vec2, size: f64, is_horizontal: bool) -> Glyph {
    let (along, across) = if is_horizontal {
        (Vec2::new(1.0, 0.0), Vec2::new(0.0, size))
    } else {
        (Vec2::new(0.0, -1.0), Vec2::new(size, 0.0))
    };
    let start = to_page * Point::ORIGIN;
    let direction = to_page * along.to_point() - start;
    Glyph {
        start,
        end: to_page * end.to_point(),
        size: (to_page * across.to_point() - start).hypot(),
        direction: if direction.hypot() > 0.0 { direction.normalize() } else { Vec2::ZERO },
    }
}

fn unicode(font: &Font<'_>, code: u32) -> Option<BfString> {
    match font.glyph(font.map_code(code), code) {
        FontGlyph::Outline(glyph) => glyph.as_unicode(),
        FontGlyph::Type3(glyph) => glyph.as_unicode(),
    }
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}
