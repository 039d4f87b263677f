//! Runs the operators of a page and of the forms in it, as far as they place text.

use std::rc::Rc;

use hayro_font::hayro_cmap::BfString;
use hayro_font::hayro_syntax::content::TypedIter;
use hayro_font::hayro_syntax::content::ops::TypedInstruction;
use hayro_font::hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream, String as PdfString};
use hayro_font::hayro_syntax::page::Resources;
use hayro_font::kurbo::{Affine, Point, Rect, Vec2};

use super::fonts::{Fonts, TextFont};
use super::layout::{Glyph, PageText};
use super::marked_content::MarkedContent;
use super::text_state::{TextPosition, TextState};
use super::text_strings;
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
    marked: MarkedContent,
    /// The forms that are being drawn.
    forms: usize,
    /// How many operators may follow; `None` after too many.
    operators: Option<usize>,
}

impl<'f, 'a> Interpreter<'f, 'a> {
    /// An interpreter for a page with these bounds, whose content may have this many operators.
    pub(super) fn new(fonts: &'f Fonts<'a>, bounds: Rect, operators: usize) -> Self {
        Self {
            fonts,
            state: GraphicsState { matrix: Affine::IDENTITY, text: TextState::default() },
            saved: Vec::new(),
            position: TextPosition::start(),
            page: PageText::within(bounds),
            marked: MarkedContent::default(),
            forms: 0,
            operators: Some(operators),
        }
    }

    /// How many operators may follow; `None` if there were too many.
    pub(super) fn operators_left(&self) -> Option<usize> {
        self.operators
    }

    /// The text of the page.
    pub(super) fn finish(mut self) -> String {
        self.end_marked_content();
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
            TypedInstruction::BeginMarkedContent(_) => self.marked.begin(None),
            TypedInstruction::BeginMarkedContentWithProperties(marked) => {
                self.marked.begin(actual_text(marked.1, resources));
            }
            TypedInstruction::EndMarkedContent(_) => self.end_marked_content(),
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
        let font = resources.get_font(name).and_then(|font| self.fonts.font(font));
        (self.state.text.font, self.state.text.size) = (font, size.as_f64());
    }

    fn next_line(&mut self) {
        self.position.next_line(0.0, -self.state.text.leading);
    }

    /// Draws a form; images have no text.
    fn draw(&mut self, name: &Name<'_>, resources: &Resources<'a>) {
        let Some(form) = resources.get_x_object(name) else { return };
        if form.dict().get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Form") {
            self.draw_form(&form, resources);
        }
    }

    /// Draws a form. `resources` are those of its page, for a form without its own.
    pub(super) fn draw_form(&mut self, form: &Stream<'a>, resources: &Resources<'a>) {
        let dict = form.dict();
        if self.forms == MAX_FORMS {
            return;
        }
        self.forms += 1;
        let (state, position, saved) = (self.state.clone(), self.position, std::mem::take(&mut self.saved));
        if let Some(matrix) = dict.get::<[f64; 6]>("Matrix") {
            self.state.matrix *= Affine::new(matrix);
        }
        self.run_form(form, resources);
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
                    let is_horizontal = self.state.text.font.as_ref().is_none_or(|font| font.font.is_horizontal());
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
            let (code, length) = font.font.read_code(text, at);
            let is_space = length == 1 && code == u32::from(b' ');
            self.show_code(&font, code, is_space);
            at += length.max(1);
        }
    }

    /// Shows text whose font cannot be loaded: one unknown character for each byte.
    fn show_unknown(&mut self, bytes: usize) {
        for _ in 0..bytes {
            let glyph = self.glyph(Vec2::ZERO, true);
            self.push(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]), glyph);
        }
    }

    fn show_code(&mut self, font: &Rc<TextFont<'a>>, code: u32, is_space: bool) {
        let text = &self.state.text;
        let (advance, is_horizontal) = (font.font.code_advance(code), font.font.is_horizontal());
        let movement = text.movement(advance, text.spacing(is_space), is_horizontal);
        // The gap that is left to the next glyph is what goes beyond the spacing of all characters.
        let shown = text.movement(advance, text.spacing(false), is_horizontal);
        let glyph = self.glyph(shown, is_horizontal);
        self.position.advance(movement);
        match font.characters(code) {
            Some(BfString::Char(character)) => self.push(character.encode_utf8(&mut [0; 4]), glyph),
            Some(BfString::String(characters)) => self.push(&characters, glyph),
            None => self.push(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]), glyph),
        }
    }

    fn push(&mut self, characters: &str, glyph: Glyph) {
        if let Some(glyph) = self.marked.unless_replaced(glyph) {
            self.page.push(characters, glyph);
        }
    }

    fn end_marked_content(&mut self) {
        if let Some((text, glyph)) = self.marked.end() {
            self.page.push(&text, glyph);
        }
    }

    /// The place on the page of a glyph that goes from the current point to `end`.
    fn glyph(&self, end: Vec2, is_horizontal: bool) -> Glyph {
        let to_page = self.state.matrix * self.position.matrix;
        let (along, across) = self.state.text.em(is_horizontal);
        let start = to_page * Point::ORIGIN;
        let along = to_page * along.to_point() - start;
        Glyph {
            start,
            end: to_page * end.to_point(),
            size: (to_page * across.to_point() - start).hypot(),
            em: along.hypot(),
            direction: if along.hypot() > 0.0 { along.normalize() } else { Vec2::ZERO },
        }
    }
}

/// The text that properties of marked content have, which are a dictionary or the name of one.
fn actual_text(properties: &Object<'_>, resources: &Resources<'_>) -> Option<String> {
    let text =
        |properties: &Dict<'_>| properties.get::<PdfString<'_>>("ActualText").map(|text| text_strings::decode(&text));
    match properties {
        Object::Dict(properties) => text(properties),
        Object::Name(name) => text(&resources.properties.get::<Dict<'_>>(name)?),
        _ => None,
    }
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}
