//! Pages of a list and their cursors. A cursor names the last resource shown, not a position, so that resources created
//! or deleted between two pages are neither repeated nor lost. It is sealed with the tenant's seed: only a cursor that
//! was handed out is accepted.

use std::fmt::Write as _;

use rand::Rng;

use super::Store;
use crate::seed::Seed;

/// A place in a list: the page begins after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    /// What the list is ordered by before the ordinal; empty in a list in the order of creation.
    pub(super) text: Box<str>,
    /// The ordinal of the resource.
    pub(crate) ordinal: u64,
}

impl From<u64> for Cursor {
    fn from(ordinal: u64) -> Self {
        Self { text: "".into(), ordinal }
    }
}

/// The page that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest<'a> {
    /// The name of the list: a cursor is valid for one list.
    pub(crate) list: &'a str,
    /// The most resources on the page.
    pub(crate) size: usize,
    /// The token of the page, as the client sent it; `None` for the first page.
    pub(crate) token: Option<&'a str>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The ordinals of the resources on it.
    pub(crate) ordinals: Vec<u64>,
    /// The token of the next page, if there is one.
    pub(crate) next_token: Option<String>,
}

/// Hexadecimal digits of half a token.
const HALF: usize = 16;

impl Store {
    /// The token with which `list` goes on after `cursor`: the seal, the sealed ordinal and the text in hexadecimal digits.
    pub(super) fn page_token(&self, list: &str, cursor: &Cursor) -> String {
        let mac = mac(&self.seed, list, cursor);
        let mut token = format!("{mac:016x}{:016x}", mac ^ cursor.ordinal);
        for byte in cursor.text.bytes() {
            let _ = write!(token, "{byte:02x}");
        }
        token
    }

    /// The cursor in a token that this store handed out for `list`; `None` for any other text.
    pub(super) fn open_page_token(&self, list: &str, token: &str) -> Option<Cursor> {
        let is_canonical = token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (mac_part, rest) = token.split_at_checked(HALF).filter(|_| is_canonical)?;
        let (sealed, text) = rest.split_at_checked(HALF)?;
        let given = u64::from_str_radix(mac_part, 16).ok()?;
        let ordinal = given ^ u64::from_str_radix(sealed, 16).ok()?;
        let cursor = Cursor { text: from_hex(text)?.into(), ordinal };
        (mac(&self.seed, list, &cursor) == given).then_some(cursor)
    }
}

fn from_hex(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes = pairs.collect::<Option<Vec<u8>>>().filter(|_| digits.len().is_multiple_of(2))?;
    String::from_utf8(bytes).ok()
}

fn mac(seed: &Seed, list: &str, cursor: &Cursor) -> u64 {
    let mut stream = match &*cursor.text {
        "" => seed.stream(list, cursor.ordinal),
        text => seed.stream(&format!("{list} after {text}"), cursor.ordinal),
    };
    stream.next_u64()
}
