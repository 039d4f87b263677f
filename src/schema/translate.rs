//! Translates what a JSON Schema refused, as pydantic reads it: in the order of declaration, with lax coercions, and
//! with the violations of every alternative of a union.

use serde_json::{Map, Value};

use super::node::{ConcreteNode, Discriminator, SchemaNode};
use super::pydantic::{self, LONG, PydanticError, SHORT};
use super::{coerce, datetime, uuid};
use crate::error::{LocStep, Violation};

/// Translates a value that stands in this place of a request.
///
/// Errors: what is wrong, in the order of the framework.
pub(super) fn value(node: SchemaNode<'_>, place: &str, value: &Value) -> Result<Value, Vec<Violation>> {
    let mut coercion = Coercion { loc: vec![place.into()], violations: Vec::new() };
    let coerced = coercion.value(node, value);
    coercion.result(coerced)
}

/// Translates the declared fields of parameters or of a form. They stand in the place that their schema says, or else
/// in `place`; a cookie stands in none.
///
/// Errors: what is wrong, in the order of the framework.
pub(super) fn fields(node: SchemaNode<'_>, place: &str, mut values: Value) -> Result<Value, Vec<Violation>> {
    let mut coercion = Coercion::default();
    for (name, field) in node.declared_fields() {
        let place = field.text("x-in").unwrap_or(place);
        coercion.loc = vec![place.into(), name.as_str().into()];
        match values.get_mut(name) {
            _ if place == "cookie" => {}
            Some(value) => *value = coercion.value(field, value),
            None if node.requires(name) => {
                coercion.report(pydantic::missing(), &Value::Null);
            }
            None => {}
        }
    }
    coercion.result(values)
}

/// The coercion of one value.
#[derive(Debug, Default)]
struct Coercion {
    /// The location of the part that is translated.
    loc: Vec<LocStep>,
    /// In the order of the framework.
    violations: Vec<Violation>,
}

impl Coercion {
    fn result(self, coerced: Value) -> Result<Value, Vec<Violation>> {
        if self.violations.is_empty() { Ok(coerced) } else { Err(self.violations) }
    }

    /// Does something at a location below the current one.
    fn below<T>(&mut self, step: impl Into<LocStep>, act: impl FnOnce(&mut Self) -> T) -> T {
        self.loc.push(step.into());
        let result = act(self);
        self.loc.pop();
        result
    }

    /// Reports an error at the current location. Returns a value that stands for an invalid one.
    fn report(&mut self, error: PydanticError, input: &Value) -> Value {
        self.violations.push(error.at(self.loc.clone(), input.clone()));
        Value::Null
    }

    /// The coerced value; the value itself if the framework takes it as it is.
    fn value(&mut self, node: SchemaNode<'_>, value: &Value) -> Value {
        let ConcreteNode { node, allows_null } = node.resolve();
        match (node.discriminator(), node.union()) {
            _ if allows_null && value.is_null() => Value::Null,
            (Some(discriminator), _) => self.tagged_union(&discriminator, value),
            (None, Some(alternatives)) => self.union(alternatives, value),
            (None, None) => self.single(node, value),
        }
    }

    /// Only the alternative that the tag names is tried, at a location that ends in the tag.
    fn tagged_union(&mut self, discriminator: &Discriminator<'_>, value: &Value) -> Value {
        let Value::Object(fields) = value else { return self.report(pydantic::no_model(), value) };
        let Some(tag) = fields.get(discriminator.field) else {
            return self.report(pydantic::no_tag(discriminator.field), value);
        };
        match tag.as_str().and_then(|tag| discriminator.alternative(tag)) {
            Some((tag, alternative)) => self.below(tag, |coercion| coercion.value(alternative, value)),
            None => self.report(pydantic::unknown_tag(discriminator, tag), value),
        }
    }

