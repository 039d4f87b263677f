//! The text of office files (Office Open XML, ECMA-376) as Markdown: DOCX, PPTX, XLSX. It runs in a child process,
//! because a small file can inflate to any size.

mod blocks;
mod docx;
mod package;
mod pptx;
mod table;
mod xlsx;
mod xlsx_formats;
mod xml;

use self::package::Package;
use super::extract::Extract;
use super::format::Binary;

/// Why a file has no text although it is valid.
const NO_TEXT: &str = "which holds no text";

/// Reads an office file.
///
/// Errors: why it cannot be read.
pub(super) fn extract(format: Binary, bytes: &[u8]) -> Result<Extract, String> {
    let mut package = Package::open(bytes)?;
    let pages = match format {
        Binary::Docx => docx::pages(&mut package)?,
        Binary::Pptx => pptx::pages(&mut package)?,
        Binary::Xlsx => xlsx::pages(&mut package)?,
        Binary::Pdf => return Err("a PDF is no office file".to_owned()),
    };
    if pages.are_blank() {
        return Ok(Extract::StandIn(NO_TEXT.to_owned()));
    }
    Ok(Extract::Text(pages.into_text()))
}
