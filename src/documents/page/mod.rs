//! A page of a document: its text, and what parsing makes of it. One layout gives the picture of a page and the boxes
//! of its items, so that the boxes fit the picture.

mod blocks;
mod card;
mod items;
mod layout;

pub(crate) use items::PageItems;

use std::borrow::Cow;

use super::Document;
use layout::PageLayout;

/// Maximum bytes of the text of a page that are drawn and divided into items. A file without form feeds is one page.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// Stands for the rest of a page that is too long.
const CUT: &str = "\n\n[llamacloud-mock: the rest of the page is left out]\n";

/// A page of a document.
#[derive(Debug)]
pub(crate) struct DocumentPage<'a> {
    /// From 1 on.
    pub(crate) number: usize,
    /// The number of pages of the document.
    count: usize,
    text: Cow<'a, str>,
    has_headings: bool,
}

impl<'a> DocumentPage<'a> {
    /// The page of this number, if there is one.
    pub(crate) fn of(document: &'a Document, number: usize) -> Option<Self> {
        let count = document.page_count();
        let text = document.page_text(number)?;
        let text = if text.len() > MAX_PAGE_BYTES {
            Cow::Owned(format!("{}{CUT}", &text[..text.floor_char_boundary(MAX_PAGE_BYTES)]))
        } else {
            Cow::Borrowed(text)
        };
        Some(Self { number, count, text, has_headings: document.has_headings() })
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its items with their boxes.
    pub(crate) fn items(&self) -> PageItems<'_> {
        PageItems::of(self)
    }

    /// A picture of it as JPEG: a card with the name of the file, the number of the page and the first lines.
    pub(crate) fn picture(&self, file_name: &str) -> Vec<u8> {
        let place = format!("page {} of {}", self.number, self.count);
        card::draw(file_name, &place, &self.layout())
    }

    fn layout(&self) -> PageLayout<'_> {
        PageLayout::of(&self.text)
    }
}
