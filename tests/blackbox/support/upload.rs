//! Uploads: multipart forms as clients write them.

use super::{Client, HttpResponse};

/// A form with text fields and one file.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// The headers and the content of each part.
    parts: Vec<Vec<u8>>,
    boundary: &'static str,
}

impl Upload {
    /// A form with a file in the field `field`.
    pub(crate) fn file(field: &str, name: &str, content: impl AsRef<[u8]>) -> Self {
        let disposition = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
        Self { parts: Vec::new(), boundary: "------boundary" }.part(&disposition, content.as_ref())
    }

    /// The same form with its parts in reverse and another boundary.
    pub(crate) fn framed_differently(mut self) -> Self {
        self.parts.reverse();
        Self { boundary: "another", ..self }
    }

    /// The same form with a text field.
    pub(crate) fn text(self, field: &str, text: &str) -> Self {
        self.part(&format!("form-data; name=\"{field}\""), text.as_bytes())
    }

    fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        let head = format!("Content-Disposition: {disposition}\r\n\r\n");
        self.parts.push([head.as_bytes(), content].concat());
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
        let boundary = self.boundary;
        let delimiter = format!("--{boundary}\r\n");
        let mut body: Vec<u8> = Vec::new();
        for part in &self.parts {
            body.extend([delimiter.as_bytes(), part, b"\r\n"].concat());
        }
        body.extend(format!("--{boundary}--\r\n").bytes());
        let lines =
            format!("content-type: multipart/form-data; boundary={boundary}\r\ncontent-length: {}\r\n", body.len());
        [client.request_bytes("POST", path, &lines, None), body].concat()
    }
}
