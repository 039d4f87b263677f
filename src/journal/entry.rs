//! One recorded request and its response.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::body::RecordedBody;
use super::headers::RecordedHeaders;
use crate::clock::{self, Timestamp};
use crate::matcher::{ParseError, RequestParts};
use crate::operation::{Effect, path_params};
use crate::redact;
use crate::request::{Head, PathParams, RETRY_COUNT};
use crate::response::{RETRY_AFTER_MS, Response, SHOULD_RETRY, duration_in};
use crate::search::ChunkCounts;
use crate::store::Id;

/// A request and its response, as the journal shows them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Its number among the tenant's requests.
    pub(crate) seq: u64,
    /// The time of the request, on the tenant's clock.
    pub(crate) at: Timestamp,
    /// The label of its tenant; `null` for a request without an accepted API key.
    pub(crate) tenant: Option<Arc<str>>,
    /// The name that its tenant had; absent if it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_name: Option<Arc<str>>,
    /// The name of its operation; `null` when no operation has that method and path.
    pub(crate) operation: Option<&'static str>,
    /// The product of the real API that it is for; absent if none is known or the operation is emulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product: Option<&'static str>,
    /// The HTTP method.
    #[serde(serialize_with = "as_text")]
    pub(crate) method: Method,
    /// The path and the query as received, with secrets redacted.
    #[serde(serialize_with = "as_target")]
    pub(crate) path: Box<str>,
    /// The path of the row of its operation, with the names of its parameters.
    #[serde(skip)]
    pub(crate) path_pattern: &'static str,
    /// The status of the response; `null` when a fault broke the connection before there was one.
    pub(crate) status: Option<u16>,
    /// The headers of the request, with secrets redacted.
    pub(crate) request_headers: RecordedHeaders,
    /// The number of header lines that were not kept; absent when all were.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) request_headers_omitted: usize,
    /// The body of the request.
    pub(crate) request_body: RecordedBody,
    /// The body of the response.
    pub(crate) reply_body: RecordedBody,
    /// The outcome of each fault rule that it met.
    pub(crate) faults: Vec<FaultNote>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The real time from its admission to its end, in milliseconds; `null` while it is open.
    #[serde(rename = "duration_ms", serialize_with = "as_millis")]
    pub(crate) duration: Option<Duration>,
    /// The real time from its admission until its client was seen to leave, in milliseconds; absent if it was not.
    #[serde(rename = "client_left_ms", serialize_with = "as_millis", skip_serializing_if = "Option::is_none")]
    pub(crate) client_left: Option<Duration>,
    /// When it was admitted, in real time.
    pub(crate) real_time: Timestamp,
    /// When its response was due, in real time: later than `real_time` if it was delayed.
    #[serde(skip)]
    pub(crate) due: Timestamp,
    /// How often the client had tried this request before, as the official SDKs report it.
    pub(crate) retry_count: Option<u32>,
    /// The wait that its response asked for, in milliseconds.
    pub(crate) retry_after_ms: Option<u64>,
    /// The `x-should-retry` of its response.
    pub(crate) should_retry: Option<bool>,
    /// What its search over the chunks of an index left out; absent if it made none.
    #[serde(rename = "retrieval", skip_serializing_if = "Option::is_none")]
    pub(crate) chunk_counts: Option<Box<ChunkCounts>>,
    /// Whether it changed the tenant's state, whatever its response was.
    pub(crate) committed: bool,
    /// Whether fault rules replaced or edited its response after it acted.
    #[serde(skip)]
    pub(crate) is_altered: bool,
    /// What its operation does to resources.
    #[serde(skip)]
    pub(crate) effect: Effect,
    /// The id of what it created.
    #[serde(skip)]
    pub(crate) created: Option<Id>,
    /// The ids of what it deleted, without what belonged to that.
    #[serde(skip)]
    pub(crate) deleted: Vec<Id>,
}

/// The outcome of a fault rule whose trigger a request met.
#[derive(Debug, Clone, Serialize)]
pub struct FaultNote {
    /// The rule's name.
    pub rule: Arc<str>,
    /// Its outcome.
    pub outcome: FaultOutcome,
}

/// The outcome of a fault rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FaultOutcome {
    /// Its effect was applied.
    Struck,
    /// An earlier rule struck.
    Shadowed,
    /// Its effect could not be applied.
    Inapplicable,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It has not ended: its body is being read, it waits, or its response is being written.
    Open,
    /// The response was written.
    Sent,
    /// A fault cut the response off.
    Cut,
    /// The client closed the connection before the response was written.
    ClientGone,
}

/// As in JSON: `open`, `sent`, `cut` or `client_gone`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The words for the outcomes.
const OUTCOMES: &[&str] = &["open", "sent", "cut", "client_gone"];

impl Outcome {
    /// The outcome of a word.
    pub(super) fn named(word: &str) -> Result<Self, ParseError> {
        let outcomes = [Self::Open, Self::Sent, Self::Cut, Self::ClientGone];
        let known = OUTCOMES.iter().position(|known| *known == word);
        known.map(|position| outcomes[position]).ok_or_else(|| ParseError::none_of(word, OUTCOMES))
    }
}

