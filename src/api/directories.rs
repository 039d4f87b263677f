//! Directories, as much of them as indexes need: made, mentioned, looked up.

use std::time::Duration;

use fake::Fake;
use fake::faker::name::en::LastName;
use http::Method;
use rand::seq::IndexedRandom;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ids::Prefixed;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::Operation;
use crate::response::Response;
use crate::seed;
use crate::store::{Directory, DirectoryKind, HandlerRequest, Index, Store};

/// The rows of directories.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "directories.create",
        method: Method::POST,
        path: "/api/v1/beta/directories",
        params: "directories.create.params",
        body: Some("directories.create.request"),
        status: 201,
        response: Some("directory"),
        summary: "Makes a directory.",
        handler: create,
    },
    Operation {
        name: "directories.get",
        method: Method::GET,
        path: "/api/v1/beta/directories/{directory_id}",
        params: "directories.get.params",
        body: None,
        status: 200,
        response: Some("directory"),
        summary: "Shows a directory.",
        handler: get,
    },
];

/// What the name of an index's output directory has that the index's has not. The service's own name for it is unknown.
const INDEX_DIRECTORY_SUFFIX: &str = " (output)";

/// What directories that were only mentioned seem to hold.
const KINDS_OF_DOCUMENTS: &[&str] =
    &["Contracts", "Handbook", "Invoices", "Manuals", "Meeting Notes", "Policies", "Reports", "Research"];

/// How long an ephemeral directory is kept. The service's own figure is not published.
const EPHEMERAL_LIFETIME: Duration = Duration::from_hours(24);

/// A directory as the service prints it; the order of fields is its contract's.
#[derive(Serialize)]
struct DirectoryBody<'a> {
    id: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    project_id: uuid::Uuid,
    name: &'a str,
    description: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    connector_subscription_id: Option<&'a str>,
    expires_at: Option<Timestamp>,
    system_metadata: Option<&'a Map<String, Value>>,
    deleted_at: Option<Timestamp>,
}

fn create(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let project = store.project_for_write(request)?;
    let mut stream = store.seed.stream("directory", store.made.directories);
    let kind = match request.body.get("type").and_then(Value::as_str) {
        Some("ephemeral") => DirectoryKind::Ephemeral,
        _ => DirectoryKind::User,
    };
    let directory = Directory {
        id: Prefixed("dir-", seed::uuid(&mut stream)).to_string().into(),
        project,
        name: take_text(&mut request.body, "name").unwrap_or_default(),
        description: take_text(&mut request.body, "description"),
        kind,
        connector_subscription_id: take_text(&mut request.body, "connector_subscription_id"),
        system_metadata: take_map(&mut request.body, "system_metadata"),
        created_at: request.now,
        expires_at: (kind == DirectoryKind::Ephemeral).then(|| request.now.plus(EPHEMERAL_LIFETIME)),
    };
    let number = store.add_directory(directory)?;
    store.made.directories += 1;
    Ok(Response::json(201, &body(store, store.directory(number))))
}

fn get(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let id = request.path[0].1.as_str();
    if let Some(number) = store.find_directory(id, request) {
        return Ok(Response::json(200, &body(store, store.directory(number))));
    }
    if let Some(index) = store.find_index_by_output(id, request) {
        return Ok(Response::json(
            200,
            &output_body(store, index, &format!("{}{INDEX_DIRECTORY_SUFFIX}", index.name), id),
        ));
    }
    if store.policy.fidelity == crate::config::Fidelity::Contract {
        let number = create_implicit(store, id, request)?;
        return Ok(Response::json(200, &body(store, store.directory(number))));
    }
    Err(not_found())
}

/// The refusal of a directory that is not there.
pub(super) fn not_found() -> ApiError {
    ApiError::text(404, "Directory not found")
}

/// Lets a directory exist that a client only mentioned. Its name derives from its id alone.
pub(super) fn create_implicit(store: &mut Store, id: &str, request: &HandlerRequest) -> Result<u32, ApiError> {
    let project = store.project_for_write(request)?;
    let mut stream = store.seed.stream(&format!("directory {id}"), 0);
    let client: String = LastName().fake_with_rng(&mut stream);
    let kind = KINDS_OF_DOCUMENTS.choose(&mut stream).expect("is not empty");
    store.add_directory(Directory {
        id: id.into(),
        project,
        name: format!("{client} {kind}").into(),
        description: None,
        kind: DirectoryKind::User,
        connector_subscription_id: None,
        system_metadata: None,
        created_at: request.now,
        expires_at: None,
    })
}

/// Every directory as the service would show it, in order of creation, without those of indexes.
pub fn all(store: &Store) -> Vec<Value> {
    store.directories().map(|directory| serde_json::to_value(body(store, directory))).filter_map(Result::ok).collect()
}

fn body<'a>(store: &Store, directory: &'a Directory) -> DirectoryBody<'a> {
    DirectoryBody {
        id: &directory.id,
        created_at: directory.created_at,
        updated_at: directory.created_at,
        project_id: store.project_id(directory.project),
        name: &directory.name,
        description: directory.description.as_deref(),
        kind: directory.kind.as_str(),
        connector_subscription_id: directory.connector_subscription_id.as_deref(),
        expires_at: directory.expires_at,
        system_metadata: directory.system_metadata.as_deref(),
        deleted_at: None,
    }
}

/// The directory that an index keeps its parsed files in.
fn output_body<'a>(store: &Store, index: &Index, name: &'a str, id: &'a str) -> DirectoryBody<'a> {
    DirectoryBody {
        id,
        created_at: index.created_at,
        updated_at: index.created_at,
        project_id: store.project_id(index.project),
        name,
        description: None,
        kind: DirectoryKind::Index.as_str(),
        connector_subscription_id: None,
        expires_at: None,
        system_metadata: None,
        deleted_at: None,
    }
}

/// A field's text, moved out; `None` when it is absent or null.
pub(super) fn take_text(body: &mut Map<String, Value>, field: &str) -> Option<Box<str>> {
    match body.get_mut(field)?.take() {
        Value::String(text) => Some(text.into()),
        _ => None,
    }
}

fn take_map(body: &mut Map<String, Value>, field: &str) -> Option<Box<Map<String, Value>>> {
    match body.get_mut(field)?.take() {
        Value::Object(map) => Some(Box::new(map)),
        _ => None,
    }
}
