//! Text from files in binary formats. A child process reads them, because a broken or hostile file can take any time
//! and memory; then only that file fails.

use bytes::Bytes;
use bytestring::ByteString;

use super::format::Binary;
use super::{Document, Unreadable, stand_in};
use crate::worker::{WorkKind, Worker, WorkerError};

/// Why an embedded server without the program reads no files in binary formats.
const NO_PROGRAM: &str =
    "which an embedded server reads only if LLAMACLOUD_MOCK_BINARY names the llamacloud-mock program";

/// The result of a child process for a file.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "pdf"), allow(dead_code, reason = "only a PDF is read in part"))]
pub(super) enum Extract {
    /// Its text, with a form feed between pages.
    Text(String),
    /// Its text as far as it can be read, and a line that says what is missing.
    Incomplete { remark: String, text: String },
    /// Nothing to read, although the file is valid; why, as a relative clause.
    StandIn(String),
}

/// First bytes of a result, by its meaning.
const TEXT: u8 = b't';
const INCOMPLETE: u8 = b'i';
const STAND_IN: u8 = b's';

/// The child's side: reads the file in `fields`, which are the format and the bytes.
///
/// Errors: why the file cannot be read.
pub(crate) fn answer(fields: Vec<Vec<u8>>) -> Result<Vec<u8>, String> {
    let [format, bytes] = <[Vec<u8>; 2]>::try_from(fields).map_err(|_| "needs a format and a file".to_owned())?;
    let format = Binary::named(&String::from_utf8_lossy(&format)).ok_or("the format is unknown")?;
    let (tag, text) = match extract(format, bytes)? {
        Extract::Text(text) => (TEXT, text),
        Extract::Incomplete { remark, text } => (INCOMPLETE, format!("{remark}\n{text}")),
        Extract::StandIn(reason) => (STAND_IN, reason),
    };
    let mut result = text.into_bytes();
    result.insert(0, tag);
    Ok(result)
}

/// Reads a file in this process.
#[cfg_attr(
    not(any(feature = "office", feature = "pdf")),
    allow(clippy::unnecessary_wraps, reason = "only a format that is read can be refused")
)]
fn extract(format: Binary, bytes: Vec<u8>) -> Result<Extract, String> {
    match format {
        #[cfg(feature = "pdf")]
        Binary::Pdf => super::pdf::extract(bytes),
        #[cfg(feature = "office")]
        Binary::Docx | Binary::Pptx | Binary::Xlsx => super::office::extract(format, &bytes),
        #[allow(unreachable_patterns, reason = "all formats are read in a build with all features")]
        _ => {
            drop(bytes);
            Ok(Extract::StandIn(format!("which this build does not read (cargo feature {})", format.feature())))
        }
    }
}

/// The parent's side: reads a file in a child process.
pub(super) fn read(format: Binary, name: &str, bytes: &Bytes, worker: &Worker) -> Result<Document, Unreadable> {
    match worker.run(WorkKind::Document, &[format.name().as_bytes(), bytes]) {
        Ok(result) => document(format, name, bytes, Bytes::from(result)),
        Err(WorkerError::NoProgram) => stand_in::document(name, bytes, format.media_type(), NO_PROGRAM),
        Err(error @ WorkerError::NotStarted(_)) => Err(Unreadable::NotTried(error.to_string())),
        Err(WorkerError::Failed(reason)) => Err(Unreadable::Refused(reason)),
        Err(error) => Err(Unreadable::Refused(format!("reading the file {error}"))),
    }
}

fn document(format: Binary, name: &str, bytes: &Bytes, mut result: Bytes) -> Result<Document, Unreadable> {
    let tag = result.split_to(result.len().min(1));
    let text = ByteString::try_from(result).map_err(|_| Unreadable::Encoding)?;
    match tag.first() {
        Some(&TEXT) => Document::from_content(text, format.layout()),
        Some(&INCOMPLETE) => {
            let (remark, text) = text.split_once('\n').ok_or(Unreadable::Encoding)?;
            let document = Document::from_content(ByteString::from(text), format.layout())?;
            Ok(Document { remark: Some(remark.into()), ..document })
        }
        _ => stand_in::document(name, bytes, format.media_type(), &text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_none_is_an_error() {
        assert!(answer(Vec::new()).is_err());
        assert!(answer(vec![b"tiff".to_vec(), Vec::new()]).is_err());
    }
}
