//! Office files: ZIP archives with XML in them.

use std::fmt::Write as _;
use std::io::Write as _;

use miniz_oxide::deflate::{compress_to_vec, core, stream};
use miniz_oxide::{MZFlush, MZStatus};
use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter};

/// A ZIP archive of these entries, which are deflated.
pub(crate) fn archive<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    archive_of_deflated(entries.into_iter().map(|(name, content)| (name, compress_to_vec(content, 6))))
}

/// A ZIP archive of these entries, whose contents are deflated already. The sizes that it states are wrong.
pub(crate) fn archive_of_deflated<'a>(entries: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, deflated) in entries {
        let file = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, _) = file.start().expect("a vector takes everything");
        entry.write_all(&deflated).expect("a vector takes everything");
        let descriptor = DataDescriptorOutput::new(0, 0);
        entry.finish(descriptor).expect("a vector takes everything");
    }
    archive.finish().expect("a vector takes everything")
}

/// A text document with this XML in its body.
pub(crate) fn docx(body: &str) -> Vec<u8> {
    let styles = "<w:styles xmlns:w='w'><w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>\
                  <w:style w:styleId='Liste'><w:name w:val='List Bullet'/></w:style></w:styles>";
    let document = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    archive([("word/document.xml", document.as_bytes()), ("word/styles.xml", styles.as_bytes())])
}

/// A paragraph of a text document.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>")
}

/// A spreadsheet with these sheets: the name and the XML of the rows of each.
pub(crate) fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![(
        "xl/styles.xml".to_owned(),
        "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy\\-mm\\-dd'/></numFmts><cellXfs><xf numFmtId='0'/>\
         <xf numFmtId='164'/></cellXfs></styleSheet>"
            .to_owned(),
    )];
    let strings =
        "<sst><si><t>shared </t></si><si><r><t>rich</t></r><r><t> text</t></r><rPh><t>no</t></rPh></si></sst>";
    parts.push(("xl/sharedStrings.xml".to_owned(), strings.to_owned()));
    let (mut names, mut targets) = (String::new(), String::new());
    // The parts are numbered from the last sheet to the first: only the relationships tell which is which.
    for (number, (name, rows)) in sheets.iter().enumerate() {
        let part = sheets.len() - number;
        _ = write!(names, "<sheet name='{name}' sheetId='{number}' r:id='rId{number}'/>");
        _ = write!(targets, "<Relationship Id='rId{number}' Target='worksheets/sheet{part}.xml'/>");
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/sheet{part}.xml"), sheet));
    }
    parts.push(("xl/workbook.xml".to_owned(), format!("<workbook xmlns:r='r'><sheets>{names}</sheets></workbook>")));
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships>{targets}</Relationships>")));
    archive(parts.iter().map(|(name, content)| (name.as_str(), content.as_bytes())))
}

/// A presentation with these slides, whole parts, which are numbered from the last to the first.
pub(crate) fn pptx(slides: &[&str]) -> Vec<u8> {
    let (mut parts, mut ids, mut targets) = (Vec::new(), String::new(), String::new());
    for (number, slide) in slides.iter().enumerate() {
        let part = slides.len() - number;
        _ = write!(ids, "<p:sldId id='{}' r:id='rId{number}'/>", 256 + number);
        _ = write!(targets, "<Relationship Id='rId{number}' Target='slides/slide{part}.xml'/>");
        parts.push((format!("ppt/slides/slide{part}.xml"), (*slide).to_owned()));
    }
    let presentation =
        format!("<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    parts.push(("ppt/presentation.xml".to_owned(), presentation));
    parts.push(("ppt/_rels/presentation.xml.rels".to_owned(), format!("<Relationships>{targets}</Relationships>")));
    archive(parts.iter().map(|(name, content)| (name.as_str(), content.as_bytes())))
}

/// A block that is the last one and empty.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// Zeros, deflated: a small file for any size. Without the head and the sum of zlib.
pub(crate) fn deflated_zeros(mebibytes: usize) -> Vec<u8> {
    const RAW: i32 = -15;
    let mut compressor = core::CompressorOxide::new(core::create_comp_flags_from_zip_params(9, RAW, 0));
    let (zeros, mut block) = (vec![0; 1 << 20], vec![0; 1 << 16]);
    let done = stream::deflate(&mut compressor, &zeros, &mut block, MZFlush::Full);
    assert_eq!((done.status, done.bytes_consumed), (Ok(MZStatus::Ok), zeros.len()));
    block.truncate(done.bytes_written);
    // A full flush ends a block on a byte and refers to nothing before it, so that blocks can be repeated.
    let mut file = block.repeat(mebibytes);
    file.extend(LAST_BLOCK);
    file
}

/// The same in the format of zlib, with a sum that is wrong.
pub(crate) fn zlib_of_zeros(mebibytes: usize) -> Vec<u8> {
    [&[0x78, 0x9c], deflated_zeros(mebibytes).as_slice(), &[0; 4]].concat()
}
