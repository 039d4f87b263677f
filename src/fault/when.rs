//! The condition of `when=`: on a header, a query parameter or the body of a request.

use std::borrow::Cow;
use std::str::FromStr;

use http::header::HeaderName;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::clause;
use super::view::RequestView;

/// A condition on a request.
#[derive(Debug, Clone)]
pub(super) struct When {
    subject: Subject,
    test: Test,
}

/// The part of a request that a condition is about.
#[derive(Debug, Clone)]
enum Subject {
    Header(HeaderName),
    Query(String),
    Body(String),
}

#[derive(Debug, Clone)]
enum Test {
    /// It is present.
    Present,
    Equals(String),
    /// It matches the regular expression anywhere.
    Matches(Regex),
}

/// The most bytes of a compiled regular expression.
const MAX_EXPRESSION_BYTES: usize = 64 * 1024;

/// Whether clients put credentials into a header.
fn holds_credential(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "authorization" | "proxy-authorization" | "cookie") || name.contains("api-key")
}

impl When {
    /// Reads `header:NAME`, `query:NAME` or `body:POINTER`, then `=` or `~` and a value, or nothing.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let (subject, rest) =
            value.split_once(':').ok_or("is header:NAME, query:NAME or body:POINTER, then = or ~ and a value")?;
        let end = match subject {
            "body" => end_of_pointer(rest),
            _ => rest.find(['=', '~']).unwrap_or(rest.len()),
        };
        let (name, test) = rest.split_at(end);
        let subject = match subject {
            "header" => {
                Subject::Header(HeaderName::from_str(name).map_err(|_| format!("{name:?} is not a header name"))?)
            }
            "query" if name.is_empty() => return Err("is without the name of a parameter; it is query:NAME".to_owned()),
            "query" => Subject::Query(name.to_owned()),
            "body" => Subject::Body(clause::pointer(name)?),
            _ => return Err(format!("{subject:?} is none of header, query, body")),
        };
        let test = Test::parse(test)?;
        match (&subject, &test) {
            (Subject::Header(name), Test::Equals(_) | Test::Matches(_)) if holds_credential(name) => {
                Err(format!("{name} holds an API key, and rules are shown; use key=KEY, which is shown as a label"))
            }
            _ => Ok(Self { subject, test }),
        }
    }

    /// Whether it depends on the body.
    pub(super) fn needs_body(&self) -> bool {
        matches!(self.subject, Subject::Body(_))
    }

    /// Whether it holds for a request.
    pub(super) fn holds(&self, request: &RequestView<'_>) -> bool {
        match &self.subject {
            Subject::Header(name) => request
                .head
                .headers
                .get_all(name)
                .iter()
                .any(|value| self.test.accepts(&String::from_utf8_lossy(value.as_bytes()))),
            Subject::Query(name) => {
                let query = request.head.query.as_deref().unwrap_or_default();
                form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == *name && self.test.accepts(&value))
            }
            Subject::Body(pointer) => request
                .body
                .json()
                .and_then(|body| body.pointer(pointer))
                .is_some_and(|value| self.test.accepts(&text_of(value))),
        }
    }
}

impl Test {
    /// Reads `=VALUE`, `~EXPRESSION` or nothing.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(expression) = text.strip_prefix('~') {
            let built = RegexBuilder::new(expression).size_limit(MAX_EXPRESSION_BYTES).build();
            return built.map(Self::Matches).map_err(|error| why_invalid(expression, &error));
        }
        Ok(text.strip_prefix('=').map_or(Self::Present, |value| Self::Equals(value.to_owned())))
    }

    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(wanted) => text == wanted,
            Self::Matches(pattern) => pattern.is_match(text),
        }
    }
}

/// Where a pointer ends and its test begins. `~0` and `~1` are escapes of the pointer: an expression that begins with one of
/// these digits is written `~(0…)` or `~[1]`.
fn end_of_pointer(text: &str) -> usize {
    let is_escape = |at: usize| text[at..].starts_with("~0") || text[at..].starts_with("~1");
    let end = text.match_indices(['=', '~']).map(|(at, _)| at).find(|at| !is_escape(*at));
    end.unwrap_or(text.len())
}

/// Why a regular expression is invalid, in one line: the last line of the crate's message.
fn why_invalid(text: &str, error: &regex::Error) -> String {
    let error = error.to_string();
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("{text:?} is not a regular expression: {reason}")
}

/// A JSON value as a rule says it: strings without quotes.
fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}
