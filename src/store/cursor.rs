//! Pages of a list and their cursors. A cursor names the last resource shown, not a position, so that resources created
//! or deleted between two pages are neither repeated nor lost. It is sealed with the tenant's seed: only a cursor that
//! was handed out is accepted.

use rand::Rng;

use super::Store;
use crate::seed::Seed;

/// A place in a list: the page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor(pub(super) u64);

/// The page that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest<'a> {
    /// The name of the list: a cursor is valid for one list.
    pub(crate) list: &'static str,
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
    /// The token with which `list` goes on after `cursor`.
    pub(super) fn page_token(&self, list: &str, cursor: Cursor) -> String {
        let mac = mac(&self.seed, list, cursor.0);
        format!("{mac:016x}{:016x}", mac ^ cursor.0)
    }

    /// The cursor in a token that this store handed out for `list`; `None` for any other text.
    pub(super) fn open_page_token(&self, list: &str, token: &str) -> Option<Cursor> {
        let is_canonical =
            token.len() == 2 * HALF && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (mac_part, sealed) = token.split_at_checked(HALF).filter(|_| is_canonical)?;
        let given = u64::from_str_radix(mac_part, 16).ok()?;
        let ordinal = given ^ u64::from_str_radix(sealed, 16).ok()?;
        (mac(&self.seed, list, ordinal) == given).then_some(Cursor(ordinal))
    }
}

fn mac(seed: &Seed, list: &str, ordinal: u64) -> u64 {
    seed.stream(list, ordinal).next_u64()
}
