//! Checks UUIDs as the service's framework does, with its error messages. The framework was built with an older version
//! of the `uuid` crate, whose messages differ from those of the version used here, so they are reproduced in this
//! module.

use uuid::Uuid;

/// Length of a UUID with hyphens, in bytes.
const HYPHENATED: usize = 36;

/// Length of the longest form, in bytes. For a longer text the error reports only the length.
const MAX_BYTES: usize = 45;

const URN: &str = "urn:uuid:";

const GROUP_STARTS: [usize; 5] = [0, 9, 14, 19, 24];
const GROUP_LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];

/// Checks that `text` is a UUID.
///
/// Errors: the framework's message.
pub(super) fn check(text: &str) -> Result<(), String> {
    let is_uuid = Uuid::try_parse(text).is_ok() && (text.len() < MAX_BYTES || text.starts_with(URN));
    if is_uuid { Ok(()) } else { Err(message(text)) }
}

/// An invalid text, without braces or prefix.
struct InvalidUuid<'a> {
    /// The text between the braces or after the prefix.
    inner: &'a str,
    /// The offset that the error adds to character positions.
    offset: usize,
    /// The length from which the error computes that of the last group.
    length: usize,
    /// Whether hyphens are required.
    grouped: bool,
}

/// The framework's message for an invalid text.
fn message(text: &str) -> String {
    if text.is_empty() || text.len() > MAX_BYTES {
        return wrong_length(text);
    }
    let invalid = unwrap(text);
    let mut hyphens = Vec::new();
    for (index, character) in invalid.inner.char_indices() {
        match low_byte(character) {
            b'-' => hyphens.push(index),
            byte if byte.is_ascii_hexdigit() => {}
            _ => return format!("invalid character: found `{character}` at {}", invalid.offset + index),
        }
    }
    match hyphens.len() {
        0 if !invalid.grouped => wrong_length(text),
        4 => wrong_group(&invalid, &hyphens),
        count => format!("invalid group count: expected 5, found {}", count + 1),
    }
}

/// Removes braces or the prefix. If the rest has the length of a hyphenated UUID, positions and lengths in the error
/// are those of the rest; otherwise they are those of the whole text.
fn unwrap(text: &str) -> InvalidUuid<'_> {
    let braced = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(|inner| (inner, 1));
    let wrapped = braced.or_else(|| text.strip_prefix(URN).map(|inner| (inner, URN.len())));
    match wrapped.filter(|_| text.len() != HYPHENATED) {
        Some((inner, _)) if inner.len() == HYPHENATED => {
            InvalidUuid { inner, offset: 0, length: HYPHENATED, grouped: true }
        }
        Some((inner, offset)) => InvalidUuid { inner, offset, length: text.len(), grouped: true },
        None => InvalidUuid { inner: text, offset: 0, length: text.len(), grouped: text.len() == HYPHENATED },
    }
}

fn wrong_length(text: &str) -> String {
    format!("invalid length: found {}", text.len())
}

/// The message for the first group with a wrong length.
fn wrong_group(invalid: &InvalidUuid<'_>, hyphens: &[usize]) -> String {
    let early = (0..4).find(|group| hyphens[*group] + 1 != GROUP_STARTS[group + 1]);
    let (group, end) = early.map_or((4, invalid.length), |group| (group, hyphens[group]));
    let found = end - GROUP_STARTS[group];
    format!("invalid group length in group {group}: expected {}, found {found}", GROUP_LENGTHS[group])
}

/// The part of a character that the framework looks at.
fn low_byte(character: char) -> u8 {
    u32::from(character).to_le_bytes()[0]
}
