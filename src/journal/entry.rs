//! One recorded request.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::clock::{self, Timestamp};
use crate::redact;
use crate::request::Request;
use crate::response::Response;
use crate::schema::read_value;

/// Bytes of a body that an entry keeps.
const KEPT_BODY_BYTES: usize = 4096;

/// A request and its response, as the journal shows them.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its number among the tenant's requests.
    pub seq: u64,
    /// When, on the tenant's clock.
    pub at: Timestamp,
    /// Whose; `null` for a request that was let in as nobody's.
    pub tenant: Option<Arc<str>>,
    /// What it was; `null` when no operation has that path and method.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    #[serde(serialize_with = "as_text")]
    pub method: Method,
    /// The path and the query as they came; secrets in them are not shown.
    #[serde(serialize_with = "as_target")]
    pub path: Box<str>,
    /// The status of the response; `null` when none was decided because the connection record_panic first.
    pub status: Option<u16>,
    /// The body that came.
    pub request_body: Recorded,
    /// The body of the response.
    pub reply_body: Recorded,
    /// What became of the rules whose trigger it met.
    pub faults: Vec<FaultNote>,
    /// How it ended.
    pub outcome: Outcome,
    /// When, by the wall.
    pub wall: Timestamp,
    /// When its response was due, by the wall: that may have been held back.
    #[serde(skip)]
    pub answered: Timestamp,
    /// What the official SDKs say of it: how often this request was tried before.
    pub retry_count: Option<u32>,
    /// The wait that its response asked for, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// What its response said in `x-should-retry`.
    pub should_retry: Option<bool>,
    /// Whether it changed the tenant's store, whatever was answered.
    pub committed: bool,
}

/// What became of a rule.
#[derive(Debug, Clone, Serialize)]
pub struct FaultNote {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What became of it.
    pub outcome: FaultOutcome,
}

/// What became of a rule whose trigger a request met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultOutcome {
    /// Its effect was applied.
    Struck,
    /// An earlier rule struck.
    Shadowed,
    /// Its effect fits no such response.
    Inapplicable,
}

/// How a request ended, as the shell saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The response went out.
    Sent,
    /// A fault spoiled it on the wire.
    Cut,
    /// The client had gone.
    ClientGone,
}

/// A body, cut when it is long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    kept: Bytes,
    whole_bytes: usize,
}

impl Recorded {
    /// Keeps a body that came off the wire: copied, so that it does not hold a read buffer.
    pub fn copied(body: &Bytes) -> Self {
        let kept = &body[..body.len().min(KEPT_BODY_BYTES)];
        Self { kept: Bytes::copy_from_slice(kept), whole_bytes: body.len() }
    }

    /// Keeps a body of ours: shared when it is short.
    pub fn shared(body: &Bytes) -> Self {
        if body.len() > KEPT_BODY_BYTES {
            Self::copied(body)
        } else {
            Self { kept: body.clone(), whole_bytes: body.len() }
        }
    }

    /// The bytes that were kept.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// How long the body was.
    pub fn whole_bytes(&self) -> usize {
        self.whole_bytes
    }
}

fn as_text<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn as_target<S: Serializer>(target: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redact::masked_target(target))
}

/// JSON as it is, other text as a string, nothing as `null`; what was cut is a string that says so.
impl Serialize for Recorded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = String::from_utf8_lossy(&self.kept);
        if self.whole_bytes == 0 {
            return serializer.serialize_none();
        }
        if self.whole_bytes > self.kept.len() {
            return serializer.collect_str(&format_args!("{text}… ({} bytes)", self.whole_bytes));
        }
        // What nests so deep that a reader could not read the journal around it is a text too.
        let readable = read_value(format!("[[[{text}]]]").as_bytes());
        match readable.and_then(|_| serde_json::from_str::<&RawValue>(&text)) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.serialize_str(&text),
        }
    }
}

impl Entry {
    /// The entry of a request: its number and moment, its tenant's label and its operation, the request and the response.
    pub fn of(
        number: (u64, Timestamp),
        whose: (Option<Arc<str>>, Option<&'static str>),
        request: &Request,
        response: &Response,
    ) -> Self {
        let path = match &request.head.query {
            Some(query) => format!("{}?{query}", request.head.path).into(),
            None => request.head.path.as_str().into(),
        };
        let wall = clock::system_now();
        Self {
            seq: number.0,
            at: number.1,
            tenant: whose.0,
            operation: whose.1,
            method: request.head.method.clone(),
            path,
            status: (response.status > 0).then_some(response.status),
            request_body: Recorded::copied(&request.body),
            reply_body: Recorded::shared(&response.body),
            faults: Vec::new(),
            outcome: if response.wire.is_sound() { Outcome::Sent } else { Outcome::Cut },
            wall,
            answered: wall,
            retry_count: request.head.header("x-stainless-retry-count").and_then(|count| count.parse().ok()),
            retry_after_ms: retry_after_ms(response),
            should_retry: response.headers.get("x-should-retry").map(|value| value == "true"),
            committed: false,
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight_bytes(&self) -> usize {
        size_of::<Self>()
            + self.method.as_str().len()
            + self.path.len()
            + self.request_body.kept.len()
            + self.reply_body.kept.len()
            + 64 * self.faults.len()
    }
}

/// The wait that a response asks for: `retry-after-ms` first, as the official SDKs read it, else whole seconds.
fn retry_after_ms(response: &Response) -> Option<u64> {
    let number = |name: &str| response.headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    number("retry-after-ms").or_else(|| number("retry-after").map(|seconds| seconds.saturating_mul(1000)))
}
