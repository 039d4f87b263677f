//! A condition on a header, a parameter in the query or in the path, or the body of a request, which is JSON or a form.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use http::header::HeaderName;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::ParseError;
use crate::redact;

/// A condition on a request.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    subject: Subject,
    test: Test,
}

/// The part of a request that a condition is about.
#[derive(Debug, Clone)]
enum Subject {
    Header(HeaderName),
    Query(String),
    /// A parameter in the path.
    Path(String),
    /// A JSON pointer.
    Body(String),
}

#[derive(Debug, Clone)]
enum Test {
    Present,
    Equals(String),
    /// It matches the regular expression anywhere.
    Matches(Regex),
}

/// The parts of a request that conditions test.
pub(crate) trait RequestParts {
    /// The values of a header; its name is in lower case.
    fn header_values(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>>;
    /// The query, not decoded.
    fn query(&self) -> Option<&str>;
    /// The decoded value of a parameter in the path.
    fn path_param(&self, name: &str) -> Option<Cow<'_, str>>;
    /// The body as JSON, if it is JSON or a form.
    fn content(&self) -> Option<&Value>;
}

/// Maximum size of a compiled regular expression, in bytes.
const MAX_EXPRESSION_BYTES: usize = 64 * 1024;

const FORM: &str =
    "is not header:NAME, query:NAME, path:NAME or body:POINTER, with =VALUE, with ~EXPRESSION or with neither";

impl Condition {
    /// Reads `header:NAME`, `query:NAME`, `path:NAME` or `body:POINTER`, then `=VALUE`, `~EXPRESSION` or nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let (part, rest) = text.split_once(':').ok_or(FORM)?;
        let end = match part {
            "body" => end_of_pointer(rest),
            _ => rest.find(['=', '~']).unwrap_or(rest.len()),
        };
        let (name, comparison) = rest.split_at(end);
        let subject = match part {
            "header" => {
                Subject::Header(HeaderName::from_str(name).map_err(|_| format!("{name:?} is not a header name"))?)
            }
            "query" if name.is_empty() => return Err("is without the name of a parameter; it is query:NAME".into()),
            "query" => Subject::Query(name.to_owned()),
            "path" if name.is_empty() => return Err("is without the name of a parameter; it is path:NAME".into()),
            "path" => Subject::Path(name.to_owned()),
            "body" => Subject::Body(check_pointer(name)?),
            _ => return Err(ParseError::none_of(part, &["header", "query", "path", "body"])),
        };
        let condition = Self { subject, test: Test::parse(comparison)? };
        condition.check_secret()?;
        Ok(condition)
    }

    /// Refuses a comparison with the value of a secret header.
    fn check_secret(&self) -> Result<(), ParseError> {
        match (&self.subject, &self.test) {
            (Subject::Header(name), Test::Equals(_) | Test::Matches(_)) if redact::is_secret_header(name.as_str()) => {
                let problem = "holds a credential, so only its presence can be asked for; key=KEY is for API keys";
                Err(format!("{name} {problem}").into())
            }
            _ => Ok(()),
        }
    }

    /// The name of the parameter in the path that it is about, if it is about one.
    fn path_param(&self) -> Option<&str> {
        if let Subject::Path(name) = &self.subject { Some(name) } else { None }
    }

    /// Refuses a parameter in the path that is none of these.
    pub(crate) fn check_path_param(&self, names: &[&str]) -> Result<(), ParseError> {
        let Some(name) = self.path_param().filter(|name| !names.contains(name)) else { return Ok(()) };
        let known: BTreeSet<&str> = names.iter().copied().collect();
        let problem = if known.is_empty() {
            "no operation that is meant has a parameter in its path".to_owned()
        } else {
            let known: Vec<&str> = known.iter().copied().collect();
            format!("no operation that is meant has this parameter in its path, but {}", known.join(", "))
        };
        Err(ParseError::new(format_args!("path:{name}"), problem).near(name, known.iter().copied()))
    }

    /// What it is about, such as `body:/name`.
    pub(crate) fn place(&self) -> String {
        match &self.subject {
            Subject::Header(name) => format!("header:{name}"),
            Subject::Query(name) => format!("query:{name}"),
            Subject::Path(name) => format!("path:{name}"),
            Subject::Body(pointer) => format!("body:{pointer}"),
        }
    }

    /// What must be there, in words.
    pub(crate) fn expected(&self) -> String {
        match &self.test {
            Test::Present => "any value".to_owned(),
            Test::Equals(value) => value.clone(),
            Test::Matches(pattern) => format!("~{pattern}"),
        }
    }

    /// What is there, if anything is.
    pub(crate) fn actual(&self, request: &impl RequestParts) -> Option<String> {
        match &self.subject {
            Subject::Header(name) => request.header_values(name.as_str()).next().map(Cow::into_owned),
            Subject::Query(name) => {
                let query = request.query().unwrap_or_default();
                form_urlencoded::parse(query.as_bytes())
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            }
            Subject::Path(name) => request.path_param(name).map(Cow::into_owned),
            Subject::Body(pointer) => Some(text_of(request.content()?.pointer(pointer)?).into_owned()),
        }
    }

    /// Whether it depends on the body.
    pub(crate) fn needs_body(&self) -> bool {
        matches!(self.subject, Subject::Body(_))
    }

    /// Whether it holds for a request.
    pub(crate) fn holds(&self, request: &impl RequestParts) -> bool {
        match &self.subject {
            Subject::Header(name) => request.header_values(name.as_str()).any(|value| self.test.accepts(&value)),
            Subject::Query(name) => {
                let query = request.query().unwrap_or_default();
                form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == *name && self.test.accepts(&value))
            }
            Subject::Path(name) => request.path_param(name).is_some_and(|value| self.test.accepts(&value)),
            Subject::Body(pointer) => {
                let value = request.content().and_then(|body| body.pointer(pointer));
                value.is_some_and(|value| self.test.accepts(&text_of(value)))
            }
        }
    }
}

impl Test {
    /// Reads `=VALUE`, `~EXPRESSION` or nothing.
    fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some(expression) = text.strip_prefix('~') {
            let built = RegexBuilder::new(expression).size_limit(MAX_EXPRESSION_BYTES).build();
            return built.map(Self::Matches).map_err(|error| why_invalid(expression, &error).into());
        }
        Ok(text.strip_prefix('=').map_or(Self::Present, |value| Self::Equals(value.to_owned())))
    }

    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(value) => text == value,
            Self::Matches(pattern) => pattern.is_match(text),
        }
    }
}

/// Checks a JSON pointer (RFC 6901) to a value inside a document.
pub(crate) fn check_pointer(text: &str) -> Result<String, ParseError> {
    let has_valid_escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && has_valid_escapes {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a JSON pointer such as /items/0/id").into())
    }
}

/// Where a pointer ends and its test begins. `~0` and `~1` are escapes of the pointer: an expression that begins with
/// one of these digits is written `~(0…)` or `~[1]`.
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

/// The text of a JSON value with which conditions compare: strings without quotes.
fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}
