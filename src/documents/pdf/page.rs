//! The text of one page: what its content shows, then its annotations.

use hayro_font::hayro_syntax::object::Rect as PdfRect;
use hayro_font::hayro_syntax::page::Page;
use hayro_font::kurbo::Rect;

use super::MAX_OPERATORS;
use super::annotations::{self, AcroForm, Annotation};
use super::content::Interpreter;
use super::fonts::Fonts;
use crate::documents::MAX_TEXT_BYTES;

/// Bounds in which all is visible.
const EVERYWHERE: Rect = Rect::new(f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY);

/// Reads the pages of a document.
pub(super) struct PageReader<'a> {
    fonts: Fonts<'a>,
    form: AcroForm<'a>,
    /// How many operators the pages to come may have.
    operators: usize,
}

impl<'a> PageReader<'a> {
    /// A reader for a document with this form.
    pub(super) fn new(form: AcroForm<'a>) -> Self {
        Self { fonts: Fonts::new(), form, operators: MAX_OPERATORS }
    }

    /// The text of a page.
    ///
    /// Errors: the document has too many operators.
    pub(super) fn read(&mut self, page: &Page<'a>) -> Result<String, String> {
        let mut text = self.run(bounds(page), |interpreter| {
            interpreter.run(page.typed_operations(), page.resources());
        })?;
        let mut separator = "\n\n";
        for annotation in annotations::of_page(page) {
            // A longer text is refused with the document.
            if text.len() > MAX_TEXT_BYTES {
                break;
            }
            let annotation = self.annotation_text(&annotation)?;
            if !annotation.is_empty() {
                if !text.is_empty() {
                    text.push_str(separator);
                }
                text.push_str(&annotation);
                separator = "\n";
            }
        }
        Ok(text)
    }

    /// What a reader sees of an annotation: its appearance. Its value instead if there is no appearance, if that is out
    /// of date, or if it shows the letters of the value: those of a field in cells have gaps.
    fn annotation_text(&mut self, annotation: &Annotation<'a>) -> Result<String, String> {
        let seen = match annotation.appearance() {
            Some(appearance) => {
                let resources = self.form.resources.clone();
                self.run(EVERYWHERE, |interpreter| interpreter.draw_form(&appearance, &resources))?
            }
            None => String::new(),
        };
        let value = annotation.value().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Ok(match value {
            Some(value) if self.form.needs_appearances || !shows_other_letters(&seen, &value) => value,
            _ => seen,
        })
    }

    fn run(&mut self, bounds: Rect, run: impl FnOnce(&mut Interpreter<'_, 'a>)) -> Result<String, String> {
        // Each counts, so that it takes time to have many of them.
        let operators = self.operators.saturating_sub(1);
        let mut interpreter = Interpreter::new(&self.fonts, bounds, operators);
        run(&mut interpreter);
        self.operators = interpreter.operators_left().ok_or_else(|| {
            format!("the pages of the PDF have more than {MAX_OPERATORS} drawing operators, the limit")
        })?;
        Ok(interpreter.finish())
    }
}

/// Whether an appearance shows other letters than those of the value, all of them known.
fn shows_other_letters(seen: &str, value: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
    !seen.is_empty() && !seen.contains(char::REPLACEMENT_CHARACTER) && letters(seen) != letters(value)
}

/// The part of its space that a page shows.
fn bounds(page: &Page<'_>) -> Rect {
    let is_empty = |bounds: &PdfRect| bounds.width() <= 0.0 || bounds.height() <= 0.0;
    let boxes = [page.intersected_crop_box(), page.media_box()];
    let shown = boxes.into_iter().find(|bounds| !is_empty(bounds));
    shown.map_or(EVERYWHERE, |bounds| Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1))
}
