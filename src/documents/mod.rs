//! Text from the bytes of a file, with its pages and its chunks. Everything here is a function of the file's name and
//! bytes.

mod chunks;
mod decode;
mod format;
mod html;
mod stand_in;
mod text;

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;

pub(crate) use self::format::Format;
pub(crate) use self::text::{MAX_TEXT_BYTES, Text};

use self::format::Claim;
use self::text::offset;

/// Maximum number of chunks of a document, and of its pages.
pub(crate) const MAX_PARTS: usize = 65_535;

/// What was read from a file.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    text: Text,
    /// The code point that each page starts with; the first is 0.
    page_starts: Box<[u32]>,
    chunks: Box<[Chunk]>,
    is_stand_in: bool,
}

/// A part of a document that retrieval finds: consecutive characters of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its code points.
    pub(crate) chars: Range<u32>,
    /// Its bytes.
    pub(crate) bytes: Range<u32>,
    /// Its first and its last page, counted from 1.
    pub(crate) pages: (u32, u32),
    /// An estimate of the number of its tokens.
    pub(crate) tokens: u32,
}

/// Why a file that should be text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It has NUL bytes, as binary files have.
    NulBytes,
    /// Its bytes are text in no encoding that is tried.
    Encoding,
    /// Its byte-order mark names this encoding, in which its bytes are not valid.
    Malformed(&'static str),
    /// It has more than `MAX_TEXT_BYTES`.
    TooLong,
    /// It has more pages than `MAX_PARTS`.
    TooManyPages,
    /// It has more chunks than `MAX_PARTS`.
    TooManyChunks,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NulBytes => f.write_str("the text holds NUL bytes"),
            Self::Encoding => f.write_str("the bytes are not text in UTF-8 or in another known encoding"),
            Self::Malformed(name) => {
                write!(f, "the byte-order mark says {name}, but the bytes after it are not valid {name}")
            }
            Self::TooLong => write!(f, "the text is longer than {} MiB, the limit", MAX_TEXT_BYTES >> 20),
            Self::TooManyPages => write!(f, "the text has more than {MAX_PARTS} pages, the limit"),
            Self::TooManyChunks => write!(f, "the text has more than {MAX_PARTS} chunks, the limit"),
        }
    }
}

impl Document {
    /// The text as `read` returns it.
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// Its chunks in the order of the text.
    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The text of one of its chunks.
    pub(crate) fn content(&self, chunk: &Chunk) -> &str {
        &self.text.as_str()[chunk.bytes.start as usize..chunk.bytes.end as usize]
    }

    /// The number of its pages, at least 1.
    pub(crate) fn page_count(&self) -> usize {
        self.page_starts.len()
    }

    /// The page of a code point, counted from 1; the last page for an offset past the end.
    pub(crate) fn page_of(&self, char_offset: usize) -> usize {
        self.page_starts.partition_point(|start| *start as usize <= char_offset)
    }

    /// Whether the text is not that of the file, because this version does not read files of its kind.
    pub(crate) fn is_stand_in(&self) -> bool {
        self.is_stand_in
    }

    /// The memory that it holds, with the bytes that its text shares.
    pub(crate) fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.text.weight_bytes() + size_of_val(&*self.page_starts) + size_of_val(&*self.chunks)
    }

    /// The document of a decoded text.
    fn from_content(content: ByteString, format: Format) -> Result<Self, Unreadable> {
        let (content, has_headings) = match format {
            Format::Plain => (content, false),
            Format::Markdown => (content, true),
            // Headings of HTML come out as those of Markdown.
            Format::Html => (ByteString::from(html::to_text(&content)), true),
        };
        let text = Text::from_content(content)?;
        let pages = page_ranges(text.as_str())?;
        let chunks = chunks::split(text.as_str(), &pages, has_headings)?.into();
        let page_starts = pages.iter().map(|page| offset(text.char_of(page.start as usize))).collect();
        Ok(Self { text, page_starts, chunks, is_stand_in: false })
    }
}

/// Reads a file by its name and bytes. The extension of the name decides how; if it says nothing, the bytes do. A file of a
/// kind that is not read gives a stand-in text.
pub(crate) fn read(name: &str, bytes: &Bytes) -> Result<Document, Unreadable> {
    if bytes.is_empty() {
        return Document::from_content(ByteString::new(), Format::Plain);
    }
    let claim = match format::claimed_by_name(name) {
        Claim::Nothing => format::found_in_bytes(bytes),
        claim => claim,
    };
    match claim {
        Claim::Text(format) => read_as(format, bytes),
        Claim::NotRead(media_type) => stand_in::document(name, bytes, media_type),
        Claim::Nothing => match decode::decode(bytes) {
            Ok(content) => {
                let format = if html::is_html(&content) { Format::Html } else { Format::Plain };
                Document::from_content(content, format)
            }
            Err(Unreadable::TooLong) => Err(Unreadable::TooLong),
            Err(_) => stand_in::document(name, bytes, "application/octet-stream"),
        },
    }
}

/// Reads bytes that are known to be text of this format, such as a parse result that was given with a file.
pub(crate) fn read_as(format: Format, bytes: &Bytes) -> Result<Document, Unreadable> {
    Document::from_content(decode::decode(bytes)?, format)
}

/// The bytes of each page. A form feed (U+000C) ends a page, as in the output of `pdftotext` and in printed plain text; it
/// is part of the page that it ends.
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
