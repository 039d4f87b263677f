//! The contract that a server publishes at `/openapi.json`: responses are validated against it.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{Client, HttpResponse};

/// The OpenAPI document of a server.
#[derive(Debug, Clone)]
pub(crate) struct Contract(Value);

/// An operation of the contract.
#[derive(Debug, Clone)]
pub(crate) struct ContractOperation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    /// The status of a success.
    pub(crate) status: u16,
    /// The name of the schema of a success; `None` if it has no body.
    pub(crate) response: Option<String>,
}

impl Contract {
    pub(crate) fn of(client: &Client) -> Self {
        Self(client.get("/openapi.json").json())
    }

    pub(crate) fn operations(&self) -> Vec<ContractOperation> {
        let paths = self.0["paths"].as_object().expect("paths");
        let methods = |(path, methods): (&String, &Value)| {
            let path = path.clone();
            let methods = methods.as_object().expect("methods").clone();
            methods.into_iter().map(move |(method, operation)| ContractOperation::read(&path, &method, &operation))
        };
        paths.iter().flat_map(methods).collect()
    }

    /// The schema of this name.
    pub(crate) fn schema(&self, name: &str) -> Validator {
        assert!(self.0["components"]["schemas"].get(name).is_some(), "no schema {name}");
        let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": self.0["components"] });
        jsonschema::options().should_validate_formats(true).build(&schema).expect("the schemas of the contract compile")
    }

    #[track_caller]
    pub(crate) fn assert_valid(&self, name: &str, response: &HttpResponse) {
        let errors: Vec<String> =
            self.schema(name).iter_errors(&response.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{} does not match {name}: {errors:?}", response.text());
    }
}

impl ContractOperation {
    fn read(path: &str, method: &str, operation: &Value) -> Self {
        let text = |field: &str| operation[field].as_str().expect("a string").to_owned();
        let responses = operation["responses"].as_object().expect("responses");
        let (status, success) = responses.iter().find(|(status, _)| status.starts_with('2')).expect("a success");
        let reference = success.pointer("/content/application~1json/schema/$ref").and_then(Value::as_str);
        Self {
            name: text("operationId"),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            summary: text("summary"),
            status: status.parse().expect("a status"),
            response: reference.map(|reference| reference.rsplit('/').next().unwrap_or_default().to_owned()),
        }
    }
}
