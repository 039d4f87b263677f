//! API errors: a status and a body `{"detail": …}`, as the service's framework sends them, also those that a fault
//! rule injects. This is the only module that serialises an API error. It does not decide whether a request is refused.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};

use crate::response::Response;
use crate::seed::{self, RandomStream};

/// The service's text when it fails, as its users have reported it.
const FAILURE: &str = "Oops! Something went wrong on our end. Please try again in a few minutes. If the error \
                       persists, please contact support by clicking the chat icon on cloud.llamaindex.ai providing \
                       this correlation ID: ";

/// The refusal of a request; serialised, it is the body of the response.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ApiError {
    /// HTTP status, 400 to 599.
    #[serde(skip)]
    pub(crate) status: u16,
    pub(crate) detail: Detail,
    /// The `Allow` header of a 405.
    #[serde(skip)]
    pub(crate) allow: Option<Cow<'static, str>>,
}

/// The forms of `detail` that the service's framework sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail {
    Text(String),
    /// A sentence with the id of a directory: the only object that the service documents as `detail`.
    Directory {
        message: String,
        directory_id: String,
    },
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
    /// Whether the message of a `value_error` lists the valid values.
    #[serde(skip)]
    pub(crate) lists_values: bool,
}

/// One step of a [`Violation`]'s location.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum LocStep {
    /// A key of an object, or the root (`body`, `query`, `path`).
    Key(String),
    /// A position in an array, or a character offset.
    At(usize),
}

impl LocStep {
    /// The key, if it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::At(_) => None,
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
    pub(crate) fn text(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: Detail::Text(detail.into()), allow: None }
    }

    /// The refusal of a request that fails validation.
    pub(crate) fn violations(violations: Vec<Violation>) -> Self {
        Self { status: 422, detail: Detail::Violations(violations), allow: None }
    }

    /// The service's error when it fails, with a correlation id from `stream`.
    pub(crate) fn failure(stream: &mut RandomStream) -> Self {
        Self::text(500, format!("{FAILURE}{}", seed::uuid(stream)))
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
        let mut response = Self::json(error.status, &error);
        if let Some(allow) = error.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            response.headers.insert(ALLOW, allow);
        }
        response
    }
}

/// The response with this status that the service, or a gateway in front of it, would send: an injected failure.
pub(crate) fn response_with_status(status: u16, stream: &mut RandomStream) -> Response {
    let detail = match status {
        ..200 | 204 | 304 => return Response::empty(status),
        401 => "Invalid authentication token",
        402 => "You have run out of credits. Please upgrade your plan to go on.",
        403 => "You do not have access to this project",
        404 => "Not found",
        409 => "A conflicting operation is in progress",
        413 => "Request body is too large",
        422 => return ApiError::violations(vec![injected_violation()]).into(),
        429 => "Rate limit exceeded. Please try again later.",
        500 => return ApiError::failure(stream).into(),
        502..=504 => return gateway_page(status),
        _ => reason(status).unwrap_or("Injected"),
    };
    ApiError::text(status, detail).into()
}

fn injected_violation() -> Violation {
    Violation {
        kind: "value_error".to_owned(),
        loc: vec!["body".into()],
        msg: "Value error, injected".to_owned(),
        input: json!({}),
        ctx: Some(json!({ "error": {} })),
        lists_values: false,
    }
}

/// The page that a gateway in front of the service sends when the service does not respond.
fn gateway_page(status: u16) -> Response {
    let reason = reason(status).unwrap_or_default();
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n\
         <body>\r\n<center><h1>{status} {reason}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Response::bytes(status, "text/html", page)
}

/// The reason phrase of a status.
fn reason(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// The sentence in the body of a refusal, if it is one.
pub(crate) fn detail_of(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    Some(json.get("detail")?.as_str()?.to_owned())
}
