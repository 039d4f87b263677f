//! Decodes the names and texts of a multipart form.

use super::options::Options;

/// How bytes become text. Bytes that are not UTF-8 are read as Latin-1, as the framework does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Latin1,
}

/// The names of UTF-8 in Python, without punctuation.
const UTF8_NAMES: &[&str] = &["utf8", "utf", "u8", "utf8ucs2", "utf8ucs4", "cp65001"];

impl Charset {
    /// The charset that a content type names; UTF-8 without one. The framework knows every charset of Python; here any
    /// other than UTF-8 is Latin-1, which is also the framework's choice for unknown ones.
    pub(super) fn of(options: &Options) -> Self {
        let Some(name) = options.get("charset") else { return Self::Utf8 };
        let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let letters: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        if UTF8_NAMES.contains(&letters.as_str()) { Self::Utf8 } else { Self::Latin1 }
    }

    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Utf8, Ok(text)) => text.to_owned(),
            _ => latin1(bytes),
        }
    }
}

/// Reads bytes as Latin-1: each byte is one character.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
