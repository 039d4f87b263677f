//! Finds the part of a schema that applies to a part of an instance. It follows references and skips `null` alternatives; it
//! does not validate.

use jsonschema::paths::{Location, LocationSegment};
use serde_json::{Map, Value};

/// A part of a schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaNode<'a> {
    root: &'a Value,
    node: &'a Value,
}

/// Maximum number of references followed in a row; more are taken for a cycle.
const MAX_REFERENCES: usize = 32;

impl<'a> SchemaNode<'a> {
    /// The whole schema.
    pub(super) fn root(root: &'a Value) -> Self {
        Self { root, node: root }.resolved()
    }

    /// The part that applies at a location of the instance; an empty one if the schema has none.
    pub(super) fn at(self, location: &Location) -> Self {
        location.segments().fold(self, |node, segment| match segment {
            LocationSegment::Property(name) => node.property(&name).unwrap_or(Self { node: &Value::Null, ..node }),
            LocationSegment::Index(_) => node.items().unwrap_or(Self { node: &Value::Null, ..node }),
        })
    }

    /// The schema of a field.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        let node = self
            .node
            .get("properties")
            .and_then(|fields| fields.get(name))
            .or_else(|| self.node.get("additionalProperties"))?;
        Some(Self { node, ..self }.resolved())
    }

    /// The schema of the items of an array.
    pub(super) fn items(self) -> Option<Self> {
        Some(Self { node: self.node.get("items")?, ..self }.resolved())
    }

    /// The value of a keyword.
    pub(super) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.node.get(name)
    }

    /// The declared fields, in order.
    pub(super) fn fields(self) -> Option<&'a Map<String, Value>> {
        self.node.get("properties")?.as_object()
    }

    /// The position of a field in the order of declaration; `usize::MAX` if it is not declared.
    pub(super) fn position(self, name: &str) -> usize {
        let fields = self.fields();
        fields.and_then(|fields| fields.keys().position(|field| field == name)).unwrap_or(usize::MAX)
    }

    /// The expected type, other than `null`.
    pub(super) fn expected_type(self) -> Option<&'a str> {
        match self.node.get("type")? {
            Value::String(name) => Some(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            _ => None,
        }
    }

    fn resolved(mut self) -> Self {
        for _ in 0..MAX_REFERENCES {
            if let Some(pointer) =
                self.node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'))
            {
                match self.root.pointer(pointer) {
                    Some(node) => self.node = node,
                    None => return self,
                }
            } else if let [only] = self.branches_without_null()[..] {
                self.node = only;
            } else {
                return self;
            }
        }
        self
    }

    /// The branches of `anyOf` other than `{"type": "null"}`.
    fn branches_without_null(self) -> Vec<&'a Value> {
        let branches = self.node.get("anyOf").and_then(Value::as_array);
        let is_null = |branch: &&Value| branch.get("type").and_then(Value::as_str) == Some("null");
        branches.into_iter().flatten().filter(|branch| !is_null(branch)).collect()
    }
}
