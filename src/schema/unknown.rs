//! What a valid request holds that its schema does not know. The service's framework ignores it, but in the models that
//! are closed.

use serde_json::{Map, Value};

use super::node::SchemaNode;
use crate::error::{LocStep, Violation};

/// A field or a parameter that the schema does not know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnknownInput {
    /// Its place in the request.
    pub(crate) loc: Vec<LocStep>,
    value: Value,
}

impl UnknownInput {
    /// A query parameter.
    pub(super) fn parameter(name: &str, value: &str) -> Self {
        Self { loc: vec!["query".into(), name.into()], value: value.into() }
    }

    /// A text of a form.
    pub(super) fn field(name: &str, value: &str) -> Self {
        Self { loc: vec!["body".into(), name.into()], value: value.into() }
    }

    /// Removes it from the body that it is in.
    pub(super) fn remove_from(&self, body: &mut Value) {
        let Some((LocStep::Key(name), above)) = self.loc.split_last() else { return };
        let mut place = Some(body);
        for step in above.iter().skip(1) {
            place = place.and_then(|value| match step {
                LocStep::Key(name) => value.get_mut(name),
                LocStep::At(position) => value.get_mut(position),
            });
        }
        if let Some(Value::Object(fields)) = place {
            fields.shift_remove(name);
        }
    }

    /// The violation for it, if nothing unknown is allowed.
    pub(super) fn violation(self) -> Violation {
        super::pydantic::forbidden().at(self.loc, self.value)
    }
}

/// The fields of a body that its schema does not know, in the order of the body.
pub(super) fn fields(node: SchemaNode<'_>, body: &Map<String, Value>) -> Vec<UnknownInput> {
    let mut walk = Walk { loc: Vec::new(), found: Vec::new() };
    walk.object(node, body);
    walk.found
}

/// A walk through a body and its schema.
struct Walk {
    /// Where it is in the body.
    loc: Vec<LocStep>,
    found: Vec<UnknownInput>,
}

impl Walk {
    fn below(&mut self, step: impl Into<LocStep>, act: impl FnOnce(&mut Self)) {
        self.loc.push(step.into());
        act(self);
        self.loc.pop();
    }

    /// Only objects and arrays can hold what is unknown: most values end the walk.
    fn value(&mut self, node: SchemaNode<'_>, value: &Value) {
        match value {
            Value::Object(fields) => self.union_of_objects(node.resolve().node, fields),
            Value::Array(items) => {
                let Some(items_node) = array_node(node.resolve().node).and_then(SchemaNode::items) else { return };
                for (position, item) in items.iter().enumerate() {
                    self.below(position, |walk| walk.value(items_node, item));
                }
            }
            _ => {}
        }
    }

    /// Of several alternatives, the one that knows the most fields counts.
    fn union_of_objects(&mut self, node: SchemaNode<'_>, fields: &Map<String, Value>) {
        if let Some(discriminator) = node.discriminator() {
            let tag = fields.get(discriminator.field).and_then(Value::as_str);
            if let Some((_, alternative)) = tag.and_then(|tag| discriminator.alternative(tag)) {
                self.object(alternative.resolve().node, fields);
            }
            return;
        }
        let Some(alternatives) = node.union() else { return self.object(node, fields) };
        let alternatives = alternatives.map(|node| node.resolve().node);
        let found = alternatives.filter(|node| node.expected_type() == Some("object")).map(|node| {
            let mut walk = Self { loc: self.loc.clone(), found: Vec::new() };
            walk.object(node, fields);
            walk.found
        });
        self.found.extend(found.min_by_key(Vec::len).unwrap_or_default());
    }

    fn object(&mut self, node: SchemaNode<'_>, fields: &Map<String, Value>) {
        let declared = node.fields();
        for (name, value) in fields {
            let is_nested = value.is_object() || value.is_array();
            if !is_nested && declared.is_some_and(|declared| declared.contains_key(name)) {
                continue;
            }
            match node.field(name).or_else(|| node.other_fields()) {
                Some(field) => self.below(&**name, |walk| walk.value(field, value)),
                None if declared.is_some() => self.below(&**name, |walk| walk.report(value)),
                None => {}
            }
        }
    }

    /// Notes that the value at the current place is unknown.
    fn report(&mut self, value: &Value) {
        let loc = std::iter::once("body".into()).chain(self.loc.iter().cloned()).collect();
        self.found.push(UnknownInput { loc, value: value.clone() });
    }
}

/// The alternative of a union that is a list; the node itself if it is no union.
fn array_node(node: SchemaNode<'_>) -> Option<SchemaNode<'_>> {
    let Some(alternatives) = node.union() else { return Some(node) };
    alternatives.map(|node| node.resolve().node).find(|node| node.expected_type() == Some("array"))
}
