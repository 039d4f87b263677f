//! The verdict of a JSON Schema. Its formats and number types are read by the readers of the framework, so that what
//! the schema accepts is what the framework accepts without a coercion.

use std::sync::OnceLock;

use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, JsonType, JsonTypeSet, Keyword, ValidationError, Validator};
use serde_json::{Map, Value};

use super::known::Known;
use super::node::SchemaNode;
use super::{Schema, coerce, datetime, pydantic, uuid};
use crate::error::{LocStep, Violation};

impl From<Value> for Schema {
    fn from(source: Value) -> Self {
        Self { source, validator: OnceLock::new(), known: OnceLock::new() }
    }
}

impl Schema {
    /// The same schema, compiled.
    ///
    /// Errors: it is no valid schema.
    pub(super) fn compiled(self) -> Result<Self, String> {
        let validator = compile(&self.source).map_err(|error| format!("{error} (at {})", error.instance_path()))?;
        Ok(Self { validator: validator.into(), ..self })
    }

    /// The whole schema as JSON.
    pub(super) fn root(&self) -> SchemaNode<'_> {
        SchemaNode::root(&self.source)
    }

    /// The names that it knows.
    pub(super) fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self.root()))
    }

    /// Whether `value` satisfies the schema.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.validator().is_valid(value)
    }

    /// The fields of `value`, if the schema accepts it; else those of what `translate` makes of it.
    ///
    /// Errors: the violations that `translate` finds. If it finds none, those of the schema, which can have keywords
    /// that the framework lacks (`--schemas`).
    pub(super) fn judge(
        &self,
        value: Value,
        place: &str,
        translate: impl FnOnce(Value) -> Result<Value, Vec<Violation>>,
    ) -> Result<Map<String, Value>, Vec<Violation>> {
        let mut value = value;
        if !self.is_valid(&value) {
            value = translate(value)?;
            let violations = self.violations(&value, place);
            if !violations.is_empty() {
                return Err(violations);
            }
        }
        Ok(if let Value::Object(fields) = value { fields } else { Map::new() })
    }

    /// The violations that the schema finds, in words that are not the framework's.
    fn violations(&self, value: &Value, place: &str) -> Vec<Violation> {
        let violation = |error: ValidationError<'_>| {
            let steps = error.instance_path().segments().map(|segment| match segment {
                LocationSegment::Property(name) => LocStep::from(&*name),
                LocationSegment::Index(position) => LocStep::from(position),
            });
            let loc = std::iter::once(LocStep::from(place)).chain(steps).collect();
            pydantic::value_error(loc, &error.to_string(), error.instance().clone().into_owned())
        };
        self.validator().iter_errors(value).map(violation).collect()
    }

    fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| compile(&self.source).expect("a test compiles every embedded schema"))
    }
}

fn compile(source: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("uuid", |text: &str| uuid::check(text).is_ok())
        .with_format("date-time", |text: &str| datetime::read(text).is_ok())
        .with_keyword("type", |parent, types, _| Ok(Box::new(Types::new(parent, types))))
        .build(source)
}

/// The keyword `type`. JSON Schema allows more numbers than the framework: an integer can be a float of any size, and a
/// number need not fit into a float.
struct Types {
    allowed: JsonTypeSet,
    /// Whether a text stands for a file of a form, which is an empty text to the schema.
    is_file: bool,
}

impl Types {
    fn new(parent: &Map<String, Value>, types: &Value) -> Self {
        let names = types.as_array().map_or_else(|| std::slice::from_ref(types), Vec::as_slice);
        let types = names.iter().filter_map(|name| name.as_str()?.parse::<JsonType>().ok());
        let allowed = types.fold(JsonTypeSet::empty(), JsonTypeSet::insert);
        Self { allowed, is_file: parent.contains_key("contentMediaType") }
    }
}

impl Keyword<'_> for Types {
    fn validate(&self, value: &Value) -> Result<(), ValidationError<'static>> {
        let refusal = || ValidationError::custom(format!("{value} is not of type {:?}", self.allowed));
        if Keyword::is_valid(self, value) { Ok(()) } else { Err(refusal()) }
    }

    fn is_valid(&self, value: &Value) -> bool {
        match value {
            Value::Number(_) => {
                (self.allowed.contains(JsonType::Integer) && coerce::integer(value).is_ok())
                    || (self.allowed.contains(JsonType::Number) && coerce::float(value).is_ok())
            }
            Value::String(text) if self.is_file && !text.is_empty() => false,
            _ => self.allowed.contains(JsonType::from(value)),
        }
    }
}
