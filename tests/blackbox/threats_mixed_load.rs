//! What every malformed request is run through: it is refused or hung up on, nothing of it is kept, and the next client is
//! served as if nothing had been. It knows no node itself.

use llamacloud_mock::embedded::MockServer;

use crate::support::{Answer, Client, Wire, server};

/// A create call's body; if a malformed request with it were taken, an index would be there afterwards.
pub(crate) const BODY: &str = r#"{"source_directory_id":"dir-abc"}"#;

/// A name for the report, and the bytes.
pub(crate) type SchemaNode = (String, Vec<u8>);

/// A server that nothing may be stored in.
#[derive(Debug)]
pub(crate) struct Gauntlet {
    pub(crate) server: MockServer,
    client: Client,
}

/// Names a node, by its beginning when the name is long.
pub(crate) fn node(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> SchemaNode {
    (name.into().chars().take(120).collect(), bytes.into())
}

/// The answers in what came over a connection, in order.
pub(crate) fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some(mut answer) = Answer::parse(bytes) {
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        let rest = answer.body.split_off(length.min(answer.body.len()));
        bytes = &bytes[bytes.len() - rest.len()..];
        answers.push(answer);
    }
    answers
}

impl Gauntlet {
    pub(crate) fn new() -> Self {
        let server = server(&[]);
        let client = Client::of(&server);
        Self { server, client }
    }

    /// A head with this request line's end and these header lines, and a body, under a good key.
    pub(crate) fn create(&self, headers: &str, body: &str) -> Vec<u8> {
        self.request("POST", "/api/v1/indexes", headers, body)
    }

    pub(crate) fn request(&self, method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
        let host = self.server.address();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer llx-test\r\n");
        format!("{head}Content-Type: application/json\r\n{headers}\r\n{body}").into_bytes()
    }

    /// Sends bytes and nothing more; what came until the connection ended.
    pub(crate) fn send(&self, bytes: &[u8]) -> Vec<u8> {
        Wire::connect(self.server.address()).send(bytes).finish().until_end().0
    }

    /// Sends bytes of which none may be taken: every answer to them is a 4xx, if there is one.
    #[track_caller]
    pub(crate) fn refuses(&self, (name, bytes): &SchemaNode) {
        let came = self.send(bytes);
        for answer in answers(&came) {
            // A redirect is what the framework gives for a slash too many.
            let is_refused = (400..500).contains(&answer.status) || answer.status == 307;
            assert!(is_refused, "{name}: {} {:.200}", answer.status, answer.text());
        }
        assert!(came.is_empty() || came.starts_with(b"HTTP/1."), "{name}: {:?}", String::from_utf8_lossy(&came));
        self.is_untouched(name);
    }

    /// A normal client is served, and finds nothing.
    #[track_caller]
    pub(crate) fn is_untouched(&self, name: &str) {
        let list = self.client.get("/api/v1/indexes");
        assert_eq!((list.status, list.json()["items"].as_array().map(Vec::len)), (200, Some(0)), "after {name}");
    }

    /// Runs all shapes, then sees that no directory, no index and no panic came of them.
    #[track_caller]
    pub(crate) fn run(&self, least: usize, shapes: &[SchemaNode]) {
        assert!(shapes.len() >= least, "only {} shapes", shapes.len());
        for node in shapes {
            self.refuses(node);
        }
        let state = self.client.get("/__admin/state").json();
        assert_eq!(state["panics"], 0);
        for tenant in state["tenants"].as_array().expect("a list") {
            assert_eq!((&tenant["directories"], &tenant["indexes"]), (&serde_json::json!([]), &serde_json::json!([])));
            assert_eq!(tenant["open_calls"], 0);
        }
    }
}
