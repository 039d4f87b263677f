//! A body that a journal entry keeps, cut when it is long. Of a form it keeps the object of its parts.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::content::{Content, digest};
use crate::schema::read_value;

/// Maximum number of bytes of a body that an entry keeps.
const MAX_BODY_BYTES: usize = 4096;

/// A body, cut when it is long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordedBody {
    /// Its start.
    start: Bytes,
    whole_bytes: usize,
    /// The digest of the content of a request's body that is cut.
    digest: Option<Box<[u8; 32]>>,
}

impl RecordedBody {
    /// Keeps the body of a request.
    pub(crate) fn of_request(content: &Content) -> Self {
        let body = content.form().map_or_else(|| content.bytes().clone(), |form| form.to_string().into());
        let digest = (body.len() > MAX_BODY_BYTES).then(|| Box::new(digest(content.value().cloned(), &body)));
        Self { digest, ..Self::copied(&body) }
    }

    /// Keeps a copy, so that the entry does not hold on to a read buffer.
    fn copied(body: &Bytes) -> Self {
        let start = &body[..body.len().min(MAX_BODY_BYTES)];
        Self { start: Bytes::copy_from_slice(start), whole_bytes: body.len(), digest: None }
    }

    /// Keeps a response's body, without a copy when it is short.
    pub(crate) fn shared(body: &Bytes) -> Self {
        if body.len() > MAX_BODY_BYTES {
            Self::copied(body)
        } else {
            Self { start: body.clone(), whole_bytes: body.len(), digest: None }
        }
    }

    /// Whether only a part of the body was kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.omitted_bytes() > 0
    }

    /// The bytes that were kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.start
    }

    /// What was kept, as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.start)
    }

    /// The number of bytes at its end that were not kept.
    pub(crate) fn omitted_bytes(&self) -> usize {
        self.whole_bytes - self.start.len()
    }

    /// The digest by which the contents of requests are compared.
    pub(super) fn content_digest(&self) -> [u8; 32] {
        self.digest.as_ref().map_or_else(|| digest(self.value(), &self.start), |digest| **digest)
    }

    /// The body as JSON, if it is JSON or a form, and was kept whole.
    pub(crate) fn value(&self) -> Option<Value> {
        if self.is_cut() { None } else { read_value(&self.start).ok() }
    }
}

/// JSON as it is, other text as a string, no body as `null`; a cut body is a string that says how long the body was.
impl Serialize for RecordedBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = String::from_utf8_lossy(&self.start);
        if self.whole_bytes == 0 {
            return serializer.serialize_none();
        }
        if self.is_cut() {
            return serializer.collect_str(&format_args!("{text}… ({} bytes)", self.whole_bytes));
        }
        // JSON that nests so deep that a client could not read the journal around it is shown as a string too.
        let readable = read_value(format!("[[[{text}]]]").as_bytes());
        match readable.and_then(|_| serde_json::from_str::<&RawValue>(&text)) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.serialize_str(&text),
        }
    }
}
