//! Ids as the service prints them: a prefix and a UUID.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Bytes of the longest id, and a few more.
const ROOM: usize = 48;

/// `idx-…`, `dir-…`, `cfg-…`
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefixed(pub(super) &'static str, pub(super) Uuid);

impl fmt::Display for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        self.1.hyphenated().fmt(f)
    }
}

impl Serialize for Prefixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; ROOM];
        let (prefix, uuid) = text.split_at_mut(self.0.len());
        prefix.copy_from_slice(self.0.as_bytes());
        let length = self.0.len() + self.1.hyphenated().encode_lower(uuid).len();
        serializer.serialize_str(std::str::from_utf8(&text[..length]).expect("a prefix of ours and hexadecimal digits"))
    }
}
