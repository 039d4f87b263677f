//! UUIDs as the service's framework reads them, and its words for what is none. The framework passes on the words of the
//! `uuid` crate in the version that it was built with; later versions of the crate speak and read differently, so the
//! words are kept here. It never takes what the framework refuses.

use uuid::Uuid;

/// Bytes of a UUID with its hyphens.
const HYPHENATED: usize = 36;

/// Bytes of the longest form; of what is longer only the length is told.
const MAX_BYTES: usize = 45;

const URN: &str = "urn:uuid:";

const GROUP_STARTS: [usize; 5] = [0, 9, 14, 19, 24];
const GROUP_LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];

/// `text` as a UUID in its one canonical form, or why it is none.
pub(super) fn read(text: &str) -> Result<String, String> {
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() < MAX_BYTES || text.starts_with(URN) => Ok(uuid.to_string()),
        _ => Err(why_not(text)),
    }
}

/// A text on its way to be refused.
struct Refused<'a> {
    /// What stands between the braces or behind the prefix, if it has any.
    inner: &'a str,
    /// Where characters are counted from.
    offset: usize,
    /// The length that the last group's is told by.
    length: usize,
    /// Whether it has to have hyphens.
    grouped: bool,
}

fn why_not(text: &str) -> String {
    if text.is_empty() || text.len() > MAX_BYTES {
        return wrong_length(text);
    }
    let refused = unwrapped(text);
    let mut hyphens = Vec::new();
    for (index, character) in refused.inner.char_indices() {
        match low_byte(character) {
            b'-' => hyphens.push(index),
            byte if byte.is_ascii_hexdigit() => {}
            _ => return format!("invalid character: found `{character}` at {}", refused.offset + index),
        }
    }
    match hyphens.len() {
        0 if !refused.grouped => wrong_length(text),
        4 => wrong_group(&refused, &hyphens),
        count => format!("invalid group count: expected 5, found {}", count + 1),
    }
}

/// What has the length of a hyphenated UUID is judged by itself, without what stands around it.
fn unwrapped(text: &str) -> Refused<'_> {
    let braced = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(|inner| (inner, 1));
    let wrapped = braced.or_else(|| text.strip_prefix(URN).map(|inner| (inner, URN.len())));
    match wrapped.filter(|_| text.len() != HYPHENATED) {
        Some((inner, _)) if inner.len() == HYPHENATED => {
            Refused { inner, offset: 0, length: HYPHENATED, grouped: true }
        }
        Some((inner, offset)) => Refused { inner, offset, length: text.len(), grouped: true },
        None => Refused { inner: text, offset: 0, length: text.len(), grouped: text.len() == HYPHENATED },
    }
}

fn wrong_length(text: &str) -> String {
    format!("invalid length: found {}", text.len())
}

/// The first of five groups that has not its length.
fn wrong_group(refused: &Refused<'_>, hyphens: &[usize]) -> String {
    let early = (0..4).find(|group| hyphens[*group] + 1 != GROUP_STARTS[group + 1]);
    let (group, end) = early.map_or((4, refused.length), |group| (group, hyphens[group]));
    let found = end - GROUP_STARTS[group];
    format!("invalid group length in group {group}: expected {}, found {found}", GROUP_LENGTHS[group])
}

/// The framework looks at no more of a character than this.
fn low_byte(character: char) -> u8 {
    u32::from(character).to_le_bytes()[0]
}
