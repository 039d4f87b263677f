//! API errors: a status and a body `{"detail": …}`, as the service's framework sends them. This is the only module that
//! serialises an API error. It does not decide whether a request is refused.

use std::borrow::Cow;

use http::header::{ALLOW, HeaderValue};
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

use crate::response::Response;

/// The refusal of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    /// HTTP status, 400 to 599.
    pub(crate) status: u16,
    /// The value of `detail` in the body.
    pub(crate) detail: Detail,
    /// The `Allow` header of a 405.
    pub(crate) allow: Option<Cow<'static, str>>,
}

/// The two forms of `detail` that the service's framework sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail {
    /// One sentence.
    Text(String),
    /// A sentence with the id of a directory: the only object that the service documents as `detail`.
    Directory { message: String, directory_id: String },
    /// Every violation of a request at once, in the framework's order.
    Violations(Vec<Violation>),
}

/// One violation in a 422, with the error type and the message of pydantic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Violation {
    /// The framework's error type, such as `missing` or `string_type`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The location: `body`, `query` or `path`, then keys and positions.
    pub(crate) loc: Vec<LocStep>,
    /// The framework's message.
    pub(crate) msg: String,
    /// The value at the location.
    pub(crate) input: Value,
    /// The numbers and names in the message; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ctx: Option<Value>,
}

/// One step of a [`Violation`]'s location.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LocStep {
    /// A key of an object, or the root (`body`, `query`, `path`).
    Key(String),
    /// A position in an array, or a character offset.
    At(usize),
}

impl Serialize for LocStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Key(key) => serializer.serialize_str(key),
            Self::At(position) => serializer.serialize_u64(*position as u64),
        }
    }
}

impl From<&str> for LocStep {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for LocStep {
    fn from(position: usize) -> Self {
        Self::At(position)
    }
}

impl ApiError {
    /// An API error with a text.
    pub(crate) fn text(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: Detail::Text(detail.into()), allow: None }
    }

    /// The API error of a request that fails validation: 422 with all violations.
    pub(crate) fn violations(violations: Vec<Violation>) -> Self {
        Self { status: 422, detail: Detail::Violations(violations), allow: None }
    }

    /// The framework's error for a body that is not UTF-8 or has a value that it cannot represent.
    pub(crate) fn unreadable_body() -> Self {
        Self::text(400, "There was an error parsing the body")
    }

    /// The refusal of a body that is larger than it may be, with the flag that sets the limit.
    pub(crate) fn body_too_large(limit_bytes: usize, flag: &str) -> Self {
        Self::text(413, format!("Request body is larger than {limit_bytes} bytes ({flag})"))
    }

    /// The API error for a body that does not fit into the memory budget of all bodies in flight.
    pub(crate) fn over_body_budget(limit_bytes: usize) -> Self {
        let limit = format!("{limit_bytes} bytes (--max-inflight-bytes)");
        Self::text(413, format!("The bodies of all requests in flight are together larger than {limit}"))
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            detail: &'a Detail,
        }
        let mut response = Self::json(error.status, &Body { detail: &error.detail });
        if let Some(allow) = error.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            response.headers.insert(ALLOW, allow);
        }
        response
    }
}
