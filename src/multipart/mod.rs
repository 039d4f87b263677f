//! Reads the form in a request body: `multipart/form-data` or `application/x-www-form-urlencoded`. What is refused, and
//! the text of each error, is that of the service's framework.
//!
//! The reader is our own, and not the crate `multer`. The whole body is in memory already and limited in size, so that
//! a stream brings nothing, and many details of `python-multipart` and Starlette are visible to clients: a body that is
//! cut off is a form with fewer parts and not an error, parameter names ignore case, the first boundary may have no
//! spaces behind it and a later one may. `multer` differs in each of them, and does not limit the number of parts.

mod charset;
mod error;
mod options;
mod parts;
#[cfg(test)]
mod tests;
mod urlencoded;

use bytes::Bytes;

use self::charset::Charset;
use self::options::Options;

pub(crate) use self::error::FormError;

const MULTIPART: &[u8] = b"multipart/form-data";
const URL_ENCODED: &[u8] = b"application/x-www-form-urlencoded";

/// The limits of the framework: files in a form, other fields in a form, bytes in a field that is not a file.
const MAX_FILES: usize = 1000;
const MAX_FIELDS: usize = 1000;
const MAX_FIELD_BYTES: usize = 1 << 20;

/// Maximum number of bytes in all fields of a form that are not files. This limit is our own: the text is a copy, which
/// the limits of the framework alone would let grow beyond the size of the body.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// The framework's limit for the length of a boundary.
const MAX_BOUNDARY_BYTES: usize = 256;

/// A form: its parts in the order in which they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// The parts; several may have the same name.
    pub(crate) parts: Vec<FormPart>,
}

/// A part of a form: a file, or a field with text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FormPart {
    /// The name of the field. It may be empty and may hold any character.
    pub(crate) name: String,
    /// The file; `None` if the part is text.
    pub(crate) file: Option<FilePart>,
    /// The text; empty if the part is a file.
    pub(crate) text: String,
}

/// A file in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePart {
    /// Its name as it was sent: data and never a path. It may be empty and may hold any character.
    pub(crate) filename: String,
    /// The `content-type` of the part, if it has one.
    pub(crate) content_type: Option<String>,
    /// Its content. It shares the memory of the body if it is most of the body.
    pub(crate) bytes: Bytes,
}

/// Whether a body of this content type is a form.
pub(crate) fn is_form(content_type: &[u8]) -> bool {
    let value = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [MULTIPART, URL_ENCODED].iter().any(|form| value.eq_ignore_ascii_case(form))
}

/// Reads the form in `body`. A body with another content type is an empty form, as in the framework.
///
/// Errors: the framework refuses the body, or its text fields are larger than our own limit.
pub(crate) fn read_form(body: &Bytes, content_type: &[u8]) -> Result<Form, FormError> {
    let options = Options::read(content_type);
    let parts = match options.value() {
        MULTIPART => parts::read(body, boundary(&options)?, Charset::of(&options))?,
        URL_ENCODED => urlencoded::read(body)?,
        _ => Vec::new(),
    };
    Ok(Form { parts })
}

/// Checks what the framework refuses by the content type alone: multipart without a boundary or with one that is too
/// long.
pub(crate) fn check_content_type(content_type: &[u8]) -> Result<(), FormError> {
    let options = Options::read(content_type);
    if options.value() == MULTIPART { boundary(&options).map(|_| ()) } else { Ok(()) }
}

/// The boundary between the parts. It may be empty.
fn boundary(options: &Options) -> Result<&[u8], FormError> {
    let boundary = options.get("boundary").ok_or(FormError::MissingBoundary)?;
    if boundary.len() > MAX_BOUNDARY_BYTES { Err(FormError::Malformed) } else { Ok(boundary) }
}

/// Counts the text of a form against its limits.
#[derive(Debug, Default)]
struct TextBudget {
    bytes: usize,
}

impl TextBudget {
    /// Counts the text of one field. `too_large` is the error if it is larger than the framework allows.
    fn add(&mut self, field_bytes: usize, too_large: FormError) -> Result<(), FormError> {
        if field_bytes > MAX_FIELD_BYTES {
            return Err(too_large);
        }
        self.bytes += field_bytes;
        if self.bytes > MAX_TEXT_BYTES { Err(FormError::TooMuchText) } else { Ok(()) }
    }
}
