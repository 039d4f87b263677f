//! Validates a value against a part of a schema as pydantic does: in the order of declaration, with lax coercions, and with
//! the violations of every alternative of a union.

use jsonschema::ValidationError;
use jsonschema::paths::LocationSegment;
use serde_json::{Map, Value};

use super::node::{Resolved, SchemaNode};
use super::pydantic::{self, PydanticError};
use super::{Schema, coerce, datetime, uuid};
use crate::error::{LocStep, Violation};

/// The validation of one value.
#[derive(Debug)]
pub(super) struct Validation {
    /// The location of the part that is validated.
    loc: Vec<LocStep>,
    /// What is wrong, in the order of the framework.
    pub(super) violations: Vec<Violation>,
}

impl Validation {
    /// The validation of what stands in this place of a request: `body`, `query` or `path`.
    pub(super) fn of(place: &str) -> Self {
        Self { loc: vec![place.into()], violations: Vec::new() }
    }

    /// Does something at a location below the current one.
    pub(super) fn below<T>(&mut self, step: impl Into<LocStep>, act: impl FnOnce(&mut Self) -> T) -> T {
        self.loc.push(step.into());
        let result = act(self);
        self.loc.pop();
        result
    }

    /// Reports an error at the current location.
    pub(super) fn report(&mut self, error: PydanticError, input: &Value) {
        self.violations.push(error.at(self.loc.clone(), input.clone()));
    }

    /// Validates a value. Returns what the framework coerces it to; `None` if it stays as it is, or if it is invalid.
    pub(super) fn value(&mut self, node: SchemaNode<'_>, value: &Value) -> Option<Value> {
        let Resolved { node, allows_null } = node.resolve();
        if allows_null && value.is_null() {
            return None;
        }
        match node.union() {
            Some(alternatives) => self.union(alternatives, value),
            None => self.single(node, value),
        }
    }

    /// An alternative that takes the value as it is wins over those that coerce it; of those, the first wins.
    fn union<'a>(&mut self, alternatives: impl Iterator<Item = SchemaNode<'a>>, value: &Value) -> Option<Value> {
        let start = self.violations.len();
        let mut first_coerced = None;
        for alternative in alternatives {
            let before = self.violations.len();
            let name = alternative.alternative_name();
            let coerced = self.below(&*name, |validation| validation.value(alternative, value));
            if self.violations.len() == before {
                if coerced.is_none() {
                    self.violations.truncate(start);
                    return None;
                }
                first_coerced = first_coerced.or(coerced);
            }
        }
        if first_coerced.is_some() {
            self.violations.truncate(start);
        }
        first_coerced
    }

    fn single(&mut self, node: SchemaNode<'_>, value: &Value) -> Option<Value> {
        if let Some(options) = choices(node) {
            if !options.contains(value) {
                self.report(pydantic::one_of(options), value);
            }
            return None;
        }
        match (node.expected_type(), value) {
            (Some("object"), Value::Object(fields)) => self.object(node, fields, value),
            (Some("array"), Value::Array(items)) => self.array(node, items, value),
            (Some("string"), _) => self.string(node, value),
            (Some("integer" | "number"), _) => self.number(node, value),
            (Some("boolean"), Value::Bool(_)) | (Some("null"), Value::Null) | (None, _) => None,
            (Some("boolean"), _) => match coerce::boolean(value) {
                Ok(coerced) => Some(coerced),
                Err(_) => self.wrong_type(node, value),
            },
            _ => self.wrong_type(node, value),
        }
    }

    fn wrong_type(&mut self, node: SchemaNode<'_>, value: &Value) -> Option<Value> {
        self.report(pydantic::wrong_type(node, value), value);
        None
    }

    /// The declared fields in order, then the others in the order of the value.
    fn object(&mut self, node: SchemaNode<'_>, fields: &Map<String, Value>, value: &Value) -> Option<Value> {
        let (mut coerced, mut present) = (Vec::new(), 0);
        for (name, declared) in node.declared_fields() {
            match fields.get(name) {
                Some(field) => {
                    present += 1;
                    coerced.extend(self.field(declared, name, field));
                }
                None if node.requires(name) => {
                    self.below(&**name, |validation| validation.report(pydantic::missing(), value));
                }
                None => {}
            }
        }
        let is_declared = |name: &str| node.field(name).is_some();
        for name in node.required().filter(|name| !fields.contains_key(*name) && !is_declared(name)) {
            self.below(name, |validation| validation.report(pydantic::missing(), value));
        }
        // Few requests have fields that are not declared.
        let others = if present == fields.len() { None } else { Some(fields) };
        for (name, field) in others.into_iter().flatten().filter(|(name, _)| !is_declared(name)) {
            match node.other_fields() {
                _ if node.is_closed() => {
                    self.below(&**name, |validation| validation.report(pydantic::forbidden(), field));
                }
                Some(node) => coerced.extend(self.field(node, name, field)),
                None => {}
            }
        }
        (!coerced.is_empty()).then(|| {
            let mut changed = fields.clone();
            changed.extend(coerced);
            Value::Object(changed)
        })
    }

    /// Validates a field; its name and what it is coerced to.
    fn field(&mut self, node: SchemaNode<'_>, name: &str, field: &Value) -> Option<(String, Value)> {
        let coerced = self.below(name, |validation| validation.value(node, field))?;
        Some((name.to_owned(), coerced))
    }

    /// The framework checks the maximum length before the items and the minimum length after them, if they are valid.
    fn array(&mut self, node: SchemaNode<'_>, items: &[Value], value: &Value) -> Option<Value> {
        let count = items.len();
        if let Some(limit) = node.limit("maxItems").filter(|limit| count as u64 > *limit) {
            self.report(pydantic::too_long(limit, count), value);
            return None;
        }
        let before = self.violations.len();
        let mut changed: Option<Vec<Value>> = None;
        if let Some(node) = node.items() {
            for (position, item) in items.iter().enumerate() {
                if let Some(coerced) = self.below(position, |validation| validation.value(node, item)) {
                    changed.get_or_insert_with(|| items.to_vec())[position] = coerced;
                }
            }
        }
        let too_short = node.limit("minItems").filter(|limit| (count as u64) < *limit);
        if let Some(limit) = too_short.filter(|_| self.violations.len() == before) {
            self.report(pydantic::too_short(limit, count), value);
        }
        changed.map(Value::Array)
    }

    fn string(&mut self, node: SchemaNode<'_>, value: &Value) -> Option<Value> {
        let format = node.text("format");
        if let (Some("date-time"), Some(text)) = (format, datetime::text_of(value)) {
            return self.canonical(datetime::read(text), value);
        }
        let Value::String(text) = value else { return self.wrong_type(node, value) };
        if format == Some("uuid") {
            return self.canonical(uuid::read(text).map_err(|error| pydantic::malformed_uuid(&error)), value);
        }
        let length = || text.chars().count() as u64;
        let error = if let Some(limit) = node.limit("maxLength").filter(|limit| length() > *limit) {
            pydantic::string_too_long(limit)
        } else if let Some(limit) = node.limit("minLength").filter(|limit| length() < *limit) {
            pydantic::string_too_short(limit)
        } else {
            let pattern = node.text("pattern")?;
            let is_match = regex::Regex::new(pattern).map_or(true, |regex| regex.is_match(text));
            if is_match {
                return None;
            }
            pydantic::pattern_mismatch(pattern)
        };
        self.report(error, value);
        None
    }

    /// The canonical text of a value, if it is not the value itself.
    fn canonical(&mut self, read: Result<String, PydanticError>, value: &Value) -> Option<Value> {
        match read {
            Ok(text) => Some(Value::String(text)).filter(|text| text != value),
            Err(error) => {
                self.report(error, value);
                None
            }
        }
    }

    fn number(&mut self, node: SchemaNode<'_>, value: &Value) -> Option<Value> {
        let is_float = node.expected_type() == Some("number");
        let coerced = if is_float { coerce::float(value) } else { coerce::integer(value) };
        let Ok(coerced) = coerced else { return self.wrong_type(node, value) };
        match violated_bound(node, &coerced) {
            Some(error) => {
                self.report(error, value);
                None
            }
            None => Some(coerced).filter(|coerced| coerced != value),
        }
    }
}

