//! Ids as the service prints them: a prefix and a UUID, or any text that a client made up.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// The id of a resource. Ids order by kind and bits, which means nothing but makes them keys of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    /// An id in the form in which the service makes them.
    Minted(Prefix, Uuid),
    /// Any other text: it names a resource that was created because a request named it.
    Given(Box<str>),
}

/// What an id of the service begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Prefix {
    /// Nothing: the ids of projects and files are bare UUIDs.
    Bare,
    /// `cfg-`
    Configuration,
    /// `dfl-`
    DirectoryFile,
    /// `dir-`
    Directory,
    /// `idx-`
    Index,
}

/// Bytes of the longest minted id, rounded up.
const MAX_MINTED_BYTES: usize = 48;

/// Bytes of a hyphenated UUID.
const UUID_BYTES: usize = 36;

impl Prefix {
    const ALL: [Self; 5] = [Self::Configuration, Self::Directory, Self::DirectoryFile, Self::Index, Self::Bare];

    fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "",
            Self::Configuration => "cfg-",
            Self::Directory => "dir-",
            Self::DirectoryFile => "dfl-",
            Self::Index => "idx-",
        }
    }
}

impl Id {
    /// The id that `text` is. A minted id is recognised only in the exact form in which it is printed.
    pub(crate) fn parse(text: &str) -> Self {
        let minted = |prefix: Prefix| Some(Self::Minted(prefix, canonical_uuid(text.strip_prefix(prefix.as_str())?)?));
        Prefix::ALL.into_iter().find_map(minted).unwrap_or_else(|| Self::Given(text.into()))
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
            Self::Minted(prefix, uuid) => write!(f, "{}{}", prefix.as_str(), uuid.hyphenated()),
            Self::Given(text) => f.write_str(text),
        }
    }
}

impl Serialize for Id {
    /// Written on the stack: ids are a large share of every response.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(text) => serializer.serialize_str(text),
            Self::Minted(prefix, uuid) => {
                let mut text = [0; MAX_MINTED_BYTES];
                let prefix = prefix.as_str();
                text[..prefix.len()].copy_from_slice(prefix.as_bytes());
                let length = prefix.len() + uuid.hyphenated().encode_lower(&mut text[prefix.len()..]).len();
                serializer.serialize_str(std::str::from_utf8(&text[..length]).expect("a prefix and hexadecimal digits"))
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
        for prefix in ["", "cfg-", "dfl-", "dir-", "idx-"] {
            let text = format!("{prefix}{uuid}");
            let id = Id::parse(&text);
            assert!(matches!(id, Id::Minted(..)), "{text}");
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_value(&id).expect("an id is a string"), text);
        }
        for text in
            ["", "dir-abc", "idx-01234567-89AB-4cde-8f01-23456789abcd", "{01234567-89ab-4cde-8f01-23456789abcd}"]
        {
            assert_eq!(Id::parse(text), Id::Given(text.into()));
            assert_eq!(Id::parse(text).to_string(), text);
        }
    }
}
