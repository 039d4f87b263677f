//! The label of a tenant, which is shown instead of its API key.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The SHA-256 of an API key, which identifies its tenant.
pub(crate) type KeyDigest = [u8; 32];

/// The digest of `key`.
pub(crate) fn digest_of(key: &str) -> KeyDigest {
    Sha256::digest(key).into()
}

/// The label of the tenant of `key`.
pub(crate) fn label_of(key: &str) -> String {
    label(&digest_of(key))
}

/// The beginning of every label.
pub(crate) const PREFIX: &str = "t-";

/// The number of bytes of a digest that are in a label.
const LABEL_BYTES: usize = 6;

/// The label for a digest: `t-` and its first 12 hex digits.
pub(crate) fn label(digest: &KeyDigest) -> String {
    digest[..LABEL_BYTES].iter().fold(PREFIX.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A label for a reader, with the name of the tenant if it has one; `-` if there is no tenant.
pub(crate) fn with_name(label: Option<&str>, name: Option<&str>) -> String {
    let label = label.unwrap_or("-");
    name.map_or_else(|| label.to_owned(), |name| format!("{label} ({name})"))
}

/// The smallest digest with this label; `None` if `text` has not the form of a label.
pub(crate) fn least_digest(text: &str) -> Option<KeyDigest> {
    let digits = text.strip_prefix(PREFIX).filter(|_| is_label(text))?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    let mut digest = [0; 32];
    digest[..LABEL_BYTES].copy_from_slice(&number.to_be_bytes()[8 - LABEL_BYTES..]);
    Some(digest)
}

/// Whether two digests have one label.
pub(crate) fn have_one_label(one: &KeyDigest, other: &KeyDigest) -> bool {
    one[..LABEL_BYTES] == other[..LABEL_BYTES]
}

/// Whether `text` has the form of a label.
pub(crate) fn is_label(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|digits| digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
