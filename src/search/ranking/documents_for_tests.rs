//! Documents for the tests of ranking, read in the same way as uploaded files.

use bytes::Bytes;

use super::SearchableDocument;
use crate::documents::{Format, read_as};

/// A document of these pages. Each of up to 1,000 characters is one chunk, or none if it is blank.
pub(super) fn document_of<S: AsRef<str>>(pages: &[S]) -> SearchableDocument {
    let pages: Vec<&str> = pages.iter().map(AsRef::as_ref).collect();
    let bytes = Bytes::from(pages.join("\u{c}"));
    SearchableDocument::new(read_as(Format::Plain, &bytes).expect("the text is UTF-8 and short"))
}
