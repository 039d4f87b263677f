//! Whether a connection stays open after a response, as its headers say it. hyper acts on these headers and adds
//! `connection: close` or `connection: keep-alive` where HTTP asks for it.

use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Version};

use crate::request::has_connection_option;

/// Tells clients how long an idle connection stays open, so that their pools drop it in time.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const IDLE_HINT: HeaderValue = HeaderValue::from_static("timeout=100");
const _: () = assert!(super::head_timer::IDLE.as_secs() == 100, "the hint states the idle time");

/// Whether the client wants no other request on the connection: it says so, or it speaks HTTP/1.0 and does not say
/// otherwise.
pub(super) fn is_last_request(parts: &Parts) -> bool {
    let says = |option| has_connection_option(&parts.headers, option);
    says("close") || parts.version < Version::HTTP_11 && !says("keep-alive")
}

/// Says that the connection is closed after this response.
pub(super) fn announce_close(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Says how long the connection stays open, unless the response says already that it is closed.
pub(super) fn announce_idle_time(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        headers.insert(KEEP_ALIVE, IDLE_HINT);
    }
}
