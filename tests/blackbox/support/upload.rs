//! Uploads: multipart forms as clients write them.

use super::{Client, HttpResponse};

/// A form with text fields and one file.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    parts: Vec<u8>,
}

const BOUNDARY: &str = "------boundary";

impl Upload {
    /// A form with a file in the field `field`.
    pub(crate) fn file(field: &str, name: &str, content: impl AsRef<[u8]>) -> Self {
        let disposition = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
        Self { parts: Vec::new() }.part(&disposition, content.as_ref())
    }

    /// The same form with a text field.
    pub(crate) fn text(self, field: &str, text: &str) -> Self {
        self.part(&format!("form-data; name=\"{field}\""), text.as_bytes())
    }

    fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n");
        self.parts.extend([head.as_bytes(), content, b"\r\n"].concat());
        self
    }

    /// Sends the form.
    #[track_caller]
    pub(crate) fn send(&self, client: &Client, path: &str) -> HttpResponse {
        self.try_send(client, path).expect("a response")
    }

    /// Sends the form; `None` without a complete response.
    pub(crate) fn try_send(&self, client: &Client, path: &str) -> Option<HttpResponse> {
        client.connect().send(self.request(client, path)).read_response()
    }

    /// The bytes of the request with the form.
    pub(crate) fn request(&self, client: &Client, path: &str) -> Vec<u8> {
        let body = [self.parts.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat();
        let lines =
            format!("content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {}\r\n", body.len());
        [client.request_bytes("POST", path, &lines, None), body].concat()
    }
}
