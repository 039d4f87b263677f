//! How a file is read, by the extension of its name or the first bytes of its content.

use memchr::memmem;

/// The formats of text that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Taken as it is: plain text, JSON, source code.
    Plain,
    /// Taken as it is; its first row is the header of a table.
    Csv,
    /// Taken as it is; its headings begin chunks.
    Markdown,
    /// Made into readable text.
    Html,
}

/// The formats that are read in a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    /// PDF (ISO 32000).
    Pdf,
    /// Text documents of Office Open XML (ECMA-376).
    Docx,
    /// Its presentations.
    Pptx,
    /// Its spreadsheets.
    Xlsx,
}

impl Format {
    /// Whether its text has headings as Markdown writes them.
    pub(super) const fn has_headings(self) -> bool {
        matches!(self, Self::Markdown | Self::Html)
    }
}

impl Binary {
    const ALL: [Self; 4] = [Self::Pdf, Self::Docx, Self::Pptx, Self::Xlsx];

    /// Its name, which is the usual extension.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The layout of the text that is read from it.
    pub(super) const fn layout(self) -> Format {
        match self {
            Self::Pdf => Format::Plain,
            Self::Docx | Self::Pptx | Self::Xlsx => Format::Markdown,
        }
    }

    /// The cargo feature with which the program reads it.
    pub(super) const fn feature(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx | Self::Pptx | Self::Xlsx => "office",
        }
    }

    /// The name of an entry that an archive of this format has.
    const fn main_part(self) -> Option<&'static [u8]> {
        match self {
            Self::Pdf => None,
            Self::Docx => Some(b"word/document.xml"),
            Self::Pptx => Some(b"ppt/presentation.xml"),
            Self::Xlsx => Some(b"xl/workbook.xml"),
        }
    }
}

/// Extensions of files that a child process reads.
const BINARY: &[(&str, Binary)] = &[
    ("pdf", Binary::Pdf),
    ("docm", Binary::Docx),
    ("docx", Binary::Docx),
    ("dotm", Binary::Docx),
    ("dotx", Binary::Docx),
    ("potm", Binary::Pptx),
    ("potx", Binary::Pptx),
    ("ppsm", Binary::Pptx),
    ("ppsx", Binary::Pptx),
    ("pptm", Binary::Pptx),
    ("pptx", Binary::Pptx),
    ("xlsm", Binary::Xlsx),
    ("xlsx", Binary::Xlsx),
    ("xltm", Binary::Xlsx),
    ("xltx", Binary::Xlsx),
];

/// The format of a file by its name or its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is text of this format.
    Text(Format),
    /// It is of this format, which a child process reads.
    Binary(Binary),
    /// It has this media type, which is not read.
    NotRead(&'static str),
    /// They say nothing.
    Nothing,
}

/// Extensions of text files, between spaces.
const MARKDOWN: &str = "markdown md mdown mdx mkd qmd rmd";
const HTML: &str = "htm html xhtml";
const CSV: &str = "csv tsv";
const PLAIN: &str = "\
    adoc asc asm astro awk bash bat bib c cc cfg cjs clj cljs cmake conf cpp cs css cxx dart diff el eml env erl \
    ex exs f90 fish fs go gradle graphql groovy h hcl hh hpp hs hxx ics ini ipynb java jl js json json5 jsonc jsonl \
    jsx kt kts less lisp log lua m mjs ml mli ndjson nim nix org pas patch php pl pm po properties proto ps1 py pyi \
    r rb rs rst sass scala scm scss sh sol sql srt svelte svg swift tcl tex text tf toml ts tsx txt vb vcf vim \
    vtt vue xml xsd xsl yaml yml zig zsh";

