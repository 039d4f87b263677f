//! From a broken keyword to the framework's words for it. A keyword for which the framework has no word becomes
//! `value_error`.

use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Value, json};

use super::node::SchemaNode;
use super::{coerce, numbers, uuid};
use crate::error::{LocStep, Violation};

/// What the framework says: its error type, its sentence, and the numbers and names in that.
pub(super) struct PydanticError {
    kind: String,
    msg: String,
    ctx: Option<Value>,
}

impl PydanticError {
    fn plain(kind: &str, msg: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), msg: msg.into(), ctx: None }
    }

    fn with(kind: &str, msg: impl Into<String>, ctx: Value) -> Self {
        Self { kind: kind.to_owned(), msg: msg.into(), ctx: Some(ctx) }
    }

    /// Whether they say that a value cannot be read as the wanted type at all.
    pub(super) fn are_of_type(&self) -> bool {
        self.ctx.is_none()
    }

    /// The violation of `input` at `loc` in these error.
    pub(super) fn at(self, loc: Vec<LocStep>, input: Value) -> Violation {
        Violation { kind: self.kind, loc, msg: self.msg, input, ctx: self.ctx }
    }
}

/// A refusal of a value that its schema allows, in the form in which the framework reports what a validator raised.
pub fn value_error(loc: Vec<LocStep>, msg: &str, input: Value) -> Violation {
    PydanticError::with("value_error", format!("Value error, {msg}"), json!({ "error": {} })).at(loc, input)
}

/// A field that is required and absent.
pub(super) fn missing() -> PydanticError {
    PydanticError::plain("missing", "Field required")
}

/// A field that is there and may not be.
pub(super) fn forbidden() -> PydanticError {
    PydanticError::plain("extra_forbidden", "Extra inputs are not permitted")
}

/// A value of a type that is not wanted, and that cannot be read as the one that is.
pub(super) fn wrong_type(node: SchemaNode<'_>, input: &Value) -> PydanticError {
    let unreadable = match node.wanted() {
        Some("string") if node.keyword("format").is_some_and(|format| format == "uuid") => {
            ("uuid_type", "UUID input should be a string, bytes or UUID object")
        }
        Some("string") => ("string_type", "Input should be a valid string"),
        Some("array") => ("list_type", "Input should be a valid list"),
        Some("object") if node.fields().is_some() => {
            ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from")
        }
        Some("object") => ("dict_type", "Input should be a valid dictionary"),
        Some("integer") => coerce::integer(input).err().unwrap_or(("int_type", "Input should be a valid integer")),
        Some("number") => coerce::float(input).err().unwrap_or(("float_type", "Input should be a valid number")),
        Some("boolean") => coerce::boolean(input).err().unwrap_or(("bool_type", "Input should be a valid boolean")),
        Some("null") => ("none_required", "Input should be None"),
        _ => return PydanticError::with("value_error", "Value error, Input has a wrong type", json!({ "error": {} })),
    };
    PydanticError::plain(unreadable.0, unreadable.1)
}

/// What the framework says of a broken keyword other than a type, a required or a forbidden field.
pub(super) fn of(kind: &Kind, place: (SchemaNode<'_>, &Value), sentence: &dyn std::fmt::Display) -> PydanticError {
    let (node, input) = place;
    match kind {
        Kind::Enum { options } => one_of(options.as_array().map_or(&[], Vec::as_slice)),
        Kind::Constant { expected_value } => one_of(std::slice::from_ref(expected_value)),
        Kind::Format { format } if format == "uuid" => malformed_uuid(input),
        Kind::MinLength { limit } => length("string_too_short", "at least", "min_length", *limit),
        Kind::MaxLength { limit } => length("string_too_long", "at most", "max_length", *limit),
        Kind::MinItems { limit } => items("too_short", "at least", "min_length", (*limit, input)),
        Kind::MaxItems { limit } => items("too_long", "at most", "max_length", (*limit, input)),
        Kind::Minimum { limit } => bound("greater_than_equal", "greater than or equal to", "ge", (node, limit)),
        Kind::Maximum { limit } => bound("less_than_equal", "less than or equal to", "le", (node, limit)),
        Kind::ExclusiveMinimum { limit } => bound("greater_than", "greater than", "gt", (node, limit)),
        Kind::ExclusiveMaximum { limit } => bound("less_than", "less than", "lt", (node, limit)),
        Kind::Pattern { pattern } => PydanticError::with(
            "string_pattern_mismatch",
            format!("String should match pattern '{pattern}'"),
            json!({ "pattern": pattern }),
        ),
        _ => PydanticError::with("value_error", format!("Value error, {sentence}"), json!({ "error": {} })),
    }
}

fn one_of(options: &[Value]) -> PydanticError {
    let quoted: Vec<String> = options
        .iter()
        .map(|option| option.as_str().map_or_else(|| option.to_string(), |text| format!("'{text}'")))
        .collect();
    let expected = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    };
    PydanticError::with("literal_error", format!("Input should be {expected}"), json!({ "expected": expected }))
}

fn malformed_uuid(input: &Value) -> PydanticError {
    let error = uuid::read(input.as_str().unwrap_or_default()).err().unwrap_or_default();
    PydanticError::with("uuid_parsing", format!("Input should be a valid UUID, {error}"), json!({ "error": error }))
}

fn length(kind: &str, side: &str, name: &str, limit: u64) -> PydanticError {
    let plural = if limit == 1 { "" } else { "s" };
    PydanticError::with(kind, format!("String should have {side} {limit} character{plural}"), json!({ name: limit }))
}

fn items(kind: &str, side: &str, name: &str, (limit, input): (u64, &Value)) -> PydanticError {
    let actual = input.as_array().map_or(0, Vec::len);
    let plural = if limit == 1 { "" } else { "s" };
    let msg = format!("List should have {side} {limit} item{plural} after validation, not {actual}");
    PydanticError::with(kind, msg, json!({ "field_type": "List", name: limit, "actual_length": actual }))
}

/// The limit of what is read as a float is a float, but for the sentence.
fn bound(kind: &str, side: &str, name: &str, (node, limit): (SchemaNode<'_>, &Value)) -> PydanticError {
    let float = limit.as_f64().filter(|_| node.wanted() == Some("number")).map(numbers::float_repr);
    let shown = float.as_ref().map(|float| float.strip_suffix(".0").unwrap_or(float).to_owned());
    let held = float.and_then(|float| serde_json::from_str(&float).ok()).unwrap_or_else(|| limit.clone());
    let shown = shown.unwrap_or_else(|| limit.to_string());
    PydanticError::with(kind, format!("Input should be {side} {shown}"), json!({ name: held }))
}
