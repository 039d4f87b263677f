//! Why a form is refused, in the words of the service's framework.

use std::fmt;

use super::{MAX_FIELD_BYTES, MAX_FIELDS, MAX_FILES, MAX_TEXT_BYTES};
use crate::error::ApiError;

/// Why a form is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// The content type has no boundary.
    MissingBoundary,
    /// The body does not follow the format.
    Malformed,
    /// A part has no name.
    MissingName,
    /// There are too many files.
    TooManyFiles,
    /// There are too many fields that are not files.
    TooManyFields,
    /// A part that is not a file is too large.
    PartTooLarge,
    /// A field of an URL-encoded form is too large.
    FieldTooLarge,
    /// The fields that are not files are together too large: our own limit.
    TooMuchText,
}

impl fmt::Display for FormError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kib = MAX_FIELD_BYTES / 1024;
        match self {
            Self::MissingBoundary => write!(formatter, "Missing boundary in multipart."),
            Self::Malformed => write!(formatter, "Invalid multipart data."),
            Self::MissingName => {
                write!(formatter, "The Content-Disposition header field \"name\" must be provided.")
            }
            Self::TooManyFiles => write!(formatter, "Too many files. Maximum number of files is {MAX_FILES}."),
            Self::TooManyFields => write!(formatter, "Too many fields. Maximum number of fields is {MAX_FIELDS}."),
            Self::PartTooLarge => write!(formatter, "Part exceeded maximum size of {kib}KB."),
            Self::FieldTooLarge => write!(formatter, "Field exceeded maximum size of {kib}KB."),
            Self::TooMuchText => write!(formatter, "The text fields are together larger than {MAX_TEXT_BYTES} bytes"),
        }
    }
}

impl From<FormError> for ApiError {
    fn from(error: FormError) -> Self {
        let status = if error == FormError::TooMuchText { 413 } else { 400 };
        Self::text(status, error.to_string())
    }
}
