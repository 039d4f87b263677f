//! The checks for malformed requests: each is rejected or its connection closed, nothing of it is stored, and the next
//! client is served normally. The requests themselves are in other files.

use llamacloud_mock::embedded::MockServer;

use crate::support::{Client, HttpResponse, RawConnection, server};

/// The body of a create request; if a malformed request with it were accepted, an index would exist afterwards.
pub(crate) const BODY: &str = r#"{"source_directory_id":"dir-abc"}"#;

/// A name for failure messages, and the bytes.
pub(crate) type MalformedRequest = (String, Vec<u8>);

/// A server in which nothing may be stored.
#[derive(Debug)]
pub(crate) struct RejectionChecker {
    pub(crate) server: MockServer,
    client: Client,
}

/// A malformed request; a long name is shortened.
pub(crate) fn malformed(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> MalformedRequest {
    (name.into().chars().take(120).collect(), bytes.into())
}

/// The responses in the bytes of a connection, in order.
pub(crate) fn responses(mut bytes: &[u8]) -> Vec<HttpResponse> {
    let mut responses = Vec::new();
    while let Some(mut response) = HttpResponse::parse(bytes) {
        let length = response.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        let rest = response.body.split_off(length.min(response.body.len()));
        bytes = &bytes[bytes.len() - rest.len()..];
        responses.push(response);
    }
    responses
}

impl RejectionChecker {
    pub(crate) fn new() -> Self {
        let server = server(&[]);
        let client = Client::of(&server);
        Self { server, client }
    }

    /// The bytes of a create request with these header lines and this body, with a valid key.
    pub(crate) fn create(&self, headers: &str, body: &str) -> Vec<u8> {
        self.request_bytes("POST", "/api/v1/indexes", headers, body)
    }

    pub(crate) fn request_bytes(&self, method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
        let host = self.server.address();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer llx-test\r\n");
        format!("{head}Content-Type: application/json\r\n{headers}\r\n{body}").into_bytes()
    }

    /// Sends bytes and closes the sending half; the bytes received until the connection ended.
    pub(crate) fn send(&self, bytes: &[u8]) -> Vec<u8> {
        RawConnection::connect(self.server.address()).send(bytes).finish().read_to_end().0
    }

    /// Sends a malformed request: every response to it is a 4xx, if there is one.
    #[track_caller]
    pub(crate) fn assert_rejected(&self, (name, bytes): &MalformedRequest) {
        let received = self.send(bytes);
        for response in responses(&received) {
            // The framework redirects for a trailing slash.
            let is_refused = (400..500).contains(&response.status) || response.status == 307;
            assert!(is_refused, "{name}: {} {:.200}", response.status, response.text());
        }
        assert!(
            received.is_empty() || received.starts_with(b"HTTP/1."),
            "{name}: {:?}",
            String::from_utf8_lossy(&received)
        );
        self.assert_nothing_stored(name);
    }

    /// A normal client is served and finds no index.
    #[track_caller]
    pub(crate) fn assert_nothing_stored(&self, name: &str) {
        let list = self.client.get("/api/v1/indexes");
        assert_eq!((list.status, list.json()["items"].as_array().map(Vec::len)), (200, Some(0)), "after {name}");
    }

    /// Sends all requests, then checks that they caused no directory, no index and no panic.
    #[track_caller]
    pub(crate) fn assert_all_rejected(&self, minimum: usize, requests: &[MalformedRequest]) {
        assert!(requests.len() >= minimum, "only {} requests", requests.len());
        for malformed in requests {
            self.assert_rejected(malformed);
        }
        let state = self.client.get("/__admin/state").json();
        assert_eq!(state["panics"], 0);
        for tenant in state["tenants"].as_array().expect("a list") {
            assert_eq!((&tenant["directories"], &tenant["indexes"]), (&serde_json::json!([]), &serde_json::json!([])));
            assert_eq!(tenant["open_calls"], 0);
        }
    }
}
