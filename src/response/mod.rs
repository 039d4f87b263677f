//! A response as plain data: its content, its delay, and the wire faults with which it is sent. The server writes it.

mod events;
mod live;
mod shared_part;

pub(crate) use events::{Events, event, json_of, rest_of_event};
pub(crate) use live::{BodyWriter, EventSource};
pub(crate) use shared_part::SharedPart;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// The wait before a retry, in milliseconds; the official SDKs prefer it to `retry-after`.
pub(crate) const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Whether the official SDKs retry, whatever the status.
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Number of portions per second for a bandwidth.
const PORTIONS_PER_SECOND: u64 = 20;

/// Initial capacity of the buffer for a JSON body, in bytes; most bodies fit.
const JSON_CAPACITY: usize = 1024;

/// The content type of a file whose own is not known.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The content type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";

/// The response to one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Response {
    /// `None` if there is no response: the connection is broken instead.
    pub(crate) status: Option<StatusCode>,
    /// The headers; the server adds `date`, `content-length` and `connection`.
    pub(crate) headers: HeaderMap,
    /// The body, serialised once.
    pub(crate) body: Body,
    /// The delay before the response is sent.
    pub(crate) delay: Delay,
    /// How the response is sent.
    pub(crate) wire: Wire,
    /// The duration for which the server refuses connections, in real time, from before the response is sent.
    pub(crate) refuse_connections: Option<Duration>,
    /// The real time from the request on, within which the server asks for the response again: it may become another
    /// one.
    pub(crate) settles_within: Option<Duration>,
    /// What the request changed through the admin API, for the log.
    pub(crate) change: Option<Box<AdminChange>>,
}

/// A change that was made through the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdminChange {
    /// The label of the tenant; `None` for all, and for the server.
    pub(crate) tenant: Option<Arc<str>>,
    /// The name of the tenant, if it had one.
    pub(crate) tenant_name: Option<Arc<str>>,
    /// What the request gave, without credentials.
    pub(crate) given: String,
}

/// An injected wait: one part after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delay {
    /// On the tenant's clock.
    pub(crate) on_clock: Duration,
    /// In real time on every clock.
    pub(crate) real: Duration,
}

/// The body of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// All of it, of a known length.
    Whole(Bytes),
    /// Events that are sent one by one.
    Events(Events),
    /// Events that are sent as they come.
    Live(SharedPart<dyn EventSource>),
    /// Written while it is sent.
    Written(SharedPart<dyn BodyWriter>),
}

/// The body of a success. The status is stated by the row of the operation and added in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// No body.
    Empty,
    /// Compact JSON.
    Json(Bytes),
    /// Server-sent events.
    Events(Events),
    /// The content of a file, for the client to save.
    File {
        /// The content.
        bytes: Bytes,
        /// Its content type, if it is known.
        content_type: Option<Box<str>>,
        /// The name under which it is saved.
        name: Box<str>,
    },
}

/// The wire faults with which a response is sent; the default is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wire {
    /// How much of the response is sent.
    pub(crate) end: ResponseEnd,
    /// How fast it is sent.
    pub(crate) pace: Pace,
    /// A `content-length` that may be wrong.
    pub(crate) content_length: Option<u64>,
}

/// How much of a response is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum ResponseEnd {
    /// All of it; the connection stays open.
    #[default]
    Whole,
    /// All of it, then FIN.
    WholeThenClose,
    /// Nothing, then this.
    Silent(Break),
    /// The head, then nothing.
    Stall,
    /// The head and this number of bytes of the body, then this.
    Cut(usize, Break),
    /// The head and half of the body (rounded down), then RST.
    HalfThenReset,
    /// Bytes that are not HTTP, then FIN.
    Garbage,
}

/// What happens to a connection after an incomplete response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Break {
    /// RST.
    Reset,
    /// FIN.
    Close,
    /// Nothing: the connection stays open and silent.
    Hang,
}

/// How fast a response is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Pace {
    /// As fast as the client reads.
    #[default]
    Free,
    /// In portions with a pause between them.
    Dribble {
        /// Bytes of a portion, at least 1.
        bytes: usize,
        /// The pause between two portions.
        every: Duration,
    },
    /// Bytes a second, at least 1.
    Bandwidth(u64),
}

/// How a connection is reset before the request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadReset {
    /// As soon as the head is read.
    AfterHead,
    /// After the first bytes of the body are read.
    InBody,
}

/// The duration in a header: a number, which may have a fraction, of units of so many seconds.
pub(crate) fn duration_in(value: &HeaderValue, unit_seconds: f64) -> Option<Duration> {
    let number: f64 = value.to_str().ok()?.parse().ok()?;
    Duration::try_from_secs_f64(number * unit_seconds).ok()
}

impl Payload {
    /// A JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::Json(to_json(value))
    }

    /// A JSON body that is written already.
    pub(crate) fn of_json(json: Vec<u8>) -> Self {
        Self::Json(fitted(json))
    }

    /// The response with this body and a status.
    pub(crate) fn with_status(self, status: u16) -> Response {
        match self {
            Self::Empty => Response::empty(status),
            Self::Json(body) => Response::bytes(status, "application/json", body),
            Self::Events(events) => {
                let response = Response::bytes(status, EVENT_STREAM, Bytes::new());
                Response { body: Body::Events(events), ..response }
            }
            Self::File { bytes, content_type, name } => {
                let content_type = content_type.and_then(|text| HeaderValue::from_str(&text).ok());
                Response::bytes(status, "application/octet-stream", bytes)
                    .with_header(CONTENT_TYPE, content_type.unwrap_or(OCTETS))
                    .with_header(CONTENT_DISPOSITION, attachment(&name))
                    .with_header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
            }
        }
    }
}

