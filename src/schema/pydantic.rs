//! The error type and message of pydantic, the validator of the service's framework, for each JSON Schema keyword.

use serde_json::{Value, json};

use super::coerce::CoercionError;
use super::node::{Discriminator, SchemaNode};
use super::{numbers, python};
use crate::error::{LocStep, Violation};

/// An error of pydantic: its type, its message, and the values that the message mentions.
pub(super) struct PydanticError {
    kind: String,
    msg: String,
    ctx: Option<Value>,
}

impl PydanticError {
    fn plain(kind: &str, msg: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), msg: msg.into(), ctx: None }
    }

    pub(super) fn with(kind: &str, msg: impl Into<String>, ctx: Value) -> Self {
        Self { kind: kind.to_owned(), msg: msg.into(), ctx: Some(ctx) }
    }

    /// The violation that reports this error for `input` at `loc`.
    pub(super) fn at(self, loc: Vec<LocStep>, input: Value) -> Violation {
        Violation { kind: self.kind, loc, msg: self.msg, input, ctx: self.ctx, lists_values: false }
    }
}

impl From<CoercionError> for PydanticError {
    fn from((kind, msg): CoercionError) -> Self {
        Self::plain(kind, msg)
    }
}

/// The violation for a value that the framework has no own error for: the service's code refuses it, or a keyword that
/// the framework lacks.
pub(crate) fn value_error(loc: Vec<LocStep>, msg: &str, input: Value) -> Violation {
    of_value(msg).at(loc, input)
}

fn of_value(msg: &str) -> PydanticError {
    PydanticError::with("value_error", format!("Value error, {msg}"), json!({ "error": {} }))
}

/// The error for a text in the place of a file.
pub(super) fn expected_file() -> PydanticError {
    of_value("Expected UploadFile, received: <class 'str'>")
}

/// The error for a required field that is missing.
pub(super) fn missing() -> PydanticError {
    PydanticError::plain("missing", "Field required")
}

/// The error for a field that is not allowed.
pub(super) fn forbidden() -> PydanticError {
    PydanticError::plain("extra_forbidden", "Extra inputs are not permitted")
}

/// The error for a value that has a wrong type and cannot be coerced.
pub(super) fn wrong_type(node: SchemaNode<'_>) -> PydanticError {
    let (kind, msg) = match node.expected_type() {
        Some("string") => match node.text("format") {
            Some("uuid") => ("uuid_type", "UUID input should be a string, bytes or UUID object"),
            Some("date-time") => ("datetime_type", "Input should be a valid datetime"),
            _ => ("string_type", "Input should be a valid string"),
        },
        Some("array") => ("list_type", "Input should be a valid list"),
        Some("object") if node.fields().is_some() => return no_model(),
        Some("object") => ("dict_type", "Input should be a valid dictionary"),
        Some("null") => ("none_required", "Input should be None"),
        _ => return of_value("Input has a wrong type"),
    };
    PydanticError::plain(kind, msg)
}

/// The error for a value that is no object where a model is expected.
pub(super) fn no_model() -> PydanticError {
    let msg = "Input should be a valid dictionary or object to extract fields from";
    PydanticError::plain("model_attributes_type", msg)
}

/// The error for an object without the field that tells the alternatives of a union apart.
pub(super) fn no_tag(field: &str) -> PydanticError {
    let msg = format!("Unable to extract tag using discriminator '{field}'");
    PydanticError::with("union_tag_not_found", msg, json!({ "discriminator": format!("'{field}'") }))
}

/// The error for a tag that no alternative of a union has. The message shows it as Python prints it.
pub(super) fn unknown_tag(union: &Discriminator<'_>, tag: &Value) -> PydanticError {
    let (field, tag) = (union.field, python::text_of(tag));
    let tags: Vec<String> = union.tags().map(|tag| format!("'{tag}'")).collect();
    let tags = tags.join(", ");
    let msg = format!("Input tag '{tag}' found using '{field}' does not match any of the expected tags: {tags}");
    let ctx = json!({ "discriminator": format!("'{field}'"), "tag": tag, "expected_tags": tags });
    PydanticError::with("union_tag_invalid", msg, ctx)
}

/// The error for a value that is none of the `options`; `is_class` if the framework holds them as a class.
pub(super) fn one_of(options: &[Value], is_class: bool) -> PydanticError {
    let quoted: Vec<String> = options
        .iter()
        .map(|option| option.as_str().map_or_else(|| option.to_string(), |text| format!("'{text}'")))
        .collect();
    let expected = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    };
    let kind = if is_class { "enum" } else { "literal_error" };
    PydanticError::with(kind, format!("Input should be {expected}"), json!({ "expected": expected }))
}

/// The error for a text that is no UUID.
pub(super) fn malformed_uuid(error: &str) -> PydanticError {
    PydanticError::with("uuid_parsing", format!("Input should be a valid UUID, {error}"), json!({ "error": error }))
}

/// The error for a text that a pattern does not match.
pub(super) fn pattern_mismatch(pattern: &str) -> PydanticError {
    let msg = format!("String should match pattern '{pattern}'");
    PydanticError::with("string_pattern_mismatch", msg, json!({ "pattern": pattern }))
}

/// A length out of bounds: the kind of its error, and the side and the name of its limit.
pub(super) type Length = (&'static str, &'static str, &'static str);

/// A length that is less than its limit.
pub(super) const SHORT: Length = ("too_short", "at least", "min_length");

/// A length that is greater than its limit.
pub(super) const LONG: Length = ("too_long", "at most", "max_length");

/// The error for a text with a wrong number of characters.
pub(super) fn text_length((kind, side, name): Length, limit: u64) -> PydanticError {
    let plural = if limit == 1 { "" } else { "s" };
    let msg = format!("String should have {side} {limit} character{plural}");
    PydanticError::with(&format!("string_{kind}"), msg, json!({ name: limit }))
}

/// The error for a list with a wrong number of items.
pub(super) fn list_length((kind, side, name): Length, limit: u64, actual: usize) -> PydanticError {
    let plural = if limit == 1 { "" } else { "s" };
    let msg = format!("List should have {side} {limit} item{plural} after validation, not {actual}");
    PydanticError::with(kind, msg, json!({ "field_type": "List", name: limit, "actual_length": actual }))
}

/// The error for a number out of bounds: `kind` such as `less_than_equal`, and `name` such as `le`. For the type
/// `number` the limit in `ctx` is a float, such as `1.0`; the message shows it without `.0`.
pub(super) fn bound(kind: &str, name: &str, node: SchemaNode<'_>, limit: &Value) -> PydanticError {
    let relation = kind.replace('_', " ").replace(" equal", " or equal to");
    let is_float = node.expected_type() == Some("number");
    let text = limit.as_f64().filter(|_| is_float).map_or_else(|| limit.to_string(), numbers::float_repr);
    let shown = text.strip_suffix(".0").filter(|_| is_float).unwrap_or(&text);
    let in_context: Value = serde_json::from_str(&text).unwrap_or_default();
    PydanticError::with(kind, format!("Input should be {relation} {shown}"), json!({ name: in_context }))
}