/// Extensions of files that are not read, and their media types.
const NOT_READ: &[(&str, &str)] = &[
    ("doc", "application/msword"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsb", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("key", "application/vnd.apple.keynote"),
    ("numbers", "application/vnd.apple.numbers"),
    ("pages", "application/vnd.apple.pages"),
    ("rtf", "application/rtf"),
    ("epub", "application/epub+zip"),
    ("mobi", "application/x-mobipocket-ebook"),
    ("msg", "application/vnd.ms-outlook"),
    ("parquet", "application/vnd.apache.parquet"),
    ("sqlite", "application/vnd.sqlite3"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("avi", "video/x-msvideo"),
    ("mov", "video/quicktime"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("webm", "video/webm"),
    ("7z", "application/x-7z-compressed"),
    ("bz2", "application/x-bzip2"),
    ("gz", "application/gzip"),
    ("rar", "application/vnd.rar"),
    ("tar", "application/x-tar"),
    ("xz", "application/x-xz"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

/// The first bytes of files that are not read, and their media types.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
];

/// The format by the extension of a name.
pub(super) fn claimed_by_name(name: &str) -> Claim {
    let Some((_, extension)) = name.rsplit_once('.') else { return Claim::Nothing };
    let is = |known: &str| known.eq_ignore_ascii_case(extension);
    if let Some((_, format)) = BINARY.iter().find(|(known, _)| is(known)) {
        return Claim::Binary(*format);
    }
    if let Some((_, media_type)) = NOT_READ.iter().find(|(known, _)| is(known)) {
        return Claim::NotRead(media_type);
    }
    let formats = [(MARKDOWN, Format::Markdown), (HTML, Format::Html), (CSV, Format::Csv), (PLAIN, Format::Plain)];
    let format = formats.into_iter().find(|(extensions, _)| extensions.split(' ').any(is));
    format.map_or(Claim::Nothing, |(_, format)| Claim::Text(format))
}

/// The format by the first bytes. It is never text, which has no signature.
pub(super) fn found_in_bytes(bytes: &[u8]) -> Claim {
    if bytes.starts_with(b"%PDF-") {
        return Claim::Binary(Binary::Pdf);
    }
    if bytes.starts_with(b"PK\x03\x04")
        && let Some(format) = found_in_archive(bytes)
    {
        return Claim::Binary(format);
    }
    let signature = SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start));
    signature.map_or(Claim::Nothing, |(_, media_type)| Claim::NotRead(media_type))
}

/// The format of an archive, by the names of its entries.
fn found_in_archive(bytes: &[u8]) -> Option<Binary> {
    let has = |part: &[u8]| memmem::find(bytes, part).is_some();
    Binary::ALL.into_iter().find(|format| format.main_part().is_some_and(has))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_last_extension_decides_in_any_case() {
        let cases = [
            ("notes.txt", Claim::Text(Format::Plain)),
            ("report.pdf.MD", Claim::Text(Format::Markdown)),
            ("a/b.c/page.Html", Claim::Text(Format::Html)),
            ("main.rs", Claim::Text(Format::Plain)),
            (".env", Claim::Text(Format::Plain)),
            ("Report.PDF", Claim::Binary(Binary::Pdf)),
            ("a.docx", Claim::Binary(Binary::Docx)),
            ("a.doc", Claim::NotRead("application/msword")),
            ("archive.tar.gz", Claim::NotRead("application/gzip")),
            ("pdf", Claim::Nothing),
            ("name.", Claim::Nothing),
            ("", Claim::Nothing),
            ("file.unknown", Claim::Nothing),
        ];
        for (name, claim) in cases {
            assert_eq!(claimed_by_name(name), claim, "{name}");
        }
    }

    #[test]
    fn every_extension_stands_once() {
        let not_read = NOT_READ.iter().map(|(extension, _)| extension);
        let binary = BINARY.iter().map(|(extension, _)| extension);
        let text = [MARKDOWN, HTML, CSV, PLAIN].into_iter().flat_map(|extensions| extensions.split(' '));
        let all: Vec<&str> = text.chain(not_read.copied()).chain(binary.copied()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|extension| *extension == extension.to_lowercase()));
    }

    #[test]
    fn signatures_are_found() {
        assert_eq!(found_in_bytes(b"%PDF-1.7\n"), Claim::Binary(Binary::Pdf));
        assert_eq!(found_in_bytes(b"PK\x03\x04rest"), Claim::NotRead("application/zip"));
        assert_eq!(found_in_bytes(b"PK\x03\x04 xl/workbook.xml"), Claim::Binary(Binary::Xlsx));
        assert_eq!(found_in_bytes(b"% PDF"), Claim::Nothing);
        assert_eq!(found_in_bytes(b""), Claim::Nothing);
    }
}
