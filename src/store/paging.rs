//! Pages and their tokens. A token names the last item shown, not a position, so that items made or deleted between two
//! pages are neither shown twice nor lost. It is sealed with the tenant's seed: what was not handed out is not taken.

use rand::Rng;

use crate::seed::Seed;

/// What a client asks of a list.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// How many items at most.
    pub size: usize,
    /// Only items with a smaller number than this: those that were made before it.
    pub below: Option<u64>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The numbers of its items, newest first.
    pub ordinals: Vec<u64>,
    /// Where the next page begins, when there is one.
    pub next_below: Option<u64>,
}

impl Page {
    /// The first `size` of `ordinals`, which are newest first and may be cut off after one more than that.
    pub fn take(size: usize, ordinals: impl Iterator<Item = u64>) -> Self {
        let mut ordinals: Vec<u64> = ordinals.take(size + 1).collect();
        let more = ordinals.len() > size;
        ordinals.truncate(size);
        let next_below = if more { ordinals.last().copied() } else { None };
        Self { ordinals, next_below }
    }
}

/// The token with which `list` (an operation's name) goes on below `ordinal`.
pub(super) fn seal(seed: &Seed, list: &str, ordinal: u64) -> String {
    let mac = mac(seed, list, ordinal);
    format!("{mac:016x}{:016x}", mac ^ ordinal)
}

/// Reads back what [`seal`] wrote; `None` for anything else.
pub(super) fn open(seed: &Seed, list: &str, token: &str) -> Option<u64> {
    let canonical = token.len() == 32 && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let (mac_part, sealed) = token.split_at_checked(16).filter(|_| canonical)?;
    let given = u64::from_str_radix(mac_part, 16).ok()?;
    let ordinal = given ^ u64::from_str_radix(sealed, 16).ok()?;
    (mac(seed, list, ordinal) == given).then_some(ordinal)
}

fn mac(seed: &Seed, list: &str, ordinal: u64) -> u64 {
    seed.stream(list, ordinal).next_u64()
}
