//! Whole requests: method and target, header lines, an empty line, the body; including `/__admin/` and requests without a
//! key. No request makes the emulator fail, and a credential is never empty.
#![no_main]

use std::sync::LazyLock;

use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use llamacloud_mock::emulator::Emulator;
use llamacloud_mock::request::Head;
use llamacloud_mock_fuzz::{answer, emulator, reset};

static EMULATOR: LazyLock<Emulator> =
    LazyLock::new(|| emulator(&[("max-tenants", "20"), ("journal-entries", "5"), ("allow-overrides", "true")]));

fuzz_target!(|data: &[u8]| {
    let end = data.windows(2).position(|window| window == b"\n\n").unwrap_or(data.len());
    let (lines, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let Some(head) = read(lines) else { return };
    reset(&EMULATOR);
    if let Some(credential) = head.credential() {
        assert!(!credential.trim().is_empty() && credential.trim() == credential, "{credential:?}");
    }
    let overridden = head.headers.contains_key("x-mock-inject");
    let status = answer(&EMULATOR, head, body).status;
    let known = matches!(status, 200..=204 | 307 | 400..=405 | 409 | 415 | 422 | 429);
    assert!(known || overridden, "{status}");
});

fn read(lines: &[u8]) -> Option<Head> {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let target: PathAndQuery = target.parse().ok().filter(|_| target.starts_with('/'))?;
    let mut headers = HeaderMap::new();
    for line in lines.take(20) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.append(HeaderName::from_bytes(&line[..colon]).ok()?, value);
    }
    Some(Head {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path: target.path().to_owned(),
        query: target.query().map(str::to_owned),
        headers,
    })
}
