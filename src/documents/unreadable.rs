//! Why a file cannot be read.

use std::fmt;

use super::{MAX_PARTS, MAX_TEXT_BYTES};

/// Why a file that should be text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It has no bytes, although no file of its kind is empty.
    Empty,
    /// It has many NUL bytes, as binary files have.
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
    /// It is in a binary format, and its reader refuses it; why.
    Refused(String),
    /// It was not tried, because the child process that reads it cannot be started; why. This says nothing about the
    /// file.
    NotTried(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::NulBytes => f.write_str("the text holds NUL bytes"),
            Self::Encoding => f.write_str("the bytes are not text in UTF-8 or in another known encoding"),
            Self::Malformed(name) => {
                write!(f, "the byte-order mark says {name}, but the bytes after it are not valid {name}")
            }
            Self::TooLong => write!(f, "the text is longer than {} MiB, the limit", MAX_TEXT_BYTES >> 20),
            Self::TooManyPages => write!(f, "the text has more than {MAX_PARTS} pages, the limit"),
            Self::TooManyChunks => write!(f, "the text has more than {MAX_PARTS} chunks, the limit"),
            Self::Refused(reason) | Self::NotTried(reason) => f.write_str(reason),
        }
    }
}
