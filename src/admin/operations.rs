//! The operations of the API.

use serde::Serialize;

use crate::error::ApiError;
use crate::instance::Instance;
use crate::operation::Operation;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize)]
struct OperationsView {
    operations: Vec<OperationView>,
}

#[derive(Serialize)]
struct OperationView {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    /// Always true: clients of an earlier version ask for it.
    emulated: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "the table holds handlers that can fail")]
pub(super) fn show(instance: &Instance, _: &Request) -> Result<Response, ApiError> {
    let view = |operation: &'static Operation| OperationView {
        name: operation.name,
        method: operation.method.as_str(),
        path: operation.path,
        emulated: true,
    };
    Ok(Response::json(200, &OperationsView { operations: instance.router.operations().map(view).collect() }))
}
