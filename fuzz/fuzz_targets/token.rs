//! Page tokens: those that a list returned to this tenant are accepted, every other text is rejected.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use llamacloud_mock::emulator::Emulator;
use llamacloud_mock_fuzz::{KEY, answer, assert_keeps_to, create, emulator, head};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// An emulator with four indexes, and the tokens of the pages with one index each.
static STATE: LazyLock<(Emulator, Vec<String>)> = LazyLock::new(|| {
    let emulator = emulator(&[]);
    for number in 0..4 {
        create(&emulator, KEY, &format!("dir-{number}"));
        create(&emulator, "llx-other", &format!("dir-{number}"));
    }
    let mut tokens = Vec::new();
    while let (200, Some(next)) = page(&emulator, KEY, tokens.last().map_or("", String::as_str)) {
        tokens.push(next);
    }
    assert_eq!(tokens.len(), 3);
    (emulator, tokens)
});

fuzz_target!(|token: &str| {
    let (emulator, tokens) = &*STATE;
    let own = token.is_empty() || tokens.iter().any(|known| known == token);
    assert_eq!(page(emulator, KEY, token).0, if own { 200 } else { 422 }, "{token:?}");
    let other = if token.is_empty() { 200 } else { 422 };
    // The fuzzer does not know the other tenant's tokens, so it does not find a valid one.
    assert_eq!(page(emulator, "llx-other", token).0, other, "{token:?}");
});

fn page(emulator: &Emulator, key: &str, token: &str) -> (u16, Option<String>) {
    let escaped = utf8_percent_encode(token, NON_ALPHANUMERIC);
    let Some(head) = head("GET", &format!("/api/v1/indexes?page_size=1&page_token={escaped}"), key) else {
        // The URL is too long.
        return (if token.is_empty() { 200 } else { 422 }, None);
    };
    let reply = answer(emulator, head, b"");
    assert_keeps_to(if reply.status == 200 { "index_page" } else { "violations" }, &reply);
    let body: Value = serde_json::from_slice(&reply.body).expect("a JSON body");
    (reply.status, body["next_page_token"].as_str().map(str::to_owned))
}
