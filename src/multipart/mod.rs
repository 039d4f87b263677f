//! Forms as clients send them: `multipart/form-data` and `application/x-www-form-urlencoded`.

use bytes::Bytes;

/// The fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Its parts, in order.
    pub(crate) parts: Vec<Part>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The name of the field.
    pub(crate) name: String,
    /// The file; `None` if the part has no file name.
    pub(crate) file: Option<FilePart>,
    /// The text of a part without a file name.
    pub(crate) text: String,
}

/// A file in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePart {
    /// Its name, as the client wrote it.
    pub(crate) filename: String,
    /// Its content type, if the client names one.
    pub(crate) content_type: Option<String>,
    /// Its content.
    pub(crate) bytes: Bytes,
}
