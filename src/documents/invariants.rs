//! The invariants of every document, for the tests and the fuzz target.

use super::chunks::{WINDOW_CHARS, count_tokens};
use super::{Document, MAX_PARTS};

impl Document {
    /// Panics if offsets, pages or chunks of the document contradict its text.
    pub(crate) fn assert_consistent(&self) {
        let text = self.text();
        assert_eq!(text.len_chars(), text.as_str().chars().count());
        assert!(!text.as_str().contains('\0'), "a text holds no NUL");
        self.assert_pages();
        assert!(self.chunks.len() <= MAX_PARTS);
        let mut byte = 0;
        for chunk in &self.chunks {
            let (start, end) = (text.char_of(chunk.start as usize), text.char_of(chunk.end as usize));
            let content = self.content(chunk);
            let part = self.part(chunk);
            assert_eq!(text.slice_chars(start, end), part, "code points and bytes name the same characters");
            assert_eq!(part.trim(), part);
            assert!(content.ends_with(part) && !part.is_empty(), "{content:?}");
            assert!(content.chars().count() <= WINDOW_CHARS, "{content:?}");
            let tokens = count_tokens(&content);
            assert!(tokens as usize <= content.len(), "{tokens} tokens in {content:?}");
            let before = &text.as_str()[byte..chunk.start as usize];
            assert!(before.trim().is_empty(), "no chunk holds {before:?}");
            assert_eq!(self.page_of(start), self.page_of(end - 1), "a chunk is within one page");
            byte = chunk.end as usize;
        }
        assert!(text.as_str()[byte..].trim().is_empty(), "no chunk holds the end of the text");
    }

    fn assert_pages(&self) {
        let ends = self.text.as_str().char_indices().filter(|(_, character)| *character == '\u{c}');
        let begun = ends.filter(|(at, _)| at + 1 < self.text.as_str().len()).count();
        assert!(self.page_count() == begun + 1 && self.page_count() <= MAX_PARTS, "{} pages", self.page_count());
        assert_eq!((self.page_of(0), self.page_of(usize::MAX)), (1, self.page_count()));
        for (page, start) in (2..).zip(&self.page_starts[1..]) {
            let start = *start as usize;
            assert_eq!((self.page_of(start - 1), self.page_of(start)), (page - 1, page));
            assert_eq!(self.text.slice_chars(start - 1, start), "\u{c}");
        }
    }
}
