//! Ids as the service prints them: a prefix and a UUID.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

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
        serializer.collect_str(self)
    }
}
