//! Ids as the service prints them: a prefix and a UUID, or any text that a client made up.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::json_object::{JsonText, append_plain};
use crate::seed::{self, RandomStream};

/// The id of a resource. Ids order by prefix and bits, which means nothing but makes an order that does not change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Id {
    /// An id in the form in which the service makes them.
    Minted(Prefix, Uuid),
    /// Any other text: it names a resource that was created because a request named it.
    Given(Box<str>),
}

/// The beginning of an id of the service: three lower-case letters and a hyphen, or nothing, as the bare UUIDs of
/// projects and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Prefix(Option<[u8; PREFIX_BYTES]>);

const PREFIX_BYTES: usize = 4;

/// Bytes of a hyphenated UUID.
const UUID_BYTES: usize = 36;

impl Prefix {
    /// The prefix of a bare UUID.
    pub(crate) const NONE: Self = Self(None);

    /// The prefix of configurations, two of which belong to each index.
    pub(crate) const CONFIGURATION: Self = Self::new(*b"cfg-");

    /// A prefix such as `dir-`.
    pub(crate) const fn new(text: [u8; PREFIX_BYTES]) -> Self {
        assert!(is_prefix(text), "a prefix has three lower-case letters and a hyphen");
        Self(Some(text))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |bytes| bytes)
    }
}

const fn is_prefix(text: [u8; PREFIX_BYTES]) -> bool {
    matches!(text, [b'a'..=b'z', b'a'..=b'z', b'a'..=b'z', b'-'])
}

impl Id {
    /// The next id of a random stream.
    pub(crate) fn mint(prefix: Prefix, stream: &mut RandomStream) -> Self {
        Self::Minted(prefix, seed::uuid(stream))
    }

    /// The id that `text` is. A minted id is recognised only in the exact form in which it is printed.
    pub(crate) fn parse(text: &str) -> Self {
        let (prefix, uuid) = match text.as_bytes().first_chunk().filter(|bytes| is_prefix(**bytes)) {
            Some(bytes) => (Prefix(Some(*bytes)), &text[PREFIX_BYTES..]),
            None => (Prefix::NONE, text),
        };
        canonical_uuid(uuid).map_or_else(|| Self::Given(text.into()), |uuid| Self::Minted(prefix, uuid))
    }

    /// Whether it has this prefix and was minted.
    pub(crate) fn has_prefix(&self, prefix: Prefix) -> bool {
        matches!(self, Self::Minted(own, _) if *own == prefix)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Minted(..) => 0,
            Self::Given(text) => text.len(),
        }
    }
}

fn canonical_uuid(text: &str) -> Option<Uuid> {
    let is_canonical = text.len() == UUID_BYTES && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_canonical.then(|| Uuid::try_parse(text).ok()).flatten()
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minted(prefix, uuid) => {
                f.write_str(std::str::from_utf8(prefix.as_bytes()).expect("a prefix is ASCII"))?;
                uuid.hyphenated().fmt(f)
            }
            Self::Given(text) => f.write_str(text),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

impl JsonText for Id {
    fn append_to(&self, json: &mut Vec<u8>) {
        match self {
            Self::Given(text) => text.append_to(json),
            Self::Minted(prefix, uuid) => {
                let mut digits = [0; UUID_BYTES];
                uuid.hyphenated().encode_lower(&mut digits);
                append_plain(json, &[prefix.as_bytes(), &digits]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_as_it_was_parsed_and_only_the_printed_form_is_minted() {
        let uuid = "01234567-89ab-4cde-8f01-23456789abcd";
        for prefix in ["", "cfg-", "dfl-", "dir-", "idx-", "abc-"] {
            let text = format!("{prefix}{uuid}");
            let id = Id::parse(&text);
            assert!(matches!(id, Id::Minted(..)), "{text}");
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_value(&id).expect("an id is a string"), text);
        }
        for text in [
            "",
            "dir-abc",
            "Dir-01234567-89ab-4cde-8f01-23456789abcd",
            "idx-01234567-89AB-4cde-8f01-23456789abcd",
            "{01234567-89ab-4cde-8f01-23456789abcd}",
        ] {
            assert_eq!(Id::parse(text), Id::Given(text.into()));
            assert_eq!(Id::parse(text).to_string(), text);
        }
    }
}
