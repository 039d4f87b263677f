//! Text from the bytes of a file, with its pages and its chunks. Everything here is a function of the file's name and
//! bytes.

mod chunks;
mod decode;
mod extract;
mod format;
mod html;
#[cfg(any(test, feature = "fuzzing"))]
mod invariants;
#[cfg(feature = "office")]
mod office;
pub(crate) mod page;
#[cfg(any(feature = "office", feature = "pdf"))]
mod pages;
#[cfg(feature = "pdf")]
mod pdf;
mod stand_in;
mod tables;
mod text;
mod unreadable;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;

pub(crate) use self::chunks::count_tokens;
pub(crate) use self::extract::answer;
pub(crate) use self::format::Format;
pub(crate) use self::text::{MAX_TEXT_BYTES, Text};
pub(crate) use self::unreadable::Unreadable;

use self::format::Claim;
use self::tables::TableParts;
use self::text::{offset, owned};
use crate::worker::Worker;

/// Why a file of a known kind has a stand-in.
const NOT_READ: &str = "which this version does not read";

/// Maximum number of chunks of a document, and of its pages.
pub(crate) const MAX_PARTS: usize = 65_535;

/// The text of a file, with its pages and chunks.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    text: Text,
    /// The code point that each page starts with; the first is 0.
    page_starts: Box<[u32]>,
    /// The bytes of each chunk. Other facts about a chunk follow from them.
    chunks: Box<[Range<u32>]>,
    /// The tables within which chunks begin, if their headers are short.
    tables: Box<[TableParts]>,
    /// Whether it has headings as Markdown writes them.
    has_headings: bool,
    is_stand_in: bool,
    /// What is missing in the text, if something is.
    remark: Option<Box<str>>,
}

impl Document {
    /// The text as `read` returns it.
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// The bytes of its chunks, the parts that retrieval finds, in the order of the text. Each is within one page.
    pub(crate) fn chunks(&self) -> &[Range<u32>] {
        &self.chunks
    }

    /// The text of one of its chunks: its part of the text, after the header of the table within which it begins.
    pub(crate) fn content(&self, chunk: &Range<u32>) -> Cow<'_, str> {
        let part = self.part(chunk);
        let next = self.tables.partition_point(|table| table.rows.start <= chunk.start);
        let table = next.checked_sub(1).map(|place| &self.tables[place]).filter(|table| chunk.start < table.rows.end);
        table.map_or(Cow::Borrowed(part), |table| Cow::Owned(format!("{}\n{part}", self.part(&table.header))))
    }

    /// These bytes of the text.
    pub(crate) fn part(&self, range: &Range<u32>) -> &str {
        &self.text.as_str()[range.start as usize..range.end as usize]
    }

    /// The number of its pages, at least 1.
    pub(crate) fn page_count(&self) -> usize {
        self.page_starts.len()
    }

    /// The page of a code point, counted from 1; the last page for an offset past the end.
    pub(crate) fn page_of(&self, char_offset: usize) -> usize {
        self.page_starts.partition_point(|start| *start as usize <= char_offset)
    }

    /// The text of the page with this number, counted from 1, without the form feed that ends it.
    pub(crate) fn page_text(&self, number: usize) -> Option<&str> {
        let start = *self.page_starts.get(number.checked_sub(1)?)?;
        let end = self.page_starts.get(number).map_or(usize::MAX, |end| *end as usize);
        let page = self.text.slice_chars(start as usize, end);
        Some(page.strip_suffix('\u{c}').unwrap_or(page))
    }

    /// Whether its text is Markdown, as far as headings say.
    pub(crate) fn has_headings(&self) -> bool {
        self.has_headings
    }

    /// Whether the text is not that of the file, because this version does not read files of its kind.
    pub(crate) fn is_stand_in(&self) -> bool {
        self.is_stand_in
    }

    /// What is missing in the text, although the file was read; `None` if nothing is.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// The memory that it holds, with the bytes that its text shares.
    pub(crate) fn weight_bytes(&self) -> usize {
        let parts = size_of_val(&*self.page_starts) + size_of_val(&*self.chunks) + size_of_val(&*self.tables);
        size_of::<Self>() + self.text.weight_bytes() + parts + self.remark().map_or(0, str::len)
    }

    /// The document of a decoded text.
    fn from_content(content: ByteString, format: Format) -> Result<Self, Unreadable> {
        let content = if format == Format::Html { owned(html::to_text(&content)) } else { content };
        let text = Text::from_content(content)?;
        let pages = page_ranges(text.as_str())?;
        let (chunks, tables) = chunks::split(text.as_str(), &pages, format)?;
        let page_starts = pages.iter().map(|page| offset(text.char_of(page.start as usize))).collect();
        let (chunks, tables) = (chunks.into(), tables.into());
        let has_headings = format.has_headings();
        Ok(Self { text, page_starts, chunks, tables, has_headings, is_stand_in: false, remark: None })
    }
}

/// Whether a file is read in a child process.
pub(crate) fn needs_child(name: &str, bytes: &Bytes) -> bool {
    !bytes.is_empty() && matches!(claim(name, bytes), Claim::Binary(_))
}