impl Body {
    /// Its length in bytes, without the framing of chunks; 0 if it is not known.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Events(events) => events.len(),
            Self::Live(_) | Self::Written(_) => 0,
        }
    }

    /// Whether it has no bytes.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of its bytes that are known; events are joined.
    pub(crate) fn bytes(&self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes.clone(),
            Self::Events(events) => events.bytes(),
            Self::Live(_) => Bytes::new(),
            Self::Written(body) => {
                let mut bytes = Vec::new();
                body.0.write(&mut bytes).expect("memory takes what is written");
                bytes.into()
            }
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl Response {
    /// A response without a body. Panics if the status is not from 100 to 999.
    pub(crate) fn empty(status: u16) -> Self {
        Self::whole(status, Bytes::new())
    }

    fn whole(status: u16, body: Bytes) -> Self {
        let status = StatusCode::from_u16(status).expect("rows, errors and rules have statuses from 100 to 599");
        Self::new(Some(status), ResponseEnd::Whole, body)
    }

    /// No response: the connection ends in this way.
    pub(crate) fn none(end: Break) -> Self {
        Self::new(None, ResponseEnd::Silent(end), Bytes::new())
    }

    fn new(status: Option<StatusCode>, end: ResponseEnd, body: Bytes) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Body::Whole(body),
            delay: Delay::default(),
            wire: Wire { end, ..Wire::default() },
            refuse_connections: None,
            settles_within: None,
            change: None,
        }
    }

    /// A response in compact JSON.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        Self::bytes(status, "application/json", to_json(value))
    }

    /// A response with this body.
    pub(crate) fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Self::whole(status, body.into());
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// A stream of the events of a source.
    pub(crate) fn live(source: impl EventSource + 'static) -> Self {
        let response = Self::bytes(200, EVENT_STREAM, Bytes::new());
        Self { body: Body::Live(SharedPart(Arc::new(source))), ..response }
    }

    /// A response whose body is JSON that is written while it is sent.
    pub(crate) fn written(writer: impl BodyWriter + 'static) -> Self {
        let response = Self::bytes(200, "application/json", Bytes::new());
        Self { body: Body::Written(SharedPart(Arc::new(writer))), ..response }
    }

    /// The same response with a header added or replaced.
    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Whether a client reads the same from it: delays, the pace and headers that are not about the body do not matter.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        let is_equal = |name: HeaderName| self.headers.get(&name) == other.headers.get(&name);
        self.status == other.status
            && [CONTENT_TYPE, CONTENT_ENCODING, TRANSFER_ENCODING].into_iter().all(is_equal)
            && (self.wire.is_sound() && other.wire.is_sound() || self.wire.has_end_of(&other.wire))
            && self.body == other.body
    }

    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }

    /// The number of the status, if there is a response.
    pub(crate) fn code(&self) -> Option<u16> {
        self.status.map(|status| status.as_u16())
    }
}

/// The header that makes a browser save a file instead of showing it (RFC 6266). The name is percent-encoded.
fn attachment(name: &str) -> HeaderValue {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")).expect("the name is percent-encoded")
}

fn to_json(value: &impl Serialize) -> Bytes {
    let mut body = Vec::with_capacity(JSON_CAPACITY);
    serde_json::to_writer(&mut body, value).expect("our own types have string keys and cannot fail to serialise");
    fitted(body)
}

/// A body without its spare capacity if it is short: the journal keeps it, and would keep that too.
fn fitted(body: Vec<u8>) -> Bytes {
    if body.len() <= JSON_CAPACITY { Bytes::copy_from_slice(&body) } else { body.into() }
}

impl Delay {
    /// Both waits.
    pub(crate) fn plus(self, other: Self) -> Self {
        let (on_clock, real) = (self.on_clock.saturating_add(other.on_clock), self.real.saturating_add(other.real));
        Self { on_clock, real }
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Pace {
    /// The bytes of a portion, and the pause between two.
    pub(crate) fn portion(&self) -> (usize, Duration) {
        match *self {
            Self::Free => (usize::MAX, Duration::ZERO),
            Self::Dribble { bytes, every } => (bytes, every),
            Self::Bandwidth(bytes_per_second) => {
                let bytes = (bytes_per_second / PORTIONS_PER_SECOND).max(1);
                (usize::try_from(bytes).unwrap_or(usize::MAX), time_for(bytes, bytes_per_second))
            }
        }
    }
}

/// The time that so many bytes take at a number of bytes a second.
pub(crate) fn time_for(bytes: u64, bytes_per_second: u64) -> Duration {
    Duration::from_secs(1).mul_f64(to_float(bytes) / to_float(bytes_per_second))
}

#[expect(clippy::cast_precision_loss, reason = "for the ratio of two byte counts ten exact digits are enough")]
fn to_float(bytes: u64) -> f64 {
    bytes as f64
}

impl Wire {
    /// Whether the whole response is sent, at any pace, with its true length.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.end, ResponseEnd::Whole | ResponseEnd::WholeThenClose) && self.content_length.is_none()
    }

    /// Whether as much is sent, of the same length.
    fn has_end_of(&self, other: &Self) -> bool {
        (&self.end, self.content_length) == (&other.end, other.content_length)
    }
}
