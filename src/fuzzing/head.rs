//! Whole heads: method and target, header lines, an empty line, the body; `/__admin/` and requests without a key
//! included. Every response has a known status, and a credential is never empty.

use std::sync::LazyLock;

use http::header::{HeaderName, HeaderValue};

use super::drive::{bare_head, instance, reset, respond};
use crate::instance::Instance;
use crate::request::Head;

/// Maximum number of header lines that are read.
const MAX_LINES: usize = 20;

static INSTANCE: LazyLock<Instance> =
    LazyLock::new(|| instance(&[("max-tenants", "20"), ("journal-entries", "5"), ("allow-overrides", "true")]));

/// Runs the target on one input.
pub fn head(data: &[u8]) {
    let end = data.windows(2).position(|window| window == b"\n\n").unwrap_or(data.len());
    let (lines, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let Some(head) = read(lines) else { return };
    reset(&INSTANCE);
    if let Some(credential) = head.credential() {
        assert!(!credential.trim().is_empty() && credential.trim() == credential, "{credential:?}");
    }
    let overridden = head.headers.contains_key("x-mock-inject");
    let status = respond(&INSTANCE, head, body).code().unwrap_or_default();
    let known = matches!(status, 200..=204 | 307 | 400..=405 | 409 | 415 | 422 | 429);
    assert!(known || overridden, "{status}");
}

fn read(lines: &[u8]) -> Option<Head> {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut head = bare_head(method, target)?;
    for line in lines.take(MAX_LINES) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        head.headers.append(HeaderName::from_bytes(&line[..colon]).ok()?, value);
    }
    Some(head)
}
