//! The requests of a key with their responses, and which of them a test asks for.

use std::time::Duration;

use super::Error;
use crate::journal::{Entry, FaultNote, Outcome, RecordedBody};
use crate::matcher::{OperationFacts, matching_operations};
use crate::redact;

/// A request and its response. Values of secret headers, and keys that look real, are masked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Its number among the requests of the key, from 1.
    pub seq: u64,
    /// Its time on the clock of the key, such as `2026-01-01T00:00:00Z`.
    pub at: String,
    /// The name of its operation, such as `indexes.create`; `None` if no operation has its method and path.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The number of header lines that were not kept.
    pub omitted_headers: usize,
    /// The body.
    pub body: Vec<u8>,
    /// The number of bytes at the end of the body that were not kept.
    pub omitted_body_bytes: usize,
    /// The status of the response; `None` if a fault broke the connection before there was one.
    pub status: Option<u16>,
    /// The body of the response.
    pub response_body: Vec<u8>,
    /// The number of bytes at the end of the response's body that were not kept.
    pub omitted_response_bytes: usize,
    /// The fault rules whose triggers it met.
    pub faults: Vec<FaultNote>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often the client had tried it before, as the official SDKs report it.
    pub retry_count: Option<u32>,
    /// The wait that the response asked for.
    pub retry_after: Option<Duration>,
    /// Whether it changed the state of the key, whatever its response was.
    pub committed: bool,
}

/// Which requests a test asks for: all of them, unless it is told otherwise.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    operation: Option<String>,
    status: Option<u16>,
}

impl RequestFilter {
    /// A filter that every request fits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only requests of these operations: a name, `indexes.*`, `reads`, `writes`, or several with commas.
    #[must_use]
    pub fn operation(self, pattern: &str) -> Self {
        Self { operation: Some(pattern.to_owned()), ..self }
    }

    /// Only requests whose response had this status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Those of `requests` that fit, among requests of these operations.
    pub(super) fn apply(
        &self,
        mut requests: Vec<ReceivedRequest>,
        operations: &[impl OperationFacts],
    ) -> Result<Vec<ReceivedRequest>, Error> {
        if let Some(status) = self.status.filter(|status| !(100..=599).contains(status)) {
            return Err(Error::Filter(format!("status: {status} is not a status from 100 to 599")));
        }
        if let Some(status) = self.status {
            requests.retain(|request| request.status == Some(status));
        }
        if let Some(pattern) = &self.operation {
            let positions =
                matching_operations(pattern, operations).map_err(|error| Error::Filter(error.to_string()))?;
            let names: Vec<_> = positions.into_iter().map(|position| Some(operations[position].name())).collect();
            requests.retain(|request| names.contains(&request.operation));
        }
        Ok(requests)
    }
}

impl From<Entry> for ReceivedRequest {
    fn from(entry: Entry) -> Self {
        let headers = entry.request_headers.iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
        Self {
            seq: entry.seq,
            at: entry.at.to_string(),
            operation: entry.operation,
            method: entry.method.to_string(),
            path: redact::masked_target(&entry.path).into_owned(),
            headers: headers.collect(),
            omitted_headers: entry.request_headers_omitted,
            body: masked(&entry.request_body),
            omitted_body_bytes: entry.request_body.omitted_bytes(),
            status: entry.status,
            response_body: masked(&entry.reply_body),
            omitted_response_bytes: entry.reply_body.omitted_bytes(),
            faults: entry.faults,
            outcome: entry.outcome,
            retry_count: entry.retry_count,
            retry_after: entry.retry_after_ms.map(Duration::from_millis),
            committed: entry.committed,
        }
    }
}

/// The bytes of a body, with keys masked that look real: a failing test may print them.
fn masked(body: &RecordedBody) -> Vec<u8> {
    let text = String::from_utf8_lossy(body.bytes());
    match redact::masked(&text) {
        std::borrow::Cow::Owned(masked) => masked.into_bytes(),
        std::borrow::Cow::Borrowed(_) => body.bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::header::{AUTHORIZATION, HeaderValue};
    use http::{HeaderMap, Method};

    use super::*;
    use crate::content::Content;
    use crate::request::Head;
    use crate::response::Response;

    #[test]
    fn a_received_request_has_no_secrets_and_keeps_bytes_that_are_no_text() {
        let key = format!("llx-{}", "k".repeat(44));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer a"))]);
        let head = Head { method: Method::POST, path: "/a".to_owned(), query: Some(format!("q={key}")), headers };
        let body = Bytes::from_static(b"\xff\x00 no text");
        let response = Response::bytes(500, "text/plain", format!("\u{e9} {key}"));
        let recorded = RecordedBody::of_request(&Content::of(&head, &body));
        let mut entry = Entry::open(&head, recorded);
        entry.answer(&response, Duration::ZERO);
        let received = ReceivedRequest::from(entry);
        assert_eq!((received.path.as_str(), received.method.as_str()), ("/a?q=llx-…kkkk", "POST"));
        assert_eq!(received.headers, [("authorization".to_owned(), "…".to_owned())]);
        assert_eq!(received.body, body);
        assert_eq!(received.response_body, "\u{e9} llx-…kkkk".as_bytes());
        assert_eq!((received.status, received.outcome, received.operation), (Some(500), Outcome::Open, None));
    }
}
