//! Finds the part of a schema that applies to a part of an instance. It follows references and skips `null`
//! alternatives; it does not validate.

use serde_json::{Map, Value};

/// A part of a schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaNode<'a> {
    root: &'a Value,
    node: &'a Value,
}

/// A part of a schema without references and without the alternative `null`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConcreteNode<'a> {
    /// The part; a union if it has more than one alternative.
    pub(super) node: SchemaNode<'a>,
    /// Whether `null` is an alternative.
    pub(super) allows_null: bool,
}

/// What tells the alternatives of a union apart: a field whose value is the tag of one of them.
#[derive(Debug)]
pub(super) struct Discriminator<'a> {
    /// The name of the field.
    pub(super) field: &'a str,
    root: &'a Value,
    /// References to the alternatives by tag, in order.
    mapping: &'a Map<String, Value>,
}

/// Maximum number of references followed in a row; more are taken for a cycle.
const MAX_REFERENCES: usize = 32;

impl<'a> SchemaNode<'a> {
    /// The whole schema.
    pub(super) fn root(root: &'a Value) -> Self {
        Self { root, node: root }
    }

    /// Follows references and skips the alternative `null`.
    pub(super) fn resolve(mut self) -> ConcreteNode<'a> {
        let mut allows_null = false;
        for _ in 0..MAX_REFERENCES {
            if let Some(reference) = self.keyword("$ref").and_then(Value::as_str) {
                let Some(node) = reference.strip_prefix('#').and_then(|at| self.root.pointer(at)) else { break };
                self.node = node;
                continue;
            }
            let Some(alternatives) = self.alternatives() else { break };
            allows_null |= alternatives.iter().any(is_null);
            let mut others = alternatives.iter().filter(|alternative| !is_null(alternative));
            match (others.next(), others.next()) {
                (Some(only), None) => self.node = only,
                _ => break,
            }
        }
        let types = self.keyword("type").and_then(Value::as_array);
        allows_null |= types.is_some_and(|names| names.iter().any(|name| name == "null"));
        ConcreteNode { node: self, allows_null }
    }

    /// The alternatives of a union other than `null`; `None` if it is no union.
    pub(super) fn union(self) -> Option<impl Iterator<Item = Self>> {
        let alternatives = self.alternatives()?;
        Some(alternatives.iter().filter(|alternative| !is_null(alternative)).map(move |node| Self { node, ..self }))
    }

    /// What tells the alternatives apart, if the union says so.
    pub(super) fn discriminator(self) -> Option<Discriminator<'a>> {
        let keyword = self.keyword("discriminator")?;
        let (field, mapping) = (keyword.get("propertyName")?.as_str()?, keyword.get("mapping")?.as_object()?);
        Some(Discriminator { field, root: self.root, mapping })
    }

    fn alternatives(self) -> Option<&'a Vec<Value>> {
        self.keyword("anyOf").or_else(|| self.keyword("oneOf"))?.as_array()
    }

    /// The schema of a declared field.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        Some(Self { node: self.fields()?.get(name)?, ..self })
    }

    /// The declared fields in order, with their schemas.
    pub(super) fn declared_fields(self) -> impl Iterator<Item = (&'a String, Self)> {
        self.fields().into_iter().flatten().map(move |(name, node)| (name, Self { node, ..self }))
    }

    /// The schema of the fields that are not declared.
    pub(super) fn other_fields(self) -> Option<Self> {
        Some(Self { node: self.keyword("additionalProperties")?, ..self })
    }

    /// Whether fields that are not declared are forbidden.
    pub(super) fn is_closed(self) -> bool {
        self.keyword("additionalProperties") == Some(&Value::Bool(false))
    }

    /// Whether a field is required.
    pub(super) fn requires(self, name: &str) -> bool {
        self.required().any(|required| required == name)
    }

    /// The required fields.
    pub(super) fn required(self) -> impl Iterator<Item = &'a str> {
        self.keyword("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The schema of the items of an array.
    pub(super) fn items(self) -> Option<Self> {
        Some(Self { node: self.keyword("items")?, ..self })
    }

    pub(super) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.node.get(name)
    }

    /// Whether it is a component of its own in the contract. The framework holds such a list of values as a class.
    pub(super) fn is_component(self) -> bool {
        self.keyword("title").is_some()
    }

    /// Whether it is the field of a file in a form.
    pub(super) fn is_file(self) -> bool {
        self.resolve().node.keyword("contentMediaType").is_some()
    }

    /// The value of a keyword, if it is a text.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.keyword(name)?.as_str()
    }

    /// The value of a keyword, if it is a whole number.
    pub(super) fn limit(self, name: &str) -> Option<u64> {
        self.keyword(name)?.as_u64()
    }

    /// The declared fields, in order.
    pub(super) fn fields(self) -> Option<&'a Map<String, Value>> {
        self.keyword("properties")?.as_object()
    }

    /// The expected type, other than `null`.
    pub(super) fn expected_type(self) -> Option<&'a str> {
        match self.keyword("type")? {
            Value::String(name) => Some(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            _ => None,
        }
    }

    /// The name that the framework gives to this alternative of a union, in the location of a violation.
    pub(super) fn alternative_name(self) -> String {
        let ConcreteNode { node, allows_null } = self.resolve();
        let name = node.union().map_or_else(|| node.type_name(), |union| format!("union[{}]", names(union)));
        if allows_null { format!("nullable[{name}]") } else { name }
    }

    fn type_name(self) -> String {
        let inner = |node: Option<Self>| node.map_or_else(|| "any".to_owned(), Self::alternative_name);
        if let Some(options) = self.keyword("enum").and_then(Value::as_array) {
            let quoted: Vec<_> = options.iter().map(|option| option.to_string().replace('"', "'")).collect();
            return format!("literal[{}]", quoted.join(","));
        }
        let name = match (self.expected_type(), self.text("format")) {
            (Some("string"), Some("uuid")) => "uuid",
            (Some("string"), Some("date-time")) => "datetime",
            (Some("string"), _) => "str",
            (Some("integer"), _) => "int",
            (Some("number"), _) => "float",
            (Some("boolean"), _) => "bool",
            (Some("array"), _) => return format!("list[{}]", inner(self.items())),
            (Some("object"), _) if self.fields().is_none() => {
                return format!("dict[str,{}]", inner(self.other_fields().filter(|node| node.node.is_object())));
            }
            (Some("object"), _) => self.text("title").unwrap_or("model"),
            _ => "any",
        };
        name.to_owned()
    }
}

impl<'a> Discriminator<'a> {
    /// The alternative with this tag, and the tag.
    pub(super) fn alternative(&self, tag: &str) -> Option<(&'a str, SchemaNode<'a>)> {
        let (tag, reference) = self.mapping.get_key_value(tag)?;
        let node = self.root.pointer(reference.as_str()?.strip_prefix('#')?)?;
        Some((tag, SchemaNode { root: self.root, node }))
    }

    /// The tags, in order.
    pub(super) fn tags(&self) -> impl Iterator<Item = &'a str> {
        self.mapping.keys().map(String::as_str)
    }
}

fn is_null(alternative: &Value) -> bool {
    alternative.get("type").is_some_and(|kind| kind == "null")
}

fn names<'a>(union: impl Iterator<Item = SchemaNode<'a>>) -> String {
    union.map(SchemaNode::alternative_name).collect::<Vec<_>>().join(",")
}
