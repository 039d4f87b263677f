//! The request headers of a journal entry: kept in one allocation, bounded, and shown with credentials redacted.

use std::borrow::Cow;

use http::HeaderMap;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::redact;

/// Maximum number of header lines that an entry keeps.
const MAX_HEADERS: usize = 64;

/// Maximum number of bytes of header lines that an entry keeps.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The header lines of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordedHeaders {
    /// A line `name:value\n` each. A header's name holds no colon, and its value no line feed.
    lines: Vec<u8>,
    /// The number of lines that were not kept.
    omitted: usize,
}

impl RecordedHeaders {
    /// Keeps the headers of a request. They are redacted when an entry is shown, which is rarer than a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let bytes: usize = headers.iter().map(|(name, value)| line_bytes(name.as_str(), value.len())).sum();
        let mut recorded = Self { lines: Vec::with_capacity(bytes.min(MAX_HEADER_BYTES)), omitted: 0 };
        let mut count = 0;
        for (name, value) in headers {
            let is_full = count == MAX_HEADERS
                || recorded.lines.len() + line_bytes(name.as_str(), value.len()) > MAX_HEADER_BYTES;
            if is_full {
                recorded.omitted += 1;
                continue;
            }
            count += 1;
            for part in [name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"] {
                recorded.lines.extend_from_slice(part);
            }
        }
        recorded
    }

    /// Every line as its name and its value, without the values of secret headers, and with keys masked that look real.
    /// Lines with equal names follow one another.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.lines.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = (str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]);
            Some((name, if redact::is_secret_header(name) { redact::HIDDEN.into() } else { shown(value) }))
        })
    }

    /// The values of a header; its name is in lower case.
    pub(crate) fn values(&self, header: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.iter().filter(move |(name, _)| *name == header).map(|(_, value)| value)
    }

    /// The number of lines that were not kept.
    pub(crate) fn omitted(&self) -> usize {
        self.omitted
    }

    pub(super) fn weight_bytes(&self) -> usize {
        self.lines.capacity()
    }
}

/// A value as it is shown: keys that look real are masked, and bytes that are not UTF-8 replaced.
fn shown(value: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(value) {
        Cow::Borrowed(text) => redact::masked_target(text),
        Cow::Owned(text) => redact::masked_target(&text).into_owned().into(),
    }
}

fn line_bytes(name: &str, value_bytes: usize) -> usize {
    name.len() + value_bytes + 2
}

/// An object of lists, in the order of the request: `{"accept": ["*/*"]}`.
impl Serialize for RecordedHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines: Vec<(&str, Cow<'_, str>)> = self.iter().collect();
        let mut map = serializer.serialize_map(None)?;
        for group in lines.chunk_by(|left, right| left.0 == right.0) {
            let values: Vec<&str> = group.iter().map(|(_, value)| &**value).collect();
            map.serialize_entry(group[0].0, &values)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_value_may_hold_colons_and_bytes_that_are_not_utf_8() {
        let key = format!("llx-{}wxyz", "a1".repeat(20));
        let value = [b"a: \xff b: ", key.as_bytes()].concat();
        let value = HeaderValue::from_bytes(&value).expect("a header may hold any byte but control characters");
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-note"), value)]);
        let recorded = RecordedHeaders::of(&headers);
        let shown: Vec<_> = recorded.iter().collect();
        assert_eq!(shown, [("x-note", Cow::from("a: \u{fffd} b: llx-…wxyz"))]);
    }
}