/// Reads a file by its name and bytes. The extension of the name decides how; if it says nothing, the bytes do. A file
/// of a kind that is not read gives a stand-in text. An empty file is an empty text, if its kind is text. A file that
/// needs a child process blocks the thread until it has ended.
pub(crate) fn read(name: &str, bytes: &Bytes, worker: &Worker) -> Result<Document, Unreadable> {
    match claim(name, bytes) {
        Claim::Binary(_) | Claim::NotRead(_) if bytes.is_empty() => Err(Unreadable::Empty),
        Claim::Text(format) => read_as(format, bytes),
        Claim::Binary(format) => extract::read(format, name, bytes, worker),
        Claim::NotRead(media_type) => stand_in::document(name, bytes, media_type, NOT_READ),
        Claim::Nothing => match decode::decode(bytes) {
            Ok(content) => {
                let format = if html::is_html(&content) { Format::Html } else { Format::Plain };
                Document::from_content(content, format)
            }
            Err(Unreadable::TooLong) => Err(Unreadable::TooLong),
            Err(_) => stand_in::document(name, bytes, "application/octet-stream", NOT_READ),
        },
    }
}

/// Reads a file as [`read`] does, unless `replacements` has the text of a file of this name.
pub(crate) fn read_or_replace(
    name: &str,
    bytes: &Bytes,
    replacements: &BTreeMap<String, Box<str>>,
    worker: &Worker,
) -> Result<Document, Unreadable> {
    match replacements.get(name) {
        Some(text) => read_as(Format::Markdown, &Bytes::copy_from_slice(text.as_bytes())),
        None => read(name, bytes, worker),
    }
}

fn claim(name: &str, bytes: &[u8]) -> Claim {
    match format::claimed_by_name(name) {
        Claim::Nothing => format::found_in_bytes(bytes),
        claim => claim,
    }
}

/// Reads bytes that are known to be text of this format, such as a parse result that was given with a file.
pub(crate) fn read_as(format: Format, bytes: &Bytes) -> Result<Document, Unreadable> {
    Document::from_content(decode::decode(bytes)?, format)
}

