//! The text of a PDF by page. It runs in a child process, because no reader of PDF ends on every broken file.

mod content;
mod layout;
mod text_state;

use std::sync::Arc;

use hayro_font::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_font::{CMapResolverFn, FontCache, FontQuery, FontResolverFn};

use self::content::Interpreter;
use super::extract::Extract;
use super::pages::Pages;

/// Maximum number of operators in the content of all pages: a few seconds of work. A page of a book has some hundreds,
/// a detailed drawing some hundred thousands.
const MAX_OPERATORS: usize = 2_000_000;

/// Replaces the text of a page whose fonts do not say which characters they show.
const UNREADABLE_PAGE: &str = "[llamacloud-mock: the text of this page cannot be read, because its fonts do not say \
                               which characters they show]";

/// Why the text of a PDF cannot be told although the file is valid.
const UNREADABLE_FONTS: &str = "whose fonts do not say which characters they show";

/// Why a PDF has no text although the file is valid.
const NO_TEXT: &str = "whose pages hold no text; text in images is not read";

/// The cache and the sources of the fonts of a document.
pub(super) struct Fonts<'a> {
    pub(super) cache: FontCache<'a>,
    pub(super) standard: FontResolverFn,
    pub(super) character_maps: CMapResolverFn,
}

/// Reads a PDF.
///
/// Errors: why it cannot be read.
pub(super) fn extract(bytes: Vec<u8>) -> Result<Extract, String> {
    let pdf = Pdf::new(bytes).map_err(refusal)?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err("the file is no PDF, or its end is missing: no page was found".to_owned());
    }
    let fonts = Fonts::new();
    let mut texts = Pages::default();
    let (mut operators, mut unreadable) = (MAX_OPERATORS, 0);
    for page in pages.iter() {
        let mut interpreter = Interpreter::new(&fonts, operators);
        interpreter.run(page.typed_operations(), page.resources());
        operators = interpreter.operators_left().ok_or_else(too_many_operators)?;
        let text = interpreter.finish();
        if is_mostly_unknown(&text) {
            unreadable += 1;
            texts.push(UNREADABLE_PAGE)?;
        } else {
            texts.push(&text)?;
        }
    }
    Ok(if unreadable == pages.len() {
        Extract::StandIn(UNREADABLE_FONTS.to_owned())
    } else if texts.are_blank() {
        Extract::StandIn(NO_TEXT.to_owned())
    } else {
        Extract::Text(texts.into_text())
    })
}

impl Fonts<'_> {
    fn new() -> Self {
        let standard: FontResolverFn = Arc::new(|query| {
            let font = match query {
                FontQuery::Standard(font) => *font,
                FontQuery::Fallback(query) => query.pick_standard_font(),
            };
            Some(font.get_font_data())
        });
        // The predefined maps of Chinese, Japanese and Korean would double the size of this reader.
        Self { cache: FontCache::new(), standard, character_maps: Arc::new(|_| None) }
    }
}

fn too_many_operators() -> String {
    format!("the pages of the PDF have more than {MAX_OPERATORS} drawing operators, the limit")
}

fn refusal(error: LoadPdfError) -> String {
    match error {
        LoadPdfError::Invalid => "the file is no PDF, or it is damaged".to_owned(),
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            "the PDF is encrypted with a password".to_owned()
        }
        LoadPdfError::Decryption(error) => format!("the PDF is encrypted in a way that is not supported ({error:?})"),
    }
}

/// Whether more than a fifth of the visible characters are unknown. Text like that must not be found by a search.
fn is_mostly_unknown(text: &str) -> bool {
    let visible = text.chars().filter(|character| !character.is_whitespace()).count();
    let unknown = text.chars().filter(|character| *character == char::REPLACEMENT_CHARACTER).count();
    unknown * 5 > visible
}
