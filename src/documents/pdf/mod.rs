//! The text of a PDF by page. It runs in a child process, because no reader of PDF ends on every broken file.

mod annotations;
mod bidi;
mod characters;
mod content;
mod font_fallback;
mod fonts;
mod glyph_names;
mod hyphens;
mod layout;
mod line;
mod marked_content;
mod page;
mod text_state;
mod text_strings;

use hayro_font::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::annotations::AcroForm;
use self::page::PageReader;
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

/// How many characters of a document are shown, and how many of them its fonts do not say.
#[derive(Default)]
struct Characters {
    shown: usize,
    unknown: usize,
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
    let mut reader = PageReader::new(AcroForm::of(&pdf));
    let mut texts = Pages::default();
    let (mut characters, mut has_text) = (Characters::default(), false);
    for page in pages.iter() {
        let text = reader.read(page)?;
        let of_page = Characters::of(&text);
        characters.add(&of_page);
        has_text |= of_page.are_readable() && of_page.shown > 0;
        texts.push(if of_page.are_readable() { &text } else { UNREADABLE_PAGE })?;
    }
    if !has_text {
        let reason = if characters.shown > 0 { UNREADABLE_FONTS } else { NO_TEXT };
        return Ok(Extract::StandIn(reason.to_owned()));
    }
    let text = hyphens::join(&texts.into_text());
    Ok(match characters.remark() {
        Some(remark) => Extract::Incomplete { remark, text },
        None => Extract::Text(text),
    })
}

impl Characters {
    fn of(text: &str) -> Self {
        let visible = text.chars().filter(|character| !character.is_whitespace());
        let unknown = text.chars().filter(|character| *character == char::REPLACEMENT_CHARACTER);
        Self { shown: visible.count(), unknown: unknown.count() }
    }

    fn add(&mut self, other: &Self) {
        (self.shown, self.unknown) = (self.shown + other.shown, self.unknown + other.unknown);
    }

    /// Whether some of them are known, or there are none.
    fn are_readable(&self) -> bool {
        self.shown == 0 || self.unknown < self.shown
    }

    /// What a reader of the document has to know.
    fn remark(&self) -> Option<String> {
        let Self { shown, unknown } = self;
        (*unknown > 0).then(|| {
            format!(
                "{unknown} of {shown} characters cannot be read, because their fonts do not say which they are: \
                 U+FFFD stands for them"
            )
        })
    }
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
