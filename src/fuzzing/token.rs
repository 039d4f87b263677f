//! Page tokens: those of a tenant's own list are accepted, every other text is refused.

use std::sync::LazyLock;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::drive::{KEY, assert_matches, create, head_of, instance, respond};
use crate::instance::Instance;

/// The API key of a second tenant.
const OTHER_KEY: &str = "llx-other";

/// An emulator in which two tenants have four indexes each, and the page tokens of the first tenant.
static LISTS: LazyLock<(Instance, Vec<String>)> = LazyLock::new(|| {
    let instance = instance(&[]);
    for number in 0..4 {
        create(&instance, KEY, &format!("dir-{number}"));
        create(&instance, OTHER_KEY, &format!("dir-{number}"));
    }
    let mut tokens = Vec::new();
    while let (200, Some(next)) = page(&instance, KEY, tokens.last().map_or("", String::as_str)) {
        tokens.push(next);
    }
    assert_eq!(tokens.len(), 3);
    (instance, tokens)
});

/// Runs the target on one input.
pub fn token(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else { return };
    let (instance, tokens) = &*LISTS;
    let own = token.is_empty() || tokens.iter().any(|known| known == token);
    assert_eq!(page(instance, KEY, token).0, if own { 200 } else { 422 }, "{token:?}");
    let other = if token.is_empty() { 200 } else { 422 };
    // The tokens of the other tenant are as likely to be hit as any 64 bits: no input contains them.
    assert_eq!(page(instance, OTHER_KEY, token).0, other, "{token:?}");
}

/// The status of a page of one index, and the token of the next page.
fn page(instance: &Instance, key: &str, token: &str) -> (u16, Option<String>) {
    let escaped = utf8_percent_encode(token, NON_ALPHANUMERIC);
    let Some(head) = head_of("GET", &format!("/api/v1/indexes?page_size=1&page_token={escaped}"), key) else {
        // Longer than a URL can be.
        return (if token.is_empty() { 200 } else { 422 }, None);
    };
    let response = respond(instance, head, b"");
    assert_matches(if response.code() == Some(200) { "index_page" } else { "violations" }, &response);
    let body: Value = serde_json::from_slice(&response.body.bytes()).expect("the schema accepted it");
    (response.code().unwrap_or_default(), body["next_page_token"].as_str().map(str::to_owned))
}
