//! Finding one's way in a schema beside an instance: references followed, `null` alternatives put aside. It validates
//! nothing.

use jsonschema::paths::{Location, LocationSegment};
use serde_json::{Map, Value};

/// A place in a schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaNode<'a> {
    root: &'a Value,
    node: &'a Value,
}

/// References followed in a row before a schema counts as going in circles.
const MAX_REFERENCES: usize = 32;

impl<'a> SchemaNode<'a> {
    /// The top of a schema.
    pub(super) fn root(root: &'a Value) -> Self {
        Self { root, node: root }.resolved()
    }

    /// The place that an instance's location leads to; the nearest one above it where the schema says no more.
    pub(super) fn at(self, location: &Location) -> Self {
        location.segments().fold(self, |node, segment| match segment {
            LocationSegment::Property(name) => node.property(&name).unwrap_or(Self { node: &Value::Null, ..node }),
            LocationSegment::Index(_) => node.items().unwrap_or(Self { node: &Value::Null, ..node }),
        })
    }

    /// What a field must be.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        let node = self
            .node
            .get("properties")
            .and_then(|fields| fields.get(name))
            .or_else(|| self.node.get("additionalProperties"))?;
        Some(Self { node, ..self }.resolved())
    }

    /// What an array's items must be.
    pub(super) fn items(self) -> Option<Self> {
        Some(Self { node: self.node.get("items")?, ..self }.resolved())
    }

    /// A keyword's value here.
    pub(super) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.node.get(name)
    }

    /// The fields that are named here, in order.
    pub(super) fn fields(self) -> Option<&'a Map<String, Value>> {
        self.node.get("properties")?.as_object()
    }

    /// Where a field stands in the order of declaration; behind all of them when it is not declared.
    pub(super) fn position(self, name: &str) -> usize {
        let fields = self.fields();
        fields.and_then(|fields| fields.keys().position(|field| field == name)).unwrap_or(usize::MAX)
    }

    /// The one type that is wanted here besides `null`.
    pub(super) fn wanted(self) -> Option<&'a str> {
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
            } else if let [only] = self.branches_but_null()[..] {
                self.node = only;
            } else {
                return self;
            }
        }
        self
    }

    /// The branches of an `anyOf` here that are not `{"type": "null"}`.
    fn branches_but_null(self) -> Vec<&'a Value> {
        let branches = self.node.get("anyOf").and_then(Value::as_array);
        let is_null = |branch: &&Value| branch.get("type").and_then(Value::as_str) == Some("null");
        branches.into_iter().flatten().filter(|branch| !is_null(branch)).collect()
    }
}
