//! The contract as one OpenAPI 3.1 document, served at `/openapi.json`. It is assembled from the operation table and
//! from the schemas against which requests are validated.

use serde_json::{Map, Value, json};

use crate::operation::{Authentication, BodyKind, Operation};
use crate::schema::{Schema, Schemas};

/// The place in the document of the schemas of bodies.
const COMPONENTS: &str = "#/components/schemas/";

/// The place in a schema file of the schemas that it refers to.
const DEFINITIONS: &str = "#/$defs/";

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";
const MULTIPART: &str = "multipart/form-data";
const OCTETS: &str = "application/octet-stream";

/// The schemas of refusals, by the name that they have in `schemas/`.
const REFUSAL: &str = "refusal";
const VIOLATIONS: &str = "violations";

/// The document of these operations.
pub(crate) fn document<'a>(operations: impl Iterator<Item = &'a Operation>, schemas: &Schemas) -> Value {
    let mut document = OpenApi { schemas, components: Map::new() };
    let mut paths = Map::new();
    for operation in operations {
        let described = document.describe(operation);
        let path = paths.entry(path_template(operation.path)).or_insert_with(|| Value::Object(Map::new()));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "version": format!("{} (contract of {})", env!("CARGO_PKG_VERSION"), crate::CONTRACT_DATE),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "paths": paths,
        "components": {
            "schemas": document.components,
            "securitySchemes": { "HTTPBearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// The credentials of an operation: a presigned URL needs none.
fn security(authentication: Authentication) -> Value {
    match authentication {
        Authentication::Key => json!([{ "HTTPBearer": [] }]),
        Authentication::SignedUrl => json!([]),
    }
}

/// The path of an operation without the types of its parameters.
fn path_template(path: &str) -> String {
    let segment = |segment: &str| match segment.split_once(':') {
        Some((name, _)) => format!("{name}}}"),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// A document that is being assembled.
struct OpenApi<'a> {
    schemas: &'a Schemas,
    components: Map<String, Value>,
}

impl OpenApi<'_> {
    fn describe(&mut self, operation: &Operation) -> Value {
        let mut described = json!({
            "tags": [operation.name.split('.').next()],
            "summary": operation.summary,
            "operationId": operation.name,
            "security": security(operation.authentication),
            "parameters": self.parameters(&operation.params_schema()),
        });
        if let Some(name) = operation.request_schema() {
            let media_type = if operation.body == BodyKind::Multipart { MULTIPART } else { JSON };
            let is_required = !self.schemas.named(&name).is_valid(&Value::Null);
            described["requestBody"] = json!({ "required": is_required, "content": self.content(&name, media_type) });
        }
        described["responses"] = self.responses(operation);
        described
    }

    fn responses(&mut self, operation: &Operation) -> Value {
        let refusal = json!({ "description": "A refusal in one sentence.", "content": self.content(REFUSAL, JSON) });
        let violations = self.content(VIOLATIONS, JSON);
        let mut responses = json!({ operation.status.to_string(): self.success(operation) });
        if operation.authentication == Authentication::Key {
            responses["401"] = refusal.clone();
        }
        responses["422"] = json!({ "description": "A refusal by validation.", "content": violations });
        responses["default"] = refusal;
        responses
    }

    fn success(&mut self, operation: &Operation) -> Value {
        match operation.response {
            Some(name) => {
                let mut content = self.content(name, JSON);
                if operation.streams {
                    // JSON with `--contract` only. OpenAPI 3.1 has no schema for events.
                    content[EVENT_STREAM] = json!({});
                }
                json!({ "description": "Done.", "content": content })
            }
            None if operation.status == 204 => json!({ "description": "Done." }),
            None => json!({
                "description": "The content of the file, with the content type that its upload named.",
                "content": { OCTETS: { "schema": { "type": "string", "format": "binary" } } },
            }),
        }
    }

    fn content(&mut self, name: &str, media_type: &str) -> Value {
        json!({ media_type: { "schema": { "$ref": format!("{COMPONENTS}{}", self.component(name)) } } })
    }

    /// Puts a schema and what it refers to among the components; its name there is its title.
    fn component(&mut self, name: &str) -> String {
        let mut source = self.schemas.named(name).source.clone();
        let title = source.get("title").and_then(Value::as_str).unwrap_or(name).to_owned();
        self.add_definitions(&source);
        if let Some(fields) = source.as_object_mut() {
            fields.shift_remove("$schema");
            fields.shift_remove("$defs");
        }
        self.components.insert(title.clone(), with_component_refs(source));
        title
    }

    /// The parameters that a schema names: `x-in` is the place of each one in the request.
    fn parameters(&mut self, name: &str) -> Vec<Value> {
        let schemas = self.schemas;
        let schema = schemas.named(name);
        self.add_definitions(&schema.source);
        let fields = schema.source.get("properties").and_then(Value::as_object);
        fields.into_iter().flatten().map(|(name, field)| parameter(name, field, schema)).collect()
    }

    /// Adds what a schema refers to to the components.
    fn add_definitions(&mut self, source: &Value) {
        for (name, definition) in source.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            self.components.entry(name.clone()).or_insert_with(|| with_component_refs(definition.clone()));
        }
    }
}

/// The same schema with its references to definitions replaced by references to components.
fn with_component_refs(mut schema: Value) -> Value {
    relocate(&mut schema);
    schema
}

fn relocate(schema: &mut Value) {
    match schema {
        // In `$ref`, and in the mapping of a discriminator.
        Value::String(target) => {
            if let Some(name) = target.strip_prefix(DEFINITIONS) {
                *target = format!("{COMPONENTS}{name}");
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(relocate),
        Value::Array(items) => items.iter_mut().for_each(relocate),
        _ => {}
    }
}

fn parameter(name: &str, field: &Value, schema: &Schema) -> Value {
    let is_required = schema.source["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let mut field = with_component_refs(field.clone());
    let fields = field.as_object_mut();
    let (place, description) =
        fields.map_or((None, None), |fields| (fields.shift_remove("x-in"), fields.shift_remove("description")));
    let mut parameter = json!({ "name": name, "in": place, "required": is_required, "schema": field });
    if let Some(description) = description {
        parameter["description"] = description;
    }
    parameter
}