/// The bytes of each page. A form feed (U+000C) ends a page, as in the output of `pdftotext` and in printed plain text;
/// it is part of the page that it ends.
fn page_ranges(text: &str) -> Result<Vec<Range<u32>>, Unreadable> {
    let mut pages = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\u{c}') {
        // A form feed at the end of the text starts no page.
        if at + 1 == text.len() {
            break;
        }
        pages.push(offset(start)..offset(at + 1));
        start = at + 1;
        if pages.len() == MAX_PARTS {
            return Err(Unreadable::TooManyPages);
        }
    }
    pages.push(offset(start)..offset(text.len()));
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads in this process; binary formats give stand-ins.
    fn read(name: &str, bytes: &Bytes) -> Result<Document, Unreadable> {
        super::read(name, bytes, &Worker::of_file(None))
    }

    fn read_valid(name: &str, bytes: impl Into<Bytes>) -> Document {
        let document = read(name, &bytes.into()).unwrap_or_else(|unreadable| panic!("{name}: {unreadable}"));
        document.assert_consistent();
        document
    }

    fn refused(name: &str, bytes: &'static [u8]) -> String {
        read(name, &Bytes::from_static(bytes)).expect_err("is not readable").to_string()
    }

    #[test]
    fn text_is_taken_as_it_is() {
        for name in ["a.txt", "a.md", "a.json", "a.csv", "main.rs", "no extension", "a.unknown"] {
            let text = "# One\r\n\r\n  {\"two\": 3}\u{301}\n ";
            let document = read_valid(name, text);
            assert_eq!(document.text().as_str(), text, "{name}");
            assert!(!document.is_stand_in() && document.chunks().len() == 1, "{name}");
            assert_eq!(document.content(&document.chunks()[0]), text.trim(), "{name}");
        }
        assert_eq!(read_valid("a.txt", "<html><p>x").text().as_str(), "<html><p>x", "the name says that it is no HTML");
    }

    #[test]
    fn html_is_made_readable_by_name_or_content() {
        for (name, html) in [("a.html", "<p>a</p>b"), ("a", "<!doctype html><p>a</p>b"), ("a.php7", " <HTML><p>a</p>b")]
        {
            assert_eq!(read_valid(name, html).text().as_str(), "a\n\nb", "{name}");
        }
        let sectioned = format!("<h1>One</h1>{}<h2>Two</h2><p>end", "<p>some words in a paragraph</p>".repeat(20));
        let document = read_valid("a.htm", sectioned);
        assert_eq!(document.content(&document.chunks()[1]), "## Two\n\nend");
    }

    #[test]
    fn files_without_visible_text_have_no_chunks() {
        for (name, bytes) in
            [("a.txt", ""), ("a", ""), ("a.html", ""), ("a.txt", " \r\n\t\u{a0}\u{c}"), ("a.html", "<p> </p>")]
        {
            let document = read_valid(name, bytes);
            assert!(document.chunks().is_empty() && !document.is_stand_in(), "{name}");
        }
    }

    #[test]
    fn what_is_not_read_has_a_stand_in() {
        let cases: [(&str, &[u8], &str); 5] = [
            ("a.doc", b"no document at all", "application/msword"),
            ("a", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
            ("a.png", b"\x89PNG", "image/png"),
            ("a.unknown", b"\0\x01\x02", "application/octet-stream"),
            ("a", b"\x01\xff\x81\x02", "application/octet-stream"),
        ];
        for (name, bytes, media_type) in cases {
            let document = read_valid(name, bytes);
            assert!(document.is_stand_in(), "{name}");
            assert!(document.text().as_str().contains(&format!("{name} is {media_type},")), "{name}");
            assert!(!document.chunks().is_empty(), "{name}");
        }
    }

    #[test]
    fn an_empty_file_is_unreadable_unless_its_kind_is_text() {
        for name in ["a.pdf", "a.docx", "a.zip", "a.PNG"] {
            assert_eq!(refused(name, b""), "the file is empty", "{name}");
        }
    }

    #[test]
    fn a_text_file_without_text_is_unreadable() {
        assert_eq!(refused("a.txt", b"a\0b"), "the text holds NUL bytes");
        assert_eq!(refused("a.md", b"%PDF-1.7\n\x01\x02\xff\x81"), Unreadable::Encoding.to_string());
        assert_eq!(
            refused("a.json", b"\xff\xfea"),
            "the byte-order mark says UTF-16LE, but the bytes after it are not valid UTF-16LE"
        );
    }

    #[test]
    fn form_feeds_separate_pages() {
        let document = read_valid("a.txt", "öne\u{c}\u{c}  three\nx\u{c}");
        assert_eq!(document.page_count(), 3);
        let pages: Vec<usize> = (0..13).map(|at| document.page_of(at)).collect();
        assert_eq!(pages, [1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
        let chunks: Vec<_> = document.chunks().iter().map(|chunk| document.content(chunk)).collect();
        assert_eq!(chunks, ["öne", "three\nx"]);
        assert_eq!(read_valid("a.html", "a\u{c}b").page_count(), 1);
    }

    #[test]
    fn limits_hold_and_are_named() {
        let at_limit = "x\u{c}".repeat(MAX_PARTS - 1) + "x";
        assert_eq!(read_valid("a.txt", at_limit.clone()).chunks().len(), MAX_PARTS);
        let pages = read("a.txt", &Bytes::from(format!("{at_limit}\u{c}x"))).expect_err("has too many pages");
        assert_eq!(pages.to_string(), "the text has more than 65535 pages, the limit");
        // The last page has two chunks.
        let chunks = read("a.txt", &Bytes::from(at_limit + &"y".repeat(1000))).expect_err("has too many chunks");
        assert_eq!(chunks.to_string(), "the text has more than 65535 chunks, the limit");
        let long = Bytes::from(vec![b'x'; MAX_TEXT_BYTES + 1]);
        for name in ["a.txt", "a.html", "a"] {
            let unreadable = read(name, &long).expect_err("is too long");
            assert_eq!(unreadable.to_string(), "the text is longer than 64 MiB, the limit", "{name}");
        }
        assert!(read("a.png", &long).expect("is not read").is_stand_in());
    }

    #[test]
    fn the_weight_is_that_of_text_and_chunks() {
        let document = read_valid("a.txt", "some words ".repeat(1000));
        let parts = size_of::<Document>() + 11_000 + 4 + size_of_val(document.chunks());
        assert_eq!(document.weight_bytes(), parts);
    }

    proptest! {
        #[test]
        fn every_text_gives_a_consistent_document(
            name in prop::sample::select(vec!["a.txt", "a.md", "a.html", "a.csv", "a", "a.pdf"]),
            pieces in prop::collection::vec(prop_oneof![
                Just("word "), Just("Größe"), Just("。"), Just("😀"), Just("e\u{301}"), Just(". "), Just("\n"),
                Just("\r\n\r\n"), Just("\n# Title\n"), Just("```\n"), Just("\u{c}"), Just("\u{2003}"), Just("<p>"),
                Just("</div>"), Just("| cell "), Just("\n|---|\n"), Just("<td>"), Just("\""), Just("&amp;"),
                Just("averyverylongwordwithoutanyspaceinit"),
            ], 1..300),
        ) {
            let text = pieces.concat();
            let document = read_valid(name, text.clone());
            prop_assert_eq!(format!("{document:?}"), format!("{:?}", read_valid(name, text)));
        }

        #[test]
        fn any_bytes_give_a_document_or_a_reason(
            name in prop::sample::select(vec!["a.txt", "a.md", "a.html", "a", "a.pdf"]),
            mark in prop::sample::select(
                vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"<html>"],
            ),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            match read(name, &Bytes::from([mark, &bytes].concat())) {
                Ok(document) => document.assert_consistent(),
                Err(unreadable) => prop_assert!(!unreadable.to_string().is_empty()),
            }
        }
    }
}