/// The violations that JSON Schema finds in a value which the framework accepts: those of keywords that the framework does
/// not have, which only a schema of `--schemas` can contain.
pub(super) fn beyond_framework(schema: &Schema, value: &Value, place: &str) -> Vec<Violation> {
    if !schema.is_custom {
        return Vec::new();
    }
    let violation = |error: ValidationError<'_>| {
        let steps = error.instance_path().segments().map(|segment| match segment {
            LocationSegment::Property(name) => LocStep::from(&*name),
            LocationSegment::Index(position) => LocStep::from(position),
        });
        let loc = std::iter::once(LocStep::from(place)).chain(steps).collect();
        pydantic::other(&error).at(loc, error.instance().clone().into_owned())
    };
    schema.validator().iter_errors(value).map(violation).collect()
}

/// The only values that a node allows, if it names them.
fn choices(node: SchemaNode<'_>) -> Option<&[Value]> {
    let options = node.keyword("enum").and_then(Value::as_array).map(Vec::as_slice);
    options.or_else(|| node.keyword("const").map(std::slice::from_ref))
}

/// The bounds of numbers: the keyword, the framework's error and the name of the limit in it, and whether a number violates
/// the limit.
type Bound = (&'static str, &'static str, &'static str, fn(f64, f64) -> bool);

const BOUNDS: [Bound; 4] = [
    ("maximum", "less_than_equal", "le", |number, limit| number > limit),
    ("exclusiveMaximum", "less_than", "lt", |number, limit| number >= limit),
    ("minimum", "greater_than_equal", "ge", |number, limit| number < limit),
    ("exclusiveMinimum", "greater_than", "gt", |number, limit| number <= limit),
];

fn violated_bound(node: SchemaNode<'_>, value: &Value) -> Option<PydanticError> {
    let number = value.as_number()?;
    // An integer that no float can hold is further from zero than any limit.
    let beyond = if number.as_str().starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    let double = number.as_f64().unwrap_or(beyond);
    BOUNDS.iter().find_map(|(keyword, kind, name, is_violated)| {
        let limit = node.keyword(keyword)?;
        is_violated(double, limit.as_f64()?).then(|| pydantic::bound(kind, name, node, limit))
    })
}

#[cfg(test)]
mod tests;
