//! Pages of a list and their cursors. A cursor names the last resource shown, not a position, so that resources created
//! or deleted between two pages are neither repeated nor lost. It is sealed with the tenant's seed: only a cursor that
//! was handed out is accepted.

use bytes::Bytes;

use super::Key;
use crate::clock::Timestamp;
use crate::seed::Seed;

/// A place in a list: the page begins after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    /// The first key of the order of the list, before the number; empty in a list in the order of creation.
    text: Box<str>,
    /// The number of a resource, or of a match.
    number: u64,
}

/// The page that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest<'a> {
    /// The name of the list: a cursor is valid for one list.
    pub(crate) list: &'a str,
    /// The most items on the page.
    pub(crate) size: usize,
    /// The token of the page, as the client sent it; `None` for the first page.
    pub(crate) token: Option<&'a str>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// The items on it, such as the keys of resources.
    pub(crate) items: Vec<T>,
    /// The token of the next page, if there is one.
    pub(crate) next_token: Option<String>,
}

/// Hexadecimal digits of half a token.
const HALF: usize = 16;

impl<T> From<Key<T>> for Cursor {
    fn from(key: Key<T>) -> Self {
        Self::new("".into(), key.ordinal())
    }
}

impl Cursor {
    /// The place of a resource in a list in the order of a text, then oldest first.
    pub(crate) fn by_text<T>(text: Box<str>, key: Key<T>) -> Self {
        Self::new(text, key.ordinal())
    }

    /// The place of a resource in a list in the order of a time, latest first, then newest first.
    pub(crate) fn latest_first<T>(time: Timestamp, key: Key<T>) -> Self {
        Self::new(format!("{:019}", i64::MAX - time.micros()).into(), u64::MAX - key.ordinal())
    }

    /// The place of the item with this number among those with this text.
    pub(crate) fn new(text: Box<str>, number: u64) -> Self {
        Self { text, number }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The token for it in `list`: the seal, the sealed number and the text in hexadecimal digits.
    pub(super) fn seal(&self, seed: &Seed, list: &str) -> String {
        let hash = self.hash(seed, list);
        format!("{hash:016x}{:016x}{:x}", hash ^ self.number, Bytes::copy_from_slice(self.text.as_bytes()))
    }

    /// The cursor in a token that [`Cursor::seal`] made for `list`; `None` for any other text.
    pub(super) fn open(seed: &Seed, list: &str, token: &str) -> Option<Self> {
        let is_canonical = token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (hash, rest) = token.split_at_checked(HALF).filter(|_| is_canonical)?;
        let (sealed, text) = rest.split_at_checked(HALF)?;
        let hash = u64::from_str_radix(hash, 16).ok()?;
        let number = hash ^ u64::from_str_radix(sealed, 16).ok()?;
        let cursor = Self { text: from_hex(text)?.into(), number };
        (cursor.hash(seed, list) == hash).then_some(cursor)
    }

    fn hash(&self, seed: &Seed, list: &str) -> u64 {
        let text = format!("{} {list} {} {}", list.len(), self.number, self.text);
        let hash = seed.keyed_hash("page token", &text);
        u64::from_le_bytes(*hash.first_chunk().expect("it has 16 bytes"))
    }
}

/// The first `size` of `items`, and the last of these if more follow.
pub(super) fn cut<T: Clone>(items: impl Iterator<Item = T>, size: usize) -> (Vec<T>, Option<T>) {
    let mut items: Vec<T> = items.take(size + 1).collect();
    let has_more = items.len() > size;
    items.truncate(size);
    let last = items.last().filter(|_| has_more).cloned();
    (items, last)
}

fn from_hex(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes = pairs.collect::<Option<Vec<u8>>>().filter(|_| digits.len().is_multiple_of(2))?;
    String::from_utf8(bytes).ok()
}
