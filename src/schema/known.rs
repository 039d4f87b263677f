//! The names that a schema knows, compiled once, so that a usual body costs no look into the schema.

use serde_json::{Map, Value};

use super::node::SchemaNode;

/// How deep schemas are compiled: a schema may refer to itself.
const MAX_DEPTH: usize = 4;

/// The names that are known below a place of a body.
#[derive(Debug)]
pub(super) enum Known {
    /// Every name.
    All,
    /// Those of these fields.
    Fields(Box<[(Box<str>, Known)]>),
    /// Those of each item of a list.
    Items(Box<Known>),
    /// The schema has to be asked.
    Unclear,
}

impl Known {
    /// The names below a schema.
    pub(super) fn of(node: SchemaNode<'_>) -> Self {
        Self::within(node, MAX_DEPTH)
    }

    fn within(node: SchemaNode<'_>, depth: usize) -> Self {
        let node = node.resolve().node;
        if depth == 0 || node.discriminator().is_some() {
            return Self::Unclear;
        }
        if let Some(alternatives) = node.union() {
            let nested = |node: &SchemaNode<'_>| matches!(node.expected_type(), Some("object" | "array"));
            let mut nested = alternatives.map(|node| node.resolve().node).filter(nested);
            return match (nested.next(), nested.next()) {
                (Some(only), None) => Self::within(only, depth),
                _ => Self::Unclear,
            };
        }
        match (node.fields(), node.items(), node.other_fields()) {
            (Some(declared), ..) => {
                let names = declared.keys();
                let field = |name: &String| Some((name.as_str().into(), Self::within(node.field(name)?, depth - 1)));
                Self::Fields(names.filter_map(field).collect())
            }
            (None, Some(items), _) => Self::Items(Box::new(Self::within(items, depth - 1))),
            (None, None, None) => Self::All,
            (None, None, Some(_)) => Self::Unclear,
        }
    }

    /// Whether every name in these fields is known. False: the schema has to be asked.
    pub(super) fn has_all(&self, fields: &Map<String, Value>) -> bool {
        match self {
            Self::All => true,
            Self::Fields(known) => fields.iter().all(|(name, value)| {
                known.iter().find(|(known, _)| **known == **name).is_some_and(|(_, below)| below.has_all_below(value))
            }),
            Self::Items(_) | Self::Unclear => false,
        }
    }

    fn has_all_below(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::All, _) => true,
            (_, Value::Object(fields)) => self.has_all(fields),
            (Self::Items(known), Value::Array(items)) => items.iter().all(|item| known.has_all_below(item)),
            (_, Value::Array(_)) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{Schema, unknown};

    #[test]
    fn what_is_known_is_known_to_the_schema_too() {
        let schema = Schema::from(json!({
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "list": { "anyOf": [{ "type": "array", "items": { "$ref": "#/$defs/item" } }, { "type": "null" }] },
                "open": { "type": "object" },
                "either": { "anyOf": [{ "$ref": "#/$defs/item" }, { "type": "object", "properties": { "b": {} } }] },
                "others": { "type": "object", "additionalProperties": { "$ref": "#/$defs/item" } },
            },
            "$defs": {
                "item": { "type": "object", "properties": { "a": {}, "below": { "$ref": "#/$defs/item" } } },
            },
        }));
        let known = Known::of(schema.root());
        for (body, is_known) in [
            (
                json!({ "name": "n", "list": [{ "a": 1 }, { "below": { "a": 1 } }], "open": { "any": { "b": 1 } } }),
                true,
            ),
            (json!({ "list": null }), true),
            (json!({ "other": 1 }), false),
            (json!({ "list": [{ "a": 1 }, { "b": 1 }] }), false),
            (json!({ "list": [{ "below": { "b": 1 } }] }), false),
        ] {
            let fields = body.as_object().expect("an object");
            assert_eq!(known.has_all(fields), is_known, "{body}");
            assert_eq!(unknown::fields(schema.root(), fields).is_empty(), is_known, "{body}");
        }
        let deep = json!({ "list": [{ "below": { "below": { "below": { "below": { "b": 1 } } } } }] });
        for unclear in [json!({ "either": { "b": 1 } }), json!({ "others": { "x": { "a": 1 } } }), deep] {
            assert!(!known.has_all(unclear.as_object().expect("an object")), "{unclear}: the schema is asked");
        }
    }
}