    /// An alternative that takes the value as it is wins over those that coerce it; of those, the first wins.
    fn union<'a>(&mut self, alternatives: impl Iterator<Item = SchemaNode<'a>>, value: &Value) -> Value {
        let start = self.violations.len();
        let mut first_coerced = None;
        for alternative in alternatives {
            let before = self.violations.len();
            let name = alternative.alternative_name();
            let coerced = self.below(&*name, |coercion| coercion.value(alternative, value));
            if self.violations.len() == before {
                if coerced == *value {
                    first_coerced = Some(coerced);
                    break;
                }
                first_coerced = first_coerced.or(Some(coerced));
            }
        }
        if first_coerced.is_some() {
            self.violations.truncate(start);
        }
        first_coerced.unwrap_or_default()
    }

    fn single(&mut self, node: SchemaNode<'_>, value: &Value) -> Value {
        if let Some(options) = choices(node).filter(|options| !options.contains(value)) {
            return self.report(pydantic::one_of(options, node.is_component()), value);
        }
        let kind = node.expected_type();
        if let Some(coerced) = kind.and_then(|kind| coerce::to_type(kind, value)) {
            let error = match &coerced {
                Ok(number) => violated_bound(node, number),
                Err(error) => Some((*error).into()),
            };
            return error.map_or_else(|| coerced.unwrap_or_default(), |error| self.report(error, value));
        }
        match (kind, value) {
            (Some("object"), Value::Object(fields)) => self.object(node, fields, value),
            (Some("array"), Value::Array(items)) => self.array(node, items, value),
            (Some("string"), _) => self.string(node, value),
            (Some("null"), Value::Null) | (None, _) => value.clone(),
            _ => self.report(pydantic::wrong_type(node), value),
        }
    }

    /// The declared fields in order, then the others in the order of the value.
    fn object(&mut self, node: SchemaNode<'_>, fields: &Map<String, Value>, value: &Value) -> Value {
        let mut coerced = fields.clone();
        let is_declared = |name: &str| node.field(name).is_some();
        let required = node.required().filter(|name| !is_declared(name)).map(|name| (name, None));
        for (name, declared) in node.declared_fields().map(|(name, node)| (name.as_str(), Some(node))).chain(required) {
            self.below(name, |coercion| match (coerced.get_mut(name), declared) {
                (Some(field), Some(declared)) => *field = coercion.value(declared, field),
                (None, _) if node.requires(name) => {
                    coercion.report(pydantic::missing(), value);
                }
                _ => {}
            });
        }
        for (name, field) in coerced.iter_mut().filter(|(name, _)| !is_declared(name)) {
            self.below(&**name, |coercion| match node.other_fields() {
                _ if node.is_closed() => {
                    coercion.report(pydantic::forbidden(), field);
                }
                Some(node) => *field = coercion.value(node, field),
                None => {}
            });
        }
        Value::Object(coerced)
    }

    /// The framework checks the maximum length before the items and the minimum length after them, if they are valid.
    fn array(&mut self, node: SchemaNode<'_>, items: &[Value], value: &Value) -> Value {
        let count = items.len();
        if let Some(limit) = node.limit("maxItems").filter(|limit| count as u64 > *limit) {
            return self.report(pydantic::list_length(LONG, limit, count), value);
        }
        let before = self.violations.len();
        let item = |(position, item)| match node.items() {
            Some(node) => self.below(position, |coercion| coercion.value(node, item)),
            None => item.clone(),
        };
        let coerced = items.iter().enumerate().map(item).collect();
        let too_short = node.limit("minItems").filter(|limit| (count as u64) < *limit);
        match too_short.filter(|_| self.violations.len() == before) {
            Some(limit) => self.report(pydantic::list_length(SHORT, limit, count), value),
            None => Value::Array(coerced),
        }
    }

    /// A time may be a number, which becomes a text.
    fn string(&mut self, node: SchemaNode<'_>, value: &Value) -> Value {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) if node.text("format") == Some("date-time") => number.as_str(),
            _ => return self.report(pydantic::wrong_type(node), value),
        };
        let length = || text.chars().count() as u64;
        let error = match node.text("format") {
            Some("date-time") => datetime::read(text).err(),
            Some("uuid") => uuid::check(text).err().map(|error| pydantic::malformed_uuid(&error)),
            _ if node.is_file() => (!text.is_empty()).then(pydantic::expected_file),
            _ => None,
        };
        let too_long = || {
            node.limit("maxLength").filter(|limit| length() > *limit).map(|limit| pydantic::text_length(LONG, limit))
        };
        let too_short = || {
            node.limit("minLength").filter(|limit| length() < *limit).map(|limit| pydantic::text_length(SHORT, limit))
        };
        let mismatch = || {
            let pattern = node.text("pattern")?;
            let is_match = regex::Regex::new(pattern).map_or(true, |regex| regex.is_match(text));
            (!is_match).then(|| pydantic::pattern_mismatch(pattern))
        };
        match error.or_else(too_long).or_else(too_short).or_else(mismatch) {
            Some(error) => self.report(error, value),
            None => text.into(),
        }
    }
}

/// The only values that a node allows, if it names them.
fn choices(node: SchemaNode<'_>) -> Option<&[Value]> {
    let options = node.keyword("enum").and_then(Value::as_array).map(Vec::as_slice);
    options.or_else(|| node.keyword("const").map(std::slice::from_ref))
}

/// The bounds of numbers: the keyword, the framework's error and the name of the limit in it, and whether a number
/// violates the limit.
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
