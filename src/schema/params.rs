//! Reads the parameters in the path and the query of a request.

use serde_json::{Map, Value};

use super::node::SchemaNode;
use super::{Schema, UnknownInput, coerce, translate};
use crate::error::Violation;
use crate::request::PathParams;

/// The parameters that a schema names.
///
/// Errors: every violation, in the order of the schema.
pub(super) fn read(
    schema: &Schema,
    path: &PathParams,
    query: Option<&str>,
) -> Result<Map<String, Value>, Vec<Violation>> {
    let node = schema.root();
    // Violations echo texts as they were sent.
    let sent = |_| values(node, path, query, |_, text| text);
    schema
        .judge(values(node, path, query, coerce::text), "query", |value| translate::fields(node, "query", sent(value)))
}

/// The query parameters that a schema does not name.
pub(super) fn unknown(schema: &Schema, query: Option<&str>) -> Vec<UnknownInput> {
    let Some(query) = query else { return Vec::new() };
    let is_known = |name: &str| schema.root().field(name).is_some_and(|field| field.text("x-in") == Some("query"));
    let unknown = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !is_known(name));
    unknown.map(|(name, value)| UnknownInput::parameter(&name, &value)).collect()
}

/// The parameters of a request: all values of a list parameter, the last value of any other. `convert` makes a value of
/// a type of a text.
pub(super) fn values(
    node: SchemaNode<'_>,
    path: &PathParams,
    query: Option<&str>,
    convert: fn(Option<&str>, Value) -> Value,
) -> Value {
    let path = path.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
    let mut values: Map<String, Value> = path.collect();
    for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let Some(field) = node.field(&name).filter(|field| field.text("x-in") == Some("query")) else { continue };
        let kind = field.resolve().node.expected_type();
        if kind == Some("array") {
            let list = values.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("a list since its first value").push(text.into());
        } else {
            values.insert(name.into_owned(), convert(kind, text.into()));
        }
    }
    values.into()
}
