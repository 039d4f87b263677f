//! The operation table against the schemas and against itself.

use std::collections::BTreeSet;

use super::operations;
use crate::operation::{Authentication, Operation};
use crate::schema::Schemas;

/// Schemas that no row names: those of API errors, the definitions that schemas share, and that of a file.
const NOT_IN_ROWS: &[&str] = &["refusal", "violations", "shared", "configuration_parameters", "world"];

fn schemas() -> Schemas {
    Schemas::load(None).expect("the shipped schemas compile")
}

fn schemas_of(operation: &Operation) -> impl Iterator<Item = String> {
    let response = operation.response.map(str::to_owned);
    [Some(operation.params_schema()), operation.request_schema(), response].into_iter().flatten()
}

#[test]
fn the_table_has_the_operations_of_the_index_family() {
    let with_key = operations().filter(|operation| operation.authentication == Authentication::Key);
    assert_eq!(with_key.count(), 45, "downloads by presigned URLs are no part of the API");
}

#[test]
fn every_schema_that_a_row_names_exists_and_no_schema_is_unused() {
    let others = NOT_IN_ROWS.iter().map(|name| (*name).to_owned());
    let named: BTreeSet<String> = operations().flat_map(schemas_of).chain(others).collect();
    let schemas = schemas();
    let shipped: BTreeSet<String> = schemas.all().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(shipped, named);
}

#[test]
fn the_path_of_a_row_and_its_schema_agree_on_the_parameters_and_their_types() {
    let schemas = schemas();
    for operation in operations() {
        let in_path: Vec<(&str, bool)> = operation
            .path
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(|param| param.split_once(':').unwrap_or((param, "")))
            .map(|(name, kind)| (name, kind == "uuid"))
            .collect();
        let properties =
            schemas.named(&operation.params_schema()).source["properties"].as_object().expect("parameters").clone();
        let declared: Vec<(&str, bool)> = properties
            .iter()
            .filter(|(_, schema)| schema["x-in"] == "path")
            .map(|(name, schema)| (name.as_str(), schema["format"] == "uuid"))
            .collect();
        assert_eq!(declared, in_path, "{}", operation.name);
    }
}

#[test]
fn a_success_has_a_body_unless_its_status_says_otherwise() {
    for operation in operations() {
        let is_download = operation.authentication == Authentication::SignedUrl;
        assert_eq!(operation.response.is_none(), operation.status == 204 || is_download, "{}", operation.name);
    }
}
