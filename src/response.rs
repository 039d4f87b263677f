//! A decided answer as plain data: what to say, how long to wait first, and what to do to the wire while saying it.
//! It never writes anything; the shell obeys it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// Bytes for which an answer has room from the start; most are shorter.
const ROOM: usize = 1024;

/// The answer to one request.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status, 100 to 599.
    pub status: u16,
    /// Headers; the shell adds `date`, `content-length` and `connection`.
    pub headers: HeaderMap,
    /// The body, serialised once.
    pub body: Bytes,
    /// How long the answer is held back, on the tenant's clock (see `clock.rs`).
    pub delay: Duration,
    /// How the answer goes over the wire.
    pub wire: Wire,
}

/// The wire order: what the shell does instead of a plain, whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wire {
    /// How far the answer gets.
    pub end: ResponseEnd,
    /// How fast it goes.
    pub pace: Pace,
    /// A `content-length` that need not be true.
    pub content_length: Option<u64>,
}

/// How far an answer gets.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ResponseEnd {
    /// All of it, and the connection goes on.
    #[default]
    Whole,
    /// No byte of it, then this.
    Silent(Break),
    /// The head, and then nothing for ever.
    Stall,
    /// The head and so many bytes of the body, then this.
    Cut(usize, Break),
    /// The head and half of the body (rounded down), then RST.
    HalfThenReset,
    /// Bytes that are not HTTP, then a close.
    Garbage,
}

/// What happens to a connection that does not go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Break {
    /// A TCP reset.
    Reset,
    /// An orderly close (FIN).
    Close,
    /// Nothing at all: the connection stays open and silent.
    Hang,
}

/// How fast an answer goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Pace {
    /// As fast as the wire takes it.
    #[default]
    Free,
    /// So many bytes, a pause, so many bytes.
    Dribble {
        /// Bytes at a time, at least 1.
        bytes: usize,
        /// The pause between two portions.
        every: Duration,
    },
    /// Bytes a second, at least 1.
    Bandwidth(u64),
}

/// What a request whose head already struck a fault gets instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadOrder {
    /// RST as soon as the head is read.
    ResetAtHead,
    /// RST after the first bytes of the body were read.
    ResetInBody,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), delay: Duration::ZERO, wire: Wire::default() }
    }

    /// What stands for an answer when none was decided, because the connection record_panic first.
    pub fn no_response() -> Self {
        Self { wire: Wire { end: ResponseEnd::Silent(Break::Reset), ..Wire::default() }, ..Self::empty(0) }
    }

    /// An answer in compact JSON.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        let mut body = Vec::with_capacity(ROOM);
        serde_json::to_writer(&mut body, value).expect("our own types have string keys and cannot fail to serialise");
        // One that had room enough is copied: the journal keeps it, and would keep the room.
        let body = if body.len() <= ROOM { Bytes::copy_from_slice(&body) } else { body.into() };
        Self::bytes(status, "application/json", body)
    }

    /// An answer with a body of the caller's.
    pub fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Self::empty(status);
        response.body = body.into();
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// The same answer with one header more, or a header replaced.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Whether the answer grants what was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The status as `http` knows it; 500 for a number that is none.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Wire {
    /// Whether the whole answer reaches its client, however slowly, and says truly how long it is.
    pub fn is_sound(&self) -> bool {
        self.end == ResponseEnd::Whole && self.content_length.is_none()
    }
}
