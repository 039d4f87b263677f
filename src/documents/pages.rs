//! The text of a file as its pages are read.

use std::borrow::Cow;

use super::{MAX_PARTS, MAX_TEXT_BYTES, Unreadable};

/// The text of a file by page. A form feed separates the pages.
#[derive(Default)]
pub(super) struct Pages {
    text: String,
    count: usize,
}

impl Pages {
    /// Adds a page.
    ///
    /// Errors: there are too many pages, or too much text.
    pub(super) fn push(&mut self, page: &str) -> Result<(), String> {
        if self.count > 0 {
            self.text.push('\u{c}');
        }
        self.count += 1;
        let page = if page.contains('\u{c}') { Cow::Owned(page.replace('\u{c}', " ")) } else { Cow::Borrowed(page) };
        self.text.push_str(&page);
        if self.count > MAX_PARTS {
            return Err(Unreadable::TooManyPages.to_string());
        }
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(Unreadable::TooLong.to_string());
        }
        Ok(())
    }

    /// Whether there is nothing to see on any page.
    #[cfg(feature = "office")]
    pub(super) fn are_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The text. A form feed at its end would start no page, so a last page without text is ended by one too.
    pub(super) fn into_text(mut self) -> String {
        if self.text.ends_with('\u{c}') {
            self.text.push('\u{c}');
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use bytestring::ByteString;

    use super::super::{Document, Format};
    use super::*;

    fn text_of(pages: &[&str]) -> String {
        let mut text = Pages::default();
        for page in pages {
            text.push(page).expect("is within the limits");
        }
        text.into_text()
    }

    #[test]
    fn every_page_is_found_again() {
        for pages in [&["a"][..], &["a", "b"], &["", "b"], &["a", ""], &["a", "", ""], &["", ""], &["a\u{c}b", "c"]] {
            let text = text_of(pages);
            let document = Document::from_content(ByteString::from(text.clone()), Format::Plain).expect("is short");
            assert_eq!(document.page_count(), pages.len(), "{pages:?} {text:?}");
        }
    }

    #[test]
    fn too_many_pages_and_too_much_text_are_refused() {
        let mut pages = Pages::default();
        assert!((0..MAX_PARTS).all(|_| pages.push("").is_ok()));
        assert_eq!(pages.push(""), Err(Unreadable::TooManyPages.to_string()));
        let mut pages = Pages::default();
        assert_eq!(pages.push(&"a".repeat(MAX_TEXT_BYTES)), Ok(()));
        assert_eq!(pages.push("a"), Err(Unreadable::TooLong.to_string()));
    }
}