/// An entry for conditions. Its body is parsed once, when the first condition reads it.
#[derive(Debug)]
pub(super) struct EntryParts<'a> {
    pub(super) entry: &'a Entry,
    json: OnceCell<Option<Value>>,
}

impl<'a> EntryParts<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        Self { entry, json: OnceCell::new() }
    }
}

impl Entry {
    /// The entry of a request that has no response yet. The caller sets the fields that do not follow from its head:
    /// the number, the tenant, the operation.
    pub(crate) fn open(head: &Head, body: RecordedBody) -> Self {
        let request_headers = RecordedHeaders::of(&head.headers);
        let now = clock::system_now();
        Self {
            seq: 0,
            at: now,
            tenant: None,
            tenant_name: None,
            operation: None,
            product: None,
            method: head.method.clone(),
            path: head.target().into(),
            path_pattern: "",
            status: None,
            request_headers_omitted: request_headers.omitted(),
            request_headers,
            request_body: body,
            reply_body: RecordedBody::default(),
            faults: Vec::new(),
            outcome: Outcome::Open,
            duration: None,
            client_left: None,
            real_time: now,
            due: now,
            retry_count: head.header(&RETRY_COUNT).and_then(|count| count.parse().ok()),
            retry_after_ms: None,
            should_retry: None,
            chunk_counts: None,
            committed: false,
            is_altered: false,
            effect: Effect::Reads,
            created: None,
            deleted: Vec::new(),
        }
    }

    /// Adds its response, which is sent after this real time.
    pub(crate) fn answer(&mut self, response: &Response, delay: Duration) {
        self.due = if delay.is_zero() { self.real_time } else { clock::system_now().plus(delay) };
        self.status = response.code();
        self.reply_body = RecordedBody::shared(&response.body.bytes());
        self.retry_after_ms = retry_after_ms(response, self.due);
        self.should_retry = header(response, &SHOULD_RETRY).map(|value| value == "true");
    }

    /// Takes over what is known of a request that was recorded as open, and is decided now.
    pub(super) fn continue_from(&mut self, open: &Self) {
        (self.at, self.real_time, self.client_left) = (open.at, open.real_time, open.client_left);
    }

    /// Notes how it ended, or that it has not ended after all.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        let elapsed = clock::system_now().since(self.real_time);
        self.outcome = outcome;
        self.duration = (outcome != Outcome::Open).then_some(elapsed);
        if outcome == Outcome::ClientGone {
            self.client_left.get_or_insert(elapsed);
        }
    }

    /// Notes that its client has left, before it has ended.
    pub(super) fn client_leaves(&mut self) {
        let elapsed = clock::system_now().since(self.real_time);
        self.client_left.get_or_insert(elapsed);
    }

    /// The values in its path, by the names of its operation.
    pub(crate) fn path_params(&self) -> PathParams {
        path_params(self.path_pattern, self.path.split('?').next().unwrap_or_default())
    }

    /// Whether it has no response yet.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.outcome == Outcome::Open && self.status.is_none()
    }

    /// Whether its body was not kept whole, or is not there yet.
    pub(crate) fn lacks_body(&self) -> bool {
        self.request_body.is_cut() || self.is_unanswered() && self.request_body.bytes().is_empty()
    }

    /// About how many bytes it takes.
    pub(super) fn weight_bytes(&self) -> usize {
        size_of::<Self>()
            + self.method.as_str().len()
            + self.path.len()
            + self.request_headers.weight_bytes()
            + self.request_body.bytes().len()
            + self.reply_body.bytes().len()
            + 64 * self.faults.len()
            + size_of::<Id>() * self.deleted.len()
    }
}

impl RequestParts for EntryParts<'_> {
    fn header_values(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.entry.request_headers.values(name)
    }

    fn query(&self) -> Option<&str> {
        self.entry.path.split_once('?').map(|(_, query)| query)
    }

    fn path_param(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut params = self.entry.path_params().into_iter();
        params.find(|(param, _)| *param == name).map(|(_, value)| value.into())
    }

    fn content(&self) -> Option<&Value> {
        self.json.get_or_init(|| self.entry.request_body.value()).as_ref()
    }
}

/// The wait that a response asks for, as the official SDKs read it: `retry-after-ms` first, else `retry-after` in
/// seconds or as a date. It counts from when the response is due.
fn retry_after_ms(response: &Response, due: Timestamp) -> Option<u64> {
    let after = header(response, &RETRY_AFTER);
    let until_date = || Some(Timestamp::from_http_date(after?.to_str().ok()?)?.since(due));
    let wait = header(response, &RETRY_AFTER_MS).and_then(|value| duration_in(value, 1e-3));
    let wait = wait.or_else(|| duration_in(after?, 1.0)).or_else(until_date)?;
    u64::try_from(wait.as_millis()).ok()
}

/// A header of a response. It has so few that comparing their names takes less than hashing this one.
fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a HeaderValue> {
    response.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
}

fn as_text<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

/// A path and query without credentials.
fn as_target<S: Serializer>(target: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redact::masked_target(target))
}

/// A duration in milliseconds, to the microsecond.
#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn as_millis<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| (duration.as_secs_f64() * 1e6).round() / 1e3).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
