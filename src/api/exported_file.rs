//! What an index without vectors exports of a file: a JSON document. The documentation names its parts; the names
//! inside of them are those of the service's parse results.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::index_file::IndexFile;
use super::page_attachment::{self, AttachmentRef};
use crate::clock::Timestamp;
use crate::documents::page::{DocumentPage, PageItems};
use crate::store::{Id, IndexedFile};

/// The media type of the document.
pub(super) const MEDIA_TYPE: &str = "application/json";

#[derive(Serialize)]
struct ExportedFile<'a> {
    /// The SHA-256 of the text. What the service takes it of is not known.
    content_fingerprint_hash: String,
    source_modified_at: Timestamp,
    provenance: Provenance<'a>,
    attachments: Vec<AttachmentRef<'a>>,
    parse: ParsedFile<'a>,
}

/// Where a file came from.
#[derive(Serialize)]
struct Provenance<'a> {
    file_name: &'a str,
    parsed_directory_file_id: &'a Id,
    source_directory_file_id: &'a Id,
    file_id: &'a Id,
}

#[derive(Serialize)]
struct ParsedFile<'a> {
    markdown: PagesOf<'a, MarkdownPage<'a>>,
    text: PagesOf<'a, TextPage<'a>>,
    items: PagesOf<'a, PageItems<'a>>,
}

/// A part of the parse result.
#[derive(Serialize)]
struct PagesOf<'a, T: Serialize> {
    pages: EachPage<'a, T>,
}

/// The same of each page. It is made when it is written, so that not all are in memory at once.
struct EachPage<'a, T> {
    pages: &'a [DocumentPage<'a>],
    body: fn(&'a DocumentPage<'a>) -> T,
}

/// A page as Markdown. Nothing is known to be its header or its footer.
#[derive(Serialize)]
struct MarkdownPage<'a> {
    page_number: usize,
    success: bool,
    markdown: &'a str,
    header: Option<&'a str>,
    footer: Option<&'a str>,
}

#[derive(Serialize)]
struct TextPage<'a> {
    page_number: usize,
    text: &'a str,
}

impl<'a, T: Serialize> PagesOf<'a, T> {
    fn of(pages: &'a [DocumentPage<'a>], body: fn(&'a DocumentPage<'a>) -> T) -> Self {
        Self { pages: EachPage { pages, body } }
    }
}

impl<T: Serialize> Serialize for EachPage<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.pages.iter().map(self.body))
    }
}

/// The name of the document of a file.
pub(super) fn name(file: &IndexedFile) -> String {
    format!("{}.json", file.name)
}

/// The document of a file.
pub(super) fn bytes(source: &IndexFile) -> Bytes {
    let file = source.file();
    let document = file.document.document();
    let numbers = 1..=document.page_count();
    let pages: Vec<DocumentPage<'_>> = numbers.filter_map(|number| DocumentPage::of(document, number)).collect();
    let attachments = pages.iter().flat_map(|page| page_attachment::references(&source.kinds, &file.id, page.number));
    let hash = Bytes::copy_from_slice(&Sha256::digest(document.text().as_str()));
    let exported = ExportedFile {
        content_fingerprint_hash: format!("{hash:x}"),
        source_modified_at: file.modified_at,
        provenance: Provenance {
            file_name: &file.name,
            parsed_directory_file_id: &file.id,
            source_directory_file_id: &file.source_id,
            file_id: &file.file_id,
        },
        attachments: attachments.collect(),
        parse: ParsedFile {
            markdown: PagesOf::of(&pages, markdown_page),
            text: PagesOf::of(&pages, |page| TextPage { page_number: page.number, text: page.text() }),
            items: PagesOf::of(&pages, DocumentPage::items),
        },
    };
    serde_json::to_vec(&exported).expect("texts and numbers are written as JSON").into()
}

fn markdown_page<'a>(page: &'a DocumentPage<'a>) -> MarkdownPage<'a> {
    MarkdownPage { page_number: page.number, success: true, markdown: page.text(), header: None, footer: None }
}
